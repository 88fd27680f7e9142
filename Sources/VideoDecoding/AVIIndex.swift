import Base

/// The index of an AVI file (`idx1`): FFmpeg reads by it, so that one in the wrong order hides all that it lists.
enum AVIIndex {
    /// Whether the entries of some stream go backward in the file, or name one place for all: such an index is to be left
    /// alone, and the file read as its chunks stand.
    static func isOutOfOrder(_ file: RegularFile) -> Bool {
        var bytes = BlockReader(file)
        guard let place = find(&bytes), let size = bytes.littleEndian(place + 4) else { return false }
        var last: [UInt16: UInt32] = [:]
        var entry = place + 8
        let end = min(file.size, entry + Int64(size))
        while entry + 16 <= end, let first = bytes.byte(entry), let second = bytes.byte(entry + 1),
            let offset = bytes.littleEndian(entry + 8), let length = bytes.littleEndian(entry + 12)
        {
            // The number of the stream, in two digits.
            let stream = UInt16(first) << 8 | UInt16(second)
            // A frame that was dropped has no place of its own.
            if length > 0 {
                if let before = last[stream], offset <= before { return true }
                last[stream] = offset
            }
            entry += 16
        }
        return false
    }

    /// Chunks beside the film and its index, such as room that was kept for more.
    private static let mostChunks = 1024

    /// Where the first RIFF chunk's index begins.
    private static func find(_ bytes: inout BlockReader) -> Int64? {
        var place: Int64 = 12
        for _ in 0..<mostChunks {
            if bytes.holds("idx1", at: place) { return place }
            guard let size = bytes.littleEndian(place + 4) else { return nil }
            place += 8 + Int64(size) + Int64(size % 2)
        }
        return nil
    }
}
