import Base
import Dispatch

/// The layout of `moments.bin`, `clips.bin` and `scenes.bin`: a header of 192 bytes, then sections, each at a multiple of 64 bytes
/// (`index/README.md`). All little-endian.
///
/// The rows, means and variances, come first; the *tail* is all the rest: what every scan reads, or what tells whether a
/// row that it reads is whole.
package struct MomentsLayout {
    static let version: UInt32 = 3
    package static let headerSize = 192
    package static let tailChecksumOffset = 128
    package static let headerChecksumOffset = 144
    /// Bytes of the tail that are summed up together.
    static let tailPart = 1 << 20

    let count: Int
    let dimension: Int
    /// Floats from one row to the next: the dimension rounded up to 16.
    let stride: Int
    let variances: Int
    /// Where the rows end and the tail begins.
    var tail: Int { logDeterminants }
    let logDeterminants: Int
    let ids: Int
    package let rowChecksums: Int
    /// Nil where the file has none.
    let codes: Int?
    package let fileSize: Int

    /// Nil where the sizes overflow.
    package init?(count: Int, dimension: Int) {
        guard count >= 0, dimension > 0, dimension < 1 << 20, count < 1 << 32 else { return nil }
        self.count = count
        self.dimension = dimension
        stride = (dimension + 15) & ~15
        let (matrix, overflow) = (count * 4).multipliedReportingOverflow(by: stride)
        guard !overflow, matrix < 1 << 59 else { return nil }
        variances = MomentsLayout.headerSize + matrix
        logDeterminants = variances + matrix
        ids = logDeterminants + (count * 4 + 63) & ~63
        rowChecksums = ids + (count * 8 + 63) & ~63
        let end = rowChecksums + (count * 8 + 63) & ~63
        if CoarseCodes.areKept(count: count, dimension: dimension) {
            codes = end
            fileSize = end + CoarseCodes.Layout(count: count, dimension: dimension).size
        } else {
            codes = nil
            fileSize = end
        }
    }

    /// The checksum of a row, mean and variance, the padding included.
    package func checksum(ofRow row: Int, in base: UnsafeRawPointer) -> UInt64 {
        var sum = Checksum()
        let width = stride * 4
        sum.add(
            UnsafeRawBufferPointer(start: base + MomentsLayout.headerSize + row * width, count: width))
        sum.add(UnsafeRawBufferPointer(start: base + variances + row * width, count: width))
        return sum.value
    }

    func storedChecksum(ofRow row: Int, in base: UnsafeRawPointer) -> UInt64 {
        base.load(fromByteOffset: rowChecksums + row * 8, as: UInt64.self)
    }

    /// Over the checksums of the tail's parts. Each thread takes parts of its own: the tail is summed up whenever a file is
    /// mapped, which is much of the time that one search takes.
    package func checksum(ofTailIn base: UnsafeRawPointer) -> UInt64 {
        let rest = UnsafeRawBufferPointer(start: base + tail, count: fileSize - tail)
        let count = (rest.count + MomentsLayout.tailPart - 1) / MomentsLayout.tailPart
        let parts = [UInt64](unsafeUninitializedCapacity: count) { parts, initialized in
            nonisolated(unsafe) let (parts, rest) = (parts, rest)
            DispatchQueue.concurrentPerform(iterations: count) { part in
                let start = part * MomentsLayout.tailPart
                var sum = Checksum()
                sum.add(UnsafeRawBufferPointer(rebasing: rest[start...].prefix(MomentsLayout.tailPart)))
                parts.initializeElement(at: part, to: sum.value)
            }
            initialized = count
        }
        var sum = Checksum()
        for part in parts { sum.add(part) }
        return sum.value
    }

    /// Over the whole header but the place of this very checksum.
    package func checksum(ofHeaderIn base: UnsafeRawPointer) -> UInt64 {
        var sum = Checksum()
        sum.add(UnsafeRawBufferPointer(start: base, count: MomentsLayout.headerChecksumOffset))
        let rest = MomentsLayout.headerChecksumOffset + 8
        sum.add(UnsafeRawBufferPointer(start: base + rest, count: MomentsLayout.headerSize - rest))
        return sum.value
    }
}
