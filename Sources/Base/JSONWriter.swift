extension JSONValue {
    /// The value on one line: keys sorted, slashes left alone, no spaces, no line breaks inside.
    public func serialized() -> String { JSONWriter.text(of: self, isSorted: true) }

    /// The value over several lines, two spaces a level, keys sorted, for people.
    public func prettyPrinted() -> String { JSONWriter.text(of: self, isSorted: true, indent: 0) }

    /// The value as a file holds it: members in their order. With `indent`, one member a line, and arrays of plain values on
    /// one line.
    public func text(indent: Bool = false) -> String {
        JSONWriter.text(of: self, isSorted: false, indent: indent ? 0 : nil)
    }

    /// Whether nothing stands inside it.
    fileprivate var isPlain: Bool {
        switch self {
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        default: true
        }
    }
}

/// Collects a value's text, in UTF-8.
private struct JSONWriter {
    /// Whether members come by key and every element of an array on a line of its own.
    let isSorted: Bool
    var bytes: [UInt8] = []

    static func text(of value: JSONValue, isSorted: Bool, indent: Int? = nil) -> String {
        var writer = JSONWriter(isSorted: isSorted)
        writer.write(value, indent)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private init(isSorted: Bool) { self.isSorted = isSorted }

    private mutating func write(_ value: JSONValue, _ indent: Int?) {
        switch value {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .literal(let text): bytes += text.utf8
        case .string(let text): write(text)
        case .array(let elements):
            let isOneLine = !isSorted && elements.allSatisfy(\.isPlain)
            list(elements, "[", indent != nil && isOneLine ? ", " : ",", "]", isOneLine ? nil : indent) {
                $0.write($1, $2)
            }
        case .object(let members):
            let ordered = isSorted ? members.sorted { $0.key < $1.key } : members
            list(ordered, "{", ",", "}", indent) { writer, member, inner in
                writer.write(member.key)
                writer.bytes += (inner == nil ? ":" : ": ").utf8
                writer.write(member.value, inner)
            }
        }
    }

    private mutating func list<Element>(
        _ elements: [Element], _ start: String, _ separator: String, _ end: String, _ indent: Int?,
        each: (inout JSONWriter, Element, Int?) -> Void
    ) {
        bytes += start.utf8
        let inner = indent.map { $0 + 2 }
        for (position, element) in elements.enumerated() {
            if position > 0 { bytes += separator.utf8 }
            if let inner { breakLine(inner) }
            each(&self, element, inner)
        }
        if let indent, !elements.isEmpty { breakLine(indent) }
        bytes += end.utf8
    }

    private mutating func breakLine(_ indent: Int) {
        bytes.append(0x0A)
        bytes += repeatElement(0x20, count: indent)
    }

    private mutating func write(_ text: String) {
        bytes.append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22: bytes += "\\\"".utf8
            case 0x5C: bytes += "\\\\".utf8
            case 0x0A: bytes += "\\n".utf8
            case 0x0D: bytes += "\\r".utf8
            case 0x09: bytes += "\\t".utf8
            case 0..<0x20, 0x7F:
                let digits = Array("0123456789abcdef".utf8)
                bytes += "\\u00".utf8
                bytes.append(digits[Int(byte >> 4)])
                bytes.append(digits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(0x22)
    }
}
