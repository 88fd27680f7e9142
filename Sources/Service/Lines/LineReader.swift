import Glibc

extension Sequence<UInt8> {
    /// Whether a line holds nothing but white space: every reader of lines passes over it.
    var isBlankLine: Bool { allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) } }
}

/// Cuts a stream of bytes into lines no longer than a limit.
struct LineSplitter {
    enum Piece: Equatable {
        case line([UInt8])
        /// A line went over the limit; the rest of it will be skipped. Comes once a line.
        case tooLong
    }

    let maximumLength: Int
    private var partial: [UInt8] = []
    private var isSkipping = false

    init(maximumLength: Int) { self.maximumLength = maximumLength }

    /// Takes what was read and hands out every piece that it completes.
    mutating func add(_ bytes: UnsafeRawBufferPointer, each: (Piece) -> Void) {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            take(rest[..<end], each)
            finishLine(each)
            rest = rest[(end + 1)...]
        }
        take(rest, each)
    }

    /// The end of the stream: what came after the last line break is a line as well.
    mutating func finish(each: (Piece) -> Void) {
        if !partial.isEmpty { finishLine(each) }
    }

    private mutating func take(_ bytes: Slice<UnsafeRawBufferPointer>, _ each: (Piece) -> Void) {
        guard !isSkipping else { return }
        guard partial.count + bytes.count <= maximumLength else {
            isSkipping = true
            partial = []
            each(.tooLong)
            return
        }
        partial += bytes
    }

    private mutating func finishLine(_ each: (Piece) -> Void) {
        if !isSkipping { each(.line(partial)) }
        isSkipping = false
        partial.removeAll(keepingCapacity: true)
    }
}

/// Reads lines from a file descriptor until its end, and notices when the output's reader has gone.
struct LineReader {
    /// Why reading ended.
    enum Ending { case endOfInput, failed(LineInput.Failure), outputClosed, stopped }

    let input: Int32
    /// Watched for a reader that closes its end; −1 where there is nothing to watch.
    let output: Int32
    let maximumLength: Int

    /// Blocks until the end; `shouldStop` is asked at least ten times a second.
    func read(shouldStop: () -> Bool, each: (LineSplitter.Piece) -> Void) -> Ending {
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
