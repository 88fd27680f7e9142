import Base

/// Where a Matroska file should end by its own words: the size of its segment (RFC 8794, sections 4 to 6; RFC 9559, 5.1).
enum MatroskaSegment {
    private static let header: [UInt8] = [0x1A, 0x45, 0xDF, 0xA3]
    private static let segment: [UInt8] = [0x18, 0x53, 0x80, 0x67]

    /// Nil where that is not said, as in live recordings.
    static func end(in file: RegularFile) -> Int64? {
        end(of: header, at: 0, in: file).flatMap { end(of: segment, at: $0, in: file) }
    }

    /// Where the element with this name, which must begin at `offset`, ends; nil where it doesn't, or has no known size.
    private static func end(of name: [UInt8], at offset: Int64, in file: RegularFile) -> Int64? {
        var bytes = [UInt8](repeating: 0, count: 12)
        let count = bytes.withUnsafeMutableBytes { file.read(into: $0, at: offset) }
        guard count == bytes.count, bytes.starts(with: name) else { return nil }
        // The zeros before the first bit say how many bytes follow.
        let length = bytes[4].leadingZeroBitCount + 1
        guard length <= 8 else { return nil }
        var size = UInt64(bytes[4]) & (1 << (8 - UInt64(length)) - 1)
        for byte in bytes[5..<4 + length] { size = size << 8 | UInt64(byte) }
        // All ones: not known.
        guard size < 1 << (7 * UInt64(length)) - 1 else { return nil }
        let begin = offset + Int64(name.count + length)
        let (end, isTooLarge) = begin.addingReportingOverflow(Int64(size))
        return isTooLarge ? nil : end
    }
}
