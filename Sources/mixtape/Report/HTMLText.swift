/// Text as it may stand in a page, between tags and in quoted attributes, in HTML and XML alike.
enum HTMLText {
    /// File names may hold anything: markup is escaped, and what would not be seen as it is (control characters, marks that
    /// turn the direction of writing) or may not stand in XML at all is spelled out.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default:
                if isUnseen(scalar) {
                    result += "\\u{" + String(scalar.value, radix: 16) + "}"
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result
    }

    private static func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2028, 0x2029, 0x2066...0x2069, 0xFFFE, 0xFFFF: true
        default: scalar.properties.generalCategory == .control
        }
    }

    /// A file's name and its folder, each isolated from the direction of writing around it, with places where a long one
    /// may break.
    static func path(_ path: String) -> (name: String, folder: String) {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        let folder = slash.map { String(path[...$0]) } ?? ""
        return (
            "<bdi>\(escaped(name))</bdi>", "<bdi>\(escaped(folder).replacing("/", with: "/<wbr />"))</bdi>"
        )
    }
}
