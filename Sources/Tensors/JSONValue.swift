/// A JSON document as it was written: members in order, integers apart from other numbers.
///
/// Headers and configurations are read with this and not with `JSONDecoder` because both must refuse what that
/// one lets pass: names given twice and names that nobody knows.
package indirect enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    package struct Member: Sendable, Equatable {
        package var name: String
        package var value: JSONValue

        package init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// What the value is, for messages.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// JSON text. With `indent`, one member a line, and arrays of plain values on one line; members stay in order.
    package func text(indent: Bool = false) -> String {
        var output = ""
        write(to: &output, depth: indent ? 0 : nil)
        return output
    }

    private var isPlain: Bool {
        switch self {
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        default: true
        }
    }

    private func write(to output: inout String, depth: Int?) {
        func newline(_ depth: Int) { output += "\n" + String(repeating: "  ", count: depth) }
        switch self {
        case .null: output += "null"
        case .bool(let value): output += value ? "true" : "false"
        case .integer(let value): output += String(value)
        case .number(let value):
            precondition(value.isFinite, "JSON has no infinities and no NaN")
            output += "\(value)"
        case .string(let value): JSONValue.writeString(value, to: &output)
        case .array(let elements):
            let inner = depth.flatMap { elements.allSatisfy(\.isPlain) ? nil : $0 + 1 }
            output += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { output += depth != nil && inner == nil ? ", " : "," }
                if let inner { newline(inner) }
                element.write(to: &output, depth: inner)
            }
            if let depth, inner != nil { newline(depth) }
            output += "]"
        case .object(let members):
            output += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { output += "," }
                if let depth { newline(depth + 1) }
                JSONValue.writeString(member.name, to: &output)
                output += depth == nil ? ":" : ": "
                member.value.write(to: &output, depth: depth.map { $0 + 1 })
            }
            if let depth, !members.isEmpty { newline(depth) }
            output += "}"
        }
    }

    private static func writeString(_ string: String, to output: inout String) {
        output += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}
