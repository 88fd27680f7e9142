internal import CWorker

import Glibc

/// How the C library keeps memory that a service has given back.
///
/// As it comes, up to eight threads a processor have a heap each, and blocks of up to 32 MB are taken out of the heaps
/// once one of their size was freed. A long answer's pieces between those that stay then keep hundreds of pages: under all
/// kinds of requests five times what was in use, and more by the minute (`tools/break/soak`).
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
