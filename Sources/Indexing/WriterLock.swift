import Glibc

/// The right to write an index: an exclusive `flock` on the file `lock` in its folder.
///
/// The kernel drops the lock with the process that holds it, however that process ends, so a stale lock cannot
/// exist. The file holds the process number of the last holder, for the message only.
final class WriterLock: Sendable {
    private let descriptor: Int32

    init(folder: String, waitingSeconds: Double) throws(IndexError) {
        let path = folder + "/lock"
        descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        if descriptor < 0 { throw .system(folder, doing: "creating the lock file", errno: errno) }
        let deadline = WriterLock.now() + max(0, waitingSeconds)
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            if code == EINTR { continue }
            // `deinit` closes the descriptor when this throws: every property is set.
            if code != EWOULDBLOCK { throw .system(folder, doing: "locking the index", errno: code) }
            if WriterLock.now() >= deadline {
                let holder = WriterLock.holder(descriptor)
                throw IndexError(
                    reason: .busy, path: folder,
                    message: "another program is writing this index"
                        + (holder.map { " (process \($0))" } ?? ""),
                    hint: "wait until it has finished, or stop it; what it has stored is kept")
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

    private static func holder(_ descriptor: Int32) -> Int? {
        var bytes = [UInt8](repeating: 0, count: 24)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int(String(decoding: bytes[..<count].prefix { $0 >= 48 && $0 <= 57 }, as: UTF8.self))
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
