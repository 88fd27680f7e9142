import Dispatch
import Glibc
import Synchronization

/// The mapped file of moments: row i belongs to video `ids[i]`, rows in the order of the numbers, a video's clips in the
/// order of time.
///
/// Immutable: it shows the index as it was when it was asked for, and stays valid while anybody holds it.
public final class MomentsTable: @unchecked Sendable {
    // Unchecked: the memory isn't written to once the table is handed out.
    /// Videos, or clips.
    public let count: Int
    /// D.
    public let dimension: Int
    /// Floats from one row to the next: D rounded up to 16. The rest of a row is mean 0 and variance 1, which
    /// adds nothing to a distance between rows padded alike.
    public let stride: Int
    /// The largest |Σ log σ²_d| of a row.
    private let largestLogDeterminant: Float

    let stamp: MomentsStamp
    private let base: UnsafeRawPointer
    private let layout: MomentsLayout
    private let rowsAreWhole: Atomic<Bool>
    private let searches = Atomic(0)

    /// Takes over a mapping of `layout.fileSize` bytes whose tail is known to be whole.
    init(base: UnsafeMutableRawPointer, layout: MomentsLayout, stamp: MomentsStamp, rowsAreWhole: Bool) {
        self.base = UnsafeRawPointer(base)
        self.layout = layout
        self.stamp = stamp
        self.rowsAreWhole = Atomic(rowsAreWhole)
        count = layout.count
        dimension = layout.dimension
        stride = layout.stride
        let logDeterminants = (base + layout.logDeterminants).assumingMemoryBound(to: Float.self)
        var largest: Float = 0
        for row in 0..<layout.count { largest = max(largest, abs(logDeterminants[row])) }
        largestLogDeterminant = largest
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: base), layout.fileSize) }

    /// Hands out the rows, whose ids are the videos' numbers and whose vectors begin at multiples of 64 bytes. They ask whether a
    /// row is whole until the table is verified.
    package func withRows<R>(_ body: (MomentsRows) throws -> R) rethrows -> R {
        try withExtendedLifetime(self) {
            var isWhole: (@Sendable (Int) -> Bool)?
            if !isVerified { isWhole = { self.isWhole(row: $0) } }
            return try body(
                MomentsRows(
                    means: (base + MomentsLayout.headerSize).assumingMemoryBound(to: Float.self),
                    variances: (base + layout.variances).assumingMemoryBound(to: Float.self),
                    logDeterminants: (base + layout.logDeterminants).assumingMemoryBound(to: Float.self),
                    count: count, dimension: dimension, stride: stride,
                    ids: (base + layout.ids).assumingMemoryBound(to: Int64.self),
                    largestLogDeterminant: largestLogDeterminant, codes: codes, isWhole: isWhole))
        }
    }

    /// The coarse codes, valid as long as the table; nil for few rows.
    package var codes: CoarseCodes? {
        layout.codes.map {
            CoarseCodes.Layout(count: count, dimension: dimension).view(base + $0)
        }
    }

    /// Whether all rows are known to be whole, so that none has to be checked before it is used.
    package var isVerified: Bool { rowsAreWhole.load(ordering: .relaxed) }

    /// Whether a row's mean and variance are what was written.
    package func isWhole(row: Int) -> Bool {
        layout.checksum(ofRow: row, in: base) == layout.storedChecksum(ofRow: row, in: base)
    }

    /// Checks every row once; false where one is damaged.
    package func verify() -> Bool {
        if isVerified { return true }
        guard (0..<count).allSatisfy(isWhole) else { return false }
        rowsAreWhole.store(true, ordering: .relaxed)
        return true
    }

    /// Says that the table is about to be searched. Whoever searches it a second time will do so again: all rows are then
    /// checked once, beside the searches, so that the later ones need not check what they read.
    package func beginSearch() {
        guard searches.wrappingAdd(1, ordering: .relaxed).newValue == 2, !isVerified else { return }
        DispatchQueue.global(qos: .utility).async { _ = self.verify() }
    }
}
