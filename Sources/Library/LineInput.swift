import Base
import Glibc

/// The lines of a descriptor, taken as they come; none is kept that is longer than a limit. For filters, which answer each before the
/// next one may be written.
///
/// Unchecked: belongs to one thread at a time.
public final class LineInput: @unchecked Sendable {
    /// What comes next.
    public enum Line: Sendable, Equatable {
        /// Without its end.
        case bytes([UInt8])
        /// It is longer than the limit, and was passed over.
        case tooLong

        /// Whether it says nothing.
        public var isBlank: Bool {
            guard case .bytes(let bytes) = self else { return false }
            return bytes.isBlankLine
        }
    }

    /// Why reading failed.
    public struct Failure: Error, Equatable, CustomStringConvertible {
        /// An `errno`.
        public var code: Int32

        /// A failed call's.
        public init(code: Int32) { self.code = code }

        /// As the system says it.
        public var description: String { SystemError.message(code) }
    }

    private static let bytesAtOnce = 1 << 16
    /// Reads for further lines while there is one: what is behind it may be a line without end.
    private static let mostFurtherReads = 16

    private let descriptor: Int32
    private var splitter: LineSplitter
    /// Lines that were read in one go.
    private var ready: [Line] = []
    private var hasEnded = false
    /// Why it ended, where that was no end of the input.
    private var failure: Failure?

    /// Reads nothing yet. The descriptor stays the caller's to close.
    ///
    /// - Parameter maximumLength: bytes of a line, its end not counted.
    public init(descriptor: Int32, maximumLength: Int) {
        self.descriptor = descriptor
        splitter = LineSplitter(maximumLength: maximumLength)
    }

    /// Blocks until there is a line, and takes those after it that are there already.
    ///
    /// - Parameter shouldStop: asked before each read, and ten times a second while it waits.
    /// - Returns: 1 to `count` lines; none at the end, and where it should stop.
    /// - Throws: where nothing more can be read, behind the lines before that. A line that was begun is no line then.
    public func next(atMost count: Int, shouldStop: () -> Bool) throws(Failure) -> [Line] {
        var furtherReads = Self.mostFurtherReads
        while ready.count < count, !hasEnded, furtherReads > 0 {
            if shouldStop() { return [] }
            let hasLines = !ready.isEmpty
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&watched, 1, hasLines ? 0 : 100) > 0 else {
                if hasLines { break }
                continue
            }
            read()
            if hasLines { furtherReads -= 1 }
        }
        if ready.isEmpty, let failure { throw failure }
        defer { ready.removeFirst(min(count, ready.count)) }
        return Array(ready.prefix(count))
    }

    /// The next line; nil at the end, and where `shouldStop` says so.
    public func next(shouldStop: () -> Bool = { false }) throws(Failure) -> Line? {
        try next(atMost: 1, shouldStop: shouldStop).first
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: Self.bytesAtOnce)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        let add: (Line) -> Void = { self.ready.append($0) }
        if count > 0 {
            buffer.withUnsafeBytes { splitter.add(UnsafeRawBufferPointer(rebasing: $0[..<count]), each: add) }
        } else if count == 0 {
            hasEnded = true
            splitter.finish(each: add)
        } else if errno != EINTR, errno != EAGAIN {
            hasEnded = true
            failure = Failure(code: errno)
        }
    }
}
