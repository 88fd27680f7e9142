/// A file's identity by content, which survives moves and renames.
///
/// - Up to 16 MiB: the SHA-256 of the whole file.
/// - Larger: the SHA-256 of these, one after the other: the size in bytes (8 bytes, little-endian), the first MiB,
///   64 blocks of 64 KiB, and the last MiB. Block i of 64 starts at byte ⌊(size − 64 KiB)·(i + 1) / 65⌋.
///   An edit that touches none of these bytes and keeps the size is not noticed.
public enum ContentFingerprint {
    static let wholeLimit: Int64 = 16 << 20
    static let edge = 1 << 20
    static let block = 64 << 10
    static let blockCount: Int64 = 64

    /// 64 lower-case hexadecimal digits for the regular file at `path`.
    ///
    /// Throws what opening throws (`.notFound`, `.notAFile`, `.permissionDenied`, `.empty`), and `.readFailed`
    /// where the file cannot be read or changes its size meanwhile.
    public static func of(path: String) throws(VideoError) -> String {
        let file = try RegularFile(path: path)
        let hash = SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: edge, alignment: 64)
        defer { buffer.deallocate() }

        func take(_ count: Int, at offset: Int64) throws(VideoError) {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
            let got = file.read(into: part, at: offset)
            guard got == count else {
                let why =
                    got < 0
                    ? "cannot read the file: \(SystemError.message(Int32(-got)))"
                    : "the file became shorter while it was read"
                throw VideoError(path: path, reason: .readFailed, detail: why)
            }
            hash.update(UnsafeRawBufferPointer(part))
        }

        if file.size <= wholeLimit {
            var offset: Int64 = 0
            while offset < file.size {
                let count = Int(min(Int64(edge), file.size - offset))
                try take(count, at: offset)
                offset += Int64(count)
            }
        } else {
            withUnsafeBytes(of: UInt64(file.size).littleEndian) { hash.update($0) }
            try take(edge, at: 0)
            let span = UInt64(file.size - Int64(block))
            for index in 0..<UInt64(blockCount) {
                // A product of 128 bits: sizes near 2⁶³ must not overflow.
                let product = span.multipliedFullWidth(by: index + 1)
                let start = UInt64(blockCount + 1).dividingFullWidth(product).quotient
                try take(block, at: Int64(start))
            }
            try take(edge, at: file.size - Int64(edge))
        }
        return hash.finish()
    }
}
