import Base
import Glibc

/// The right to write an index: an exclusive `flock` on the file `lock` in its folder.
///
/// The kernel drops the lock with the process that holds it, however that process ends, so a stale lock cannot
/// exist. One thing can outlive it for a moment: a child that was being started when its parent was killed holds copies of
/// all descriptors until it runs its own program. So a lock of a process that is gone is waited for, at most five seconds.
/// The file holds the process number of the last holder, for that and for the message.
final class WriterLock: Sendable {
    private static let secondsForChildren = 5.0
    private let descriptor: Int32

    /// - Parameter isCancelled: asked fifty times a second while it waits; true gives up, as `busy`.
    init(
        folder: String, waitingSeconds: Double, isCancelled: () -> Bool = { false }
    ) throws(IndexError) {
        let path = folder + "/lock"
        // Whoever may open it can hold it: nobody else, then. (None but its owner could ever write it.)
        descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor < 0 { throw .system(folder, doing: "creating the lock file", errno: errno) }
        let start = Time.monotonic
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            if code == EINTR { continue }
            // `deinit` closes the descriptor when this throws: every property is set.
            if code != EWOULDBLOCK { throw .system(folder, doing: "locking the index", errno: code) }
            let holder = WriterLock.holder(descriptor)
            let isGone = holder.map { kill($0, 0) != 0 && errno == ESRCH } ?? false
            let patience = max(waitingSeconds, isGone ? WriterLock.secondsForChildren : 0)
            if isCancelled() || Time.monotonic - start >= patience {
                throw IndexError(
                    reason: .busy, path: folder,
                    message: "another program is writing this index"
                        + (holder.map { " (process \($0))" } ?? ""),
                    hint: "wait for it with --wait SECONDS, or stop it; what it has stored is kept")
            }
            usleep(20_000)
        }
        // Best effort: on a full disk the lock still holds, only its message is poorer.
        _ = ftruncate(descriptor, 0)
        _ = "\(getpid())\n".withCString { pwrite(descriptor, $0, strlen($0), 0) }
    }

    deinit {
        guard descriptor >= 0 else { return }
        // Closing alone would leave the lock with a child that is just being started and still holds a copy.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func holder(_ descriptor: Int32) -> pid_t? {
        var bytes = [UInt8](repeating: 0, count: 24)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return pid_t(String(decoding: bytes[..<count].prefix { $0 >= 48 && $0 <= 57 }, as: UTF8.self))
    }
}
