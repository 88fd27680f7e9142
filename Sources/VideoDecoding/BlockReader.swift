import Base

/// The bytes of a file, by their places: read a block at a time.
struct BlockReader {
    private let file: RegularFile
    private var block: [UInt8] = []
    private var blockStart: Int64 = 0
    private static let blockSize = 64 << 10

    init(_ file: RegularFile) { self.file = file }

    var size: Int64 { file.size }

    /// Nil outside of the file.
    mutating func byte(_ place: Int64) -> UInt8? {
        guard place >= 0, place < file.size else { return nil }
        if place < blockStart || place >= blockStart + Int64(block.count) {
            // Whoever goes backward meets what is before it in the same block.
            blockStart = place - place % Int64(Self.blockSize)
            block = Self.read(file, at: blockStart, Self.blockSize)
        }
        let index = Int(place - blockStart)
        return index < block.count ? block[index] : nil
    }

    private static func read(_ file: RegularFile, at offset: Int64, _ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(0, file.read(into: UnsafeMutableRawBufferPointer(buffer), at: offset))
        }
    }

    /// Two bytes, the higher one first.
    mutating func bigEndian16(_ place: Int64) -> Int? {
        guard let high = byte(place), let low = byte(place + 1) else { return nil }
        return Int(high) << 8 | Int(low)
    }

    /// Four bytes, the highest one first.
    mutating func bigEndian32(_ place: Int64) -> UInt32? { littleEndian(place)?.byteSwapped }

    /// Four bytes, the lowest one first.
    mutating func littleEndian(_ place: Int64) -> UInt32? {
        var number: UInt32 = 0
        for index in 0..<4 {
            guard let byte = byte(place + Int64(index)) else { return nil }
            number |= UInt32(byte) << (8 * UInt32(index))
        }
        return number
    }

    mutating func holds(_ name: String, at place: Int64) -> Bool { holds(Array(name.utf8), at: place) }

    mutating func holds(_ pattern: [UInt8], at place: Int64) -> Bool {
        for (index, wanted) in pattern.enumerated() where byte(place + Int64(index)) != wanted {
            return false
        }
        return true
    }

    /// The last place of a pattern among the file's last bytes, or the last ones before a place.
    ///
    /// - Parameter count: bytes that are looked through.
    mutating func lastPlace(of pattern: [UInt8], before end: Int64? = nil, within count: Int64) -> Int64? {
        let end = end ?? size
        var place = end - Int64(pattern.count)
        let first = max(0, end - count)
        while place >= first {
            if holds(pattern, at: place) { return place }
            place -= 1
        }
        return nil
    }
}
