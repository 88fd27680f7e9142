/// A 64-bit checksum over words: finds damage, not malice.
///
/// One step, `s ← (s ⊕ w)·φ; s ← s ⊕ s≫32` with φ = 0x9E3779B97F4A7C15, is one-to-one in both s and w, so any
/// change within a single word changes the result for certain, and other changes escape once in 2⁶⁴.
package struct Checksum {
    private var state: UInt64 = 0x6D69_7874_6170_6531

    package init() {}

    package mutating func add(_ word: UInt64) {
        state = Checksum.step(state, word)
    }

    package mutating func add(_ value: Int64) { add(UInt64(bitPattern: value)) }

    /// The length, then the UTF-8 bytes.
    package mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
    }

    /// A mark that tells nil from every value, then the value.
    package mutating func add(_ value: Double?) {
        add(value == nil ? UInt64(0) : 1)
        add((value ?? 0).bitPattern)
    }

    /// The length, then little-endian words over four lanes (word i to lane i mod 4, which lets the processor
    /// overlap the multiplications), the lanes in order, and the rest of the bytes as words padded with zeros.
    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        add(UInt64(bytes.count))
        var offset = 0
        if bytes.count >= 32, let base = bytes.baseAddress {
            var (a, b, c, d) = (state, state &+ 1, state &+ 2, state &+ 3)
            while offset + 32 <= bytes.count {
                let here = base + offset
                a = Checksum.step(a, here.loadUnaligned(as: UInt64.self))
                b = Checksum.step(b, (here + 8).loadUnaligned(as: UInt64.self))
                c = Checksum.step(c, (here + 16).loadUnaligned(as: UInt64.self))
                d = Checksum.step(d, (here + 24).loadUnaligned(as: UInt64.self))
                offset += 32
            }
            add(a)
            add(b)
            add(c)
            add(d)
        }
        while offset < bytes.count {
            var word: UInt64 = 0
            for i in 0..<min(8, bytes.count - offset) { word |= UInt64(bytes[offset + i]) << UInt64(8 * i) }
            add(word)
            offset += 8
        }
    }

    private static func step(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let mixed = (state ^ word) &* 0x9E37_79B9_7F4A_7C15
        return mixed ^ (mixed >> 32)
    }

    package var value: UInt64 { state }
    /// As SQLite stores it.
    package var signed: Int64 { Int64(bitPattern: state) }
}

/// FNV-1a, 64 bits: quick, against damage, not against malice.
package struct FNVChecksum {
    package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    package init() {}

    private mutating func step(_ word: UInt64) { value = (value ^ word) &* 0x0000_0100_0000_01B3 }

    /// Byte by byte, as the algorithm says.
    package mutating func addBytes(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes { step(UInt64(byte)) }
    }

    /// A text's UTF-8 bytes, one by one.
    package mutating func addBytes(_ text: String) {
        var text = text
        text.withUTF8 { addBytes(UnsafeRawBufferPointer($0)) }
    }

    /// Over 8-byte words, and the rest over bytes: quicker.
    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        let words = bytes.count / 8
        for i in 0..<words {
            let word = bytes.loadUnaligned(fromByteOffset: 8 * i, as: UInt64.self)
            step(UInt64(littleEndian: word))
            // The product moves nothing down: without this, the words' upper bits would hardly mix.
            value ^= value >> 32
        }
        for i in (8 * words)..<bytes.count { step(UInt64(bytes[i])) }
    }

    /// Of a text's UTF-8 bytes.
    package static func of(_ text: String) -> UInt64 {
        var sum = FNVChecksum()
        var text = text
        text.withUTF8 { sum.add(UnsafeRawBufferPointer($0)) }
        return sum.value
    }
}
