internal import CWorker

import Glibc

/// How the C library keeps memory that a service has given back.
///
/// By default glibc keeps up to eight heaps per processor, and takes blocks of up to 32 MB from them once a block of that
/// size was freed. Freed pieces of long answers, between pieces that stay in use, then keep hundreds of pages: under all
/// kinds of requests five times the memory in use, and more by the minute (`tools/break/soak`).
public enum ServiceMemory {
    /// Blocks from here on have pages of their own, which go back to the system with them.
    private static let largestInHeap: Int32 = 1 << 20
    /// What a heap may keep at its end. Less than this is asked for again at once.
    private static let keptAtEnd: Int32 = 4 << 20

    /// Settles it for this process. To be called before there are other threads.
    ///
    /// - Parameter processors: as many threads can ask for memory at the same instant.
    public static func settle(processors: Int) {
        _ = mallopt(M_ARENA_MAX, Int32(clamping: max(2, processors)))
        _ = mallopt(M_MMAP_THRESHOLD, largestInHeap)
        _ = mallopt(M_TRIM_THRESHOLD, keptAtEnd)
    }
}
