/// Why a text is not JSON.
public struct JSONSyntaxError: Error, Equatable {
    /// One sentence.
    public var message: String
    /// The byte, counted from 0, at which reading stopped.
    public var offset: Int
}

extension JSONValue {
    /// Reads one JSON text (RFC 8259), strictly: valid UTF-8, no repeated member names, at most
    /// 64 levels deep, nothing after the value.
    ///
    /// - Parameter most: values that it may have, those within others included: each takes up to a hundred bytes, however few it
    ///   has in the text. Nil for some thousands, and one more for every eight bytes.
    public init(parsing bytes: [UInt8], values most: Int? = nil) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes: bytes, values: most ?? 4096 + bytes.count / 8)
        self = try parser.parseText()
    }

    /// Reads one JSON text.
    public init(parsing text: String) throws(JSONSyntaxError) {
        try self.init(parsing: Array(text.utf8))
    }
}

/// A recursive-descent reader. Beyond strings, whatever is not ASCII is no JSON.
private struct JSONParser {
    /// Enough for any message of ours, and far from the end of a thread's stack.
    static let maximumDepth = 64

    let bytes: [UInt8]
    var position = 0
    var depth = 0
    /// Values that may follow.
    var valuesLeft: Int

    init(bytes: [UInt8], values: Int) {
        self.bytes = bytes
        valuesLeft = values
    }

    mutating func parseText() throws(JSONSyntaxError) -> JSONValue {
        let value = try parseValue()
        skipSpace()
        guard position == bytes.count else { throw failure("something follows the value") }
        return value
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func failure(_ message: String) -> JSONSyntaxError {
        JSONSyntaxError(message: message, offset: position)
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        position += 1
        return true
    }

    private mutating func parseValue() throws(JSONSyntaxError) -> JSONValue {
        skipSpace()
        guard valuesLeft > 0 else { throw failure("more values than a text of this length should have") }
        valuesLeft -= 1
        switch current {
        case nil: throw failure("the text ends where a value should be")
        case UInt8(ascii: "{"):
            return try nested { (parser) throws(JSONSyntaxError) in try parser.parseObject() }
        case UInt8(ascii: "["):
            return try nested { (parser) throws(JSONSyntaxError) in try parser.parseArray() }
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        default: return try parseNumber()
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(JSONSyntaxError) -> JSONValue
    ) throws(JSONSyntaxError) -> JSONValue {
        guard depth < Self.maximumDepth else {
            throw failure("nested deeper than \(Self.maximumDepth) levels")
        }
        depth += 1
        position += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func parseWord(_ word: String, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
        guard bytes[position...].starts(with: word.utf8) else { throw failure("not a JSON value") }
        position += word.utf8.count
        return value
    }

    private mutating func parseArray() throws(JSONSyntaxError) -> JSONValue {
        var elements: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            elements.append(try parseValue())
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            guard take(UInt8(ascii: ",")) else { throw failure("expected , or ] in an array") }
        }
    }

    private mutating func parseObject() throws(JSONSyntaxError) -> JSONValue {
        var members: [JSONValue.Member] = []
        var seen: Set<String> = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw failure("expected a member name") }
            let key = try parseString()
            guard seen.insert(key).inserted else { throw failure("\"\(key)\" is given twice") }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw failure("expected : after a member name") }
            members.append(.init(key, try parseValue()))
            skipSpace()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { throw failure("expected , or } in an object") }
        }
    }

    /// number = [ "-" ] int [ frac ] [ exp ] (RFC 8259 §6); the spelling is kept.
    private mutating func parseNumber() throws(JSONSyntaxError) -> JSONValue {
        let start = position
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try skipDigits() }
        if take(UInt8(ascii: ".")) { try skipDigits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            _ = take(UInt8(ascii: "+")) || take(UInt8(ascii: "-"))
            try skipDigits()
        }
        return .literal(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func skipDigits() throws(JSONSyntaxError) {
        let start = position
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw failure("not a JSON value") }
    }

    private mutating func parseString() throws(JSONSyntaxError) -> String {
        position += 1
        let start = position
        var text: [UInt8] = []
        // What stands between escapes is taken as a whole: a string may be all of a long line.
        while true {
            let plain = position
            while let byte = current, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                position += 1
            }
            guard let byte = current else { throw failure("a string does not end") }
            guard byte >= 0x20 else { throw failure("a control character inside a string") }
            let isWhole = byte == UInt8(ascii: "\"")
            if !isWhole || plain > start { text += bytes[plain..<position] }
            position += 1
            if !isWhole {
                try parseEscape(into: &text)
                continue
            }
            let string =
                plain == start
                ? String(validating: bytes[plain..<position - 1], as: UTF8.self)
                : String(validating: text, as: UTF8.self)
            guard let string else { throw JSONSyntaxError(message: "not valid UTF-8", offset: start) }
            return string
        }
    }

    private mutating func parseEscape(into text: inout [UInt8]) throws(JSONSyntaxError) {
        guard let byte = current else { throw failure("a string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text += try parseEscapedScalar().utf8
        default: throw failure("an unknown escape in a string")
        }
    }

    /// Four hexadecimal digits, or two groups of them that make a surrogate pair.
    private mutating func parseEscapedScalar() throws(JSONSyntaxError) -> String {
        var code = try parseHexadecimal()
        if (0xD800..<0xDC00).contains(code), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
            let low = try parseHexadecimal()
            guard (0xDC00..<0xE000).contains(low) else { throw failure("half a surrogate pair") }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw failure("half a surrogate pair") }
        return String(Character(scalar))
    }

    private mutating func parseHexadecimal() throws(JSONSyntaxError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("expected four hexadecimal digits")
            }
            value = value << 4 + UInt32(digit)
            position += 1
        }
        return value
    }
}
