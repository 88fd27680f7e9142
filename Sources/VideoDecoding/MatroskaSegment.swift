import Base

/// Where a Matroska file should end by its own words: the size of its segment (RFC 8794, sections 4 to 6; RFC 9559, 5.1).
enum MatroskaSegment {
    private static let header: [UInt8] = [0x1A, 0x45, 0xDF, 0xA3]
    private static let segment: [UInt8] = [0x18, 0x53, 0x80, 0x67]

    /// Nil where that is not said, as in live recordings.
    static func end(in file: RegularFile) -> Int64? {
        end(of: header, at: 0, in: file).flatMap { end(of: segment, at: $0, in: file) }
    }

    /// The size of an element that stands at a place, behind its name, and where it ends.
    ///
    /// - Returns: nil where it is not all there, or none; a `count` of nil where the element's size is not known.
    static func size(_ bytes: inout BlockReader, at place: Int64) -> (count: Int64?, end: Int64)? {
        guard let first = bytes.byte(place) else { return nil }
        // The zeros before the first bit say how many bytes follow.
        let length = Int64(first.leadingZeroBitCount) + 1
        guard length <= 8 else { return nil }
        var count = Int64(first) & (1 << (8 - length) - 1)
        for index in 1..<length {
            guard let byte = bytes.byte(place + index) else { return nil }
            count = count << 8 | Int64(byte)
        }
        // All ones: not known.
        return (count == 1 << (7 * length) - 1 ? nil : count, place + length)
    }

    /// Where the element with this name, which must begin at `offset`, ends; nil where it doesn't, or has no known size.
    private static func end(of name: [UInt8], at offset: Int64, in file: RegularFile) -> Int64? {
        var bytes = BlockReader(file)
        guard bytes.holds(name, at: offset),
            let size = size(&bytes, at: offset + Int64(name.count)), let count = size.count
        else { return nil }
        let (end, isTooLarge) = size.end.addingReportingOverflow(count)
        return isTooLarge ? nil : end
    }
}
