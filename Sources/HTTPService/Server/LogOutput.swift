import Glibc
import Synchronization

/// Where log records go, a line each, from whichever thread. Records that nobody takes are dropped: whoever does not read the log
/// must not stop the service.
package final class LogOutput: Sendable {
    static let standardError = LogOutput(descriptor: STDERR_FILENO)

    private let descriptor: Int32
    /// Whether the last record found no room.
    private let isStuck = Mutex(false)
    private static let patienceMilliseconds: Int32 = 200

    /// The descriptor stays the caller's to close.
    package init(descriptor: Int32) { self.descriptor = descriptor }

    /// Writes the text and a line break; waits a moment for room, unless the last one waited in vain.
    package func write(_ text: String) {
        let line = Array((text + "\n").utf8)
        isStuck.withLock { isStuck in
            var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            isStuck = poll(&watched, 1, isStuck ? 0 : Self.patienceMilliseconds) == 0
            if isStuck { return }
            _ = line.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        }
    }
}
