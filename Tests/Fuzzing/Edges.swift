/// Numbers at the edges of what types hold and of what readers allow, put in the place of every number that a format has.
enum Edges {
    /// As texts spell them. `tools/break/fuzz` gives libFuzzer the same.
    static let texts = [
        "0", "-0", "1", "-1", "0.5", "255", "256", "8192", "8193", "16384", "16385", "65535", "65536",
        "262144", "262145",
        "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296", "1999999999",
        "2000000000", "9007199254740991", "9007199254740993", "9223372036854775807", "9223372036854775808",
        "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616",
        "5e-324",
        "1e-308", "1e19", "1e308", "-1e308", "1e309", "-1e309",
    ]

    /// Of doubles as bytes.
    static let doubles: [Double] = [
        0, -0.0, 1, -1, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1e308,
        2e9,
        2e9.nextDown, 0x1p53, 0x1p63, .nan, .infinity, -.infinity,
    ]

    /// Of float16 as bits: zeros, the smallest, ones, the largest, infinities, no number.
    static let halves: [UInt16] = [
        0, 0x8000, 1, 0x8001, 0x3C00, 0xBC00, 0x5400, 0x5401, 0xD400, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00,
    ]

    /// A text with one of its numbers replaced by an edge, for each number and each edge; digits within words stay.
    static func variants(of text: [UInt8]) -> [[UInt8]] {
        numbers(in: text).flatMap { place in
            texts.map { edge -> [UInt8] in
                var other = text
                other.replaceSubrange(place, with: edge.utf8)
                return other
            }
        }
    }

    /// The same for the numbers behind these letters, such as the sizes of a stream's head.
    static func variants(of text: String, behind letters: [String]) -> [[UInt8]] {
        letters.flatMap { letter -> [[UInt8]] in
            guard let place = text.firstRange(of: letter) else { return [] }
            let rest = text[place.upperBound...].drop { $0.isNumber }
            return texts.map { Array("\(text[..<place.upperBound])\($0)\(rest)".utf8) }
        }
    }

    private static func numbers(in text: [UInt8]) -> [Range<Int>] {
        func isWord(_ place: Int) -> Bool {
            guard text.indices.contains(place) else { return false }
            let byte = text[place]
            return isDigit(byte) || byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte >= 0x80
                || [UInt8(ascii: "_"), UInt8(ascii: "\""), UInt8(ascii: ".")].contains(byte)
        }
        var found: [Range<Int>] = []
        var place = 0
        while place < text.count {
            let start = place
            if text[place] == UInt8(ascii: "-"), !isWord(place - 1) { place += 1 }
            let digits = place
            while place < text.count, isDigit(text[place]) || text[place] == UInt8(ascii: ".") { place += 1 }
            if place > digits, isDigit(text[digits]), !isWord(start - 1), !isWord(place) {
                found.append(start..<place)
            }
            place = max(place, start + 1)
        }
        return found
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
