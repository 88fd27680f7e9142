/// Bytes as text (RFC 4648 §4), for JSON and for addresses that hold their content.
enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4) { text in
            var place = 0
            for first in stride(from: 0, to: bytes.count, by: 3) {
                let left = min(3, bytes.count - first)
                let group = (0..<3).reduce(0) { $0 << 8 | ($1 < left ? Int(bytes[first + $1]) : 0) }
                for sextet in 0..<4 {
                    text[place] =
                        sextet <= left ? alphabet[group >> (18 - 6 * sextet) & 63] : UInt8(ascii: "=")
                    place += 1
                }
            }
            return place
        }
    }

    /// Nil where the text is not base64 with its padding.
    static func decode(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8(decode)
    }

    private static func decode(_ digits: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard digits.count.isMultiple(of: 4) else { return nil }
        let padding = digits.suffix(2).count { $0 == UInt8(ascii: "=") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3)
        var group: UInt32 = 0
        for (place, digit) in digits.enumerated() {
            let isPadding = place >= digits.count - padding
            guard let sextet = isPadding ? 0 : values[Int(digit)] else { return nil }
            group = group << 6 | UInt32(sextet)
            if place & 3 == 3 {
                for shift: UInt32 in [16, 8, 0] { bytes.append(UInt8(group >> shift & 255)) }
                group = 0
            }
        }
        bytes.removeLast(digits.isEmpty ? 0 : padding)
        return bytes
    }

    /// What a digit stands for, by its byte.
    private static let values: [UInt8?] = {
        var values = [UInt8?](repeating: nil, count: 256)
        for (value, digit) in alphabet.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()
}
