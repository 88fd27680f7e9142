import Glibc

/// Memory on a 64-byte boundary (a cache line, and an AVX-512 register), zeroed, freed with its owner. Large ones lie on
/// the processor's large pages where the system has them: weights are read from end to end for every clip, and looking up
/// a page every 4 KiB took up to a fifth of that time.
package final class AlignedBuffer: @unchecked Sendable {
    // Unchecked: the owner alone decides who writes and when. `Tensor` writes only while it is the one
    // owner; an inference program's memory belongs to one thread at a time.
    package let base: UnsafeMutableRawPointer
    package let byteCount: Int
    private static let largePage = 2 << 20

    package init(byteCount: Int) {
        precondition(byteCount >= 0, "a buffer cannot have a negative size")
        self.byteCount = byteCount
        // Whole cache lines, so that a vector load at the end stays inside the allocation.
        let allocated = (max(byteCount, 1) + 63) / 64 * 64
        let isLarge = allocated >= 2 * Self.largePage
        base = UnsafeMutableRawPointer.allocate(
            byteCount: allocated, alignment: isLarge ? Self.largePage : 64)
        // Advice: where it is not followed, all is the same but slower.
        if isLarge { madvise(base, allocated, MADV_HUGEPAGE) }
        memset(base, 0, allocated)
    }

    deinit { base.deallocate() }
}
