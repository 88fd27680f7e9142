extension JSONValue {
    /// The value on one line: keys sorted, slashes left alone, no spaces, no line breaks inside.
    public func serialized() -> String {
        var bytes: [UInt8] = []
        write(into: &bytes, indent: nil)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The value over several lines, two spaces a level, for people.
    public func prettyPrinted() -> String {
        var bytes: [UInt8] = []
        write(into: &bytes, indent: 0)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func write(into bytes: inout [UInt8], indent: Int?) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .literal(let text): bytes += text.utf8
        case .string(let text): Self.write(text, into: &bytes)
        case .array(let elements):
            Self.write(elements, between: ("[", "]"), into: &bytes, indent: indent) { element, bytes, inner in
                element.write(into: &bytes, indent: inner)
            }
        case .object(let members):
            let sorted = members.sorted { $0.key < $1.key }
            Self.write(sorted, between: ("{", "}"), into: &bytes, indent: indent) { member, bytes, inner in
                Self.write(member.key, into: &bytes)
                bytes += (inner == nil ? ":" : ": ").utf8
                member.value.write(into: &bytes, indent: inner)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element], between brackets: (String, String), into bytes: inout [UInt8], indent: Int?,
        each: (Element, inout [UInt8], Int?) -> Void
    ) {
        bytes += brackets.0.utf8
        let inner = indent.map { $0 + 2 }
        for (position, element) in elements.enumerated() {
            if position > 0 { bytes += ",".utf8 }
            if let inner { breakLine(inner, &bytes) }
            each(element, &bytes, inner)
        }
        if let indent, !elements.isEmpty { breakLine(indent, &bytes) }
        bytes += brackets.1.utf8
    }

    private static func breakLine(_ indent: Int, _ bytes: inout [UInt8]) {
        bytes.append(0x0A)
        bytes += repeatElement(0x20, count: indent)
    }

    private static func write(_ text: String, into bytes: inout [UInt8]) {
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
