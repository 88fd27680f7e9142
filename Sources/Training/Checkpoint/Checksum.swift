/// FNV-1a over 8-byte words (the rest over bytes): quick, against damage, not against malice.
struct Checksum {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325
    private static let prime: UInt64 = 0x0000_0100_0000_01B3

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        let words = bytes.count / 8
        for i in 0..<words {
            let word = bytes.loadUnaligned(fromByteOffset: 8 * i, as: UInt64.self)
            value = (value ^ UInt64(littleEndian: word)) &* Self.prime
            // The product moves nothing down: without this, the words' upper bits would hardly mix.
            value ^= value >> 32
        }
        for i in (8 * words)..<bytes.count { value = (value ^ UInt64(bytes[i])) &* Self.prime }
    }

    static func of(_ text: String) -> UInt64 {
        var sum = Checksum()
        var copy = text
        copy.withUTF8 { sum.add(UnsafeRawBufferPointer($0)) }
        return sum.value
    }
}
