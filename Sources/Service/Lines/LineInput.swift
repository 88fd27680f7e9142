import Glibc

/// Lines of a file descriptor, taken as they come: for filters, which answer each before the next one may be written.
public struct LineInput {
    /// A line without its break.
    public enum Line: Sendable, Equatable {
        case text(String)
        /// One of more bytes than a line may have; the rest of it is skipped.
        case tooLong
    }

    /// Why reading failed.
    public struct Failure: Error, CustomStringConvertible {
        /// An `errno`.
        public var code: Int32

        /// A failed call's.
        public init(code: Int32) { self.code = code }

        /// As the system says it.
        public var description: String { String(cString: strerror(code)) }
    }

    /// Bytes of one line, its break not counted.
    public static let maximumLength = 1 << 20
    private static let bytesAtOnce = 1 << 16

    private let descriptor: Int32
    private var splitter = LineSplitter(maximumLength: maximumLength)
    private var ready: [Line] = []
    private var isAtEnd = false

    /// The descriptor stays the caller's to close.
    public init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Blocks until there is a line, and takes those after it that are there already; blank ones are skipped.
    ///
    /// - Parameter shouldStop: asked ten times a second while it waits.
    /// - Returns: 1 to `count` lines; none at the end, and where it should stop.
    public mutating func next(atMost count: Int, shouldStop: () -> Bool) throws(Failure) -> [Line] {
        while ready.count < count, !isAtEnd {
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let isReadable = poll(&watched, 1, ready.isEmpty ? 100 : 0) > 0
            if ready.isEmpty, shouldStop() { return [] }
            if isReadable { try read() } else if !ready.isEmpty { break }
        }
        defer { ready.removeFirst(min(count, ready.count)) }
        return Array(ready.prefix(count))
    }

    private mutating func read() throws(Failure) {
        var buffer = [UInt8](repeating: 0, count: Self.bytesAtOnce)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        var lines: [Line] = []
        func take(_ piece: LineSplitter.Piece) {
            switch piece {
            case .line(let bytes):
                let bytes = bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes[...]
                if !bytes.isEmpty { lines.append(.text(String(decoding: bytes, as: UTF8.self))) }
            case .tooLong: lines.append(.tooLong)
            }
        }
        if count > 0 {
            buffer.withUnsafeBytes {
                splitter.add(UnsafeRawBufferPointer(rebasing: $0[..<count]), each: take)
            }
        } else if count == 0 {
            isAtEnd = true
            splitter.finish(each: take)
        } else if errno != EINTR, errno != EAGAIN {
            throw Failure(code: errno)
        }
        ready += lines
    }
}
