import Glibc

/// The mapped file of video-level moments: row i belongs to video `ids[i]`, rows in the order of the numbers.
///
/// Immutable: it shows the index as it was when it was asked for, and stays valid while anybody holds it.
public final class MomentsTable: @unchecked Sendable {
    /// Videos.
    public let count: Int
    /// D.
    public let dimension: Int
    /// Floats from one row to the next: D rounded up to 16. The rest of a row is mean 0 and variance 1, which
    /// adds nothing to a distance between rows padded alike.
    public let stride: Int

    let stamp: MomentsStamp
    private let base: UnsafeRawPointer
    private let layout: MomentsLayout

    /// Takes over a mapping of `layout.fileSize` bytes.
    init(base: UnsafeMutableRawPointer, layout: MomentsLayout, stamp: MomentsStamp) {
        self.base = UnsafeRawPointer(base)
        self.layout = layout
        self.stamp = stamp
        count = layout.count
        dimension = layout.dimension
        stride = layout.stride
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: base), layout.fileSize) }

    /// `means` and `variances` are count × stride, row-major float32, every row at a multiple of 64 bytes;
    /// `logDeterminants` is Σ_d log σ² per row; `ids` the videos' numbers.
    public func withRows<R>(
        _ body: (
            _ means: UnsafePointer<Float>, _ variances: UnsafePointer<Float>,
            _ logDeterminants: UnsafePointer<Float>, _ ids: UnsafePointer<Int64>
        ) throws -> R
    ) rethrows -> R {
        try withExtendedLifetime(self) {
            try body(
                (base + MomentsLayout.headerSize).assumingMemoryBound(to: Float.self),
                (base + layout.variances).assumingMemoryBound(to: Float.self),
                (base + layout.logDeterminants).assumingMemoryBound(to: Float.self),
                (base + layout.ids).assumingMemoryBound(to: Int64.self))
        }
    }
}
