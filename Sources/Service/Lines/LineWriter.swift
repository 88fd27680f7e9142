import Glibc
import Synchronization

/// Writes whole lines to a file descriptor, one at a time, from any thread.
final class LineWriter: Sendable {
    private let output: Int32
    private let closed = Mutex(false)

    /// SIGPIPE must be ignored in the process: a closed output shows as an error of `write`.
    init(output: Int32) { self.output = output }

    /// Whether writing failed, after which everything is dropped.
    var isClosed: Bool { closed.withLock { $0 } }

    /// Writes the line and its line break; answers false once nobody reads.
    @discardableResult
    func write(_ line: String) -> Bool {
        let bytes = Array(line.utf8) + [0x0A]
        return closed.withLock { closed in
            if !closed { closed = !writeAll(bytes) }
            return !closed
        }
    }

    private func writeAll(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(
                    output, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    var watched = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&watched, 1, 1000)
                } else if errno != EINTR {
                    return false
                }
            }
            return true
        }
    }
}
