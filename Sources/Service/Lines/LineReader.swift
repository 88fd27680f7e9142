import Glibc
import Library

/// Reads lines from a file descriptor until its end, and notices when the output's reader has gone.
struct LineReader {
    /// Why reading ended.
    enum Ending { case endOfInput, failed(LineInput.Failure), outputClosed, stopped }

    let input: Int32
    /// Watched for a reader that closes its end; −1 where there is nothing to watch.
    let output: Int32
    let maximumLength: Int

    /// Blocks until the end; `shouldStop` is asked at least ten times a second.
    func read(shouldStop: () -> Bool, each: (LineInput.Line) -> Void) -> Ending {
        var splitter = LineSplitter(maximumLength: maximumLength)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            // No events are asked of the output: an error alone says that nobody reads it any more.
            var watched = [
                pollfd(fd: input, events: Int16(POLLIN), revents: 0),
                pollfd(fd: output, events: 0, revents: 0),
            ]
            let ready = poll(&watched, 2, 100)
            if shouldStop() { return .stopped }
            if ready < 0 && errno != EINTR { return .failed(.init(code: errno)) }
            if ready <= 0 { continue }
            if watched[1].revents & Int16(POLLERR | POLLNVAL) != 0 { return .outputClosed }
            guard watched[0].revents != 0 else { continue }
            let count = Glibc.read(input, buffer.baseAddress, buffer.count)
            if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
            if count < 0 { return .failed(.init(code: errno)) }
            if count == 0 { break }
            splitter.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]), each: each)
        }
        splitter.finish(each: each)
        return .endOfInput
    }
}
