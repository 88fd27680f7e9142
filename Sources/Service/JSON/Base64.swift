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
}
