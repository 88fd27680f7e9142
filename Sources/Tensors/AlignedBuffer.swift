import Glibc

/// Memory on a 64-byte boundary (a cache line, and an AVX-512 register), zeroed, freed with its owner.
package final class AlignedBuffer: @unchecked Sendable {
    // Unchecked: the owner alone decides who writes and when. `Tensor` writes only while it is the one
    // owner; an inference program's memory belongs to one thread at a time.
    package let base: UnsafeMutableRawPointer
    package let byteCount: Int

    package init(byteCount: Int) {
        precondition(byteCount >= 0, "a buffer cannot have a negative size")
        self.byteCount = byteCount
        // Whole cache lines, so that a vector load at the end stays inside the allocation.
        let allocated = (max(byteCount, 1) + 63) / 64 * 64
        base = UnsafeMutableRawPointer.allocate(byteCount: allocated, alignment: 64)
        memset(base, 0, allocated)
    }

    deinit { base.deallocate() }
}
