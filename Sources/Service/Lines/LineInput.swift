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

        /// Whether there is nothing in it.
        public var isBlank: Bool { self == .bytes([]) || self == .bytes([UInt8(ascii: "\r")]) }
    }

    /// Why reading failed.
    public struct Failure: Error, CustomStringConvertible {
        /// An `errno`.
        public var code: Int32

        /// A failed call's.
        public init(code: Int32) { self.code = code }

        /// As the system says it.
        public var description: String { SystemError.message(code) }
    }

    private static let bytesAtOnce = 1 << 16

    private let descriptor: Int32
    private var splitter: LineSplitter
    /// Lines that were read in one go.
    private var ready: [Line] = []
    private var hasEnded = false

    /// Reads nothing yet. The descriptor stays the caller's to close.
    ///
    /// - Parameter maximumLength: bytes of a line, its end not counted.
    public init(descriptor: Int32, maximumLength: Int) {
        self.descriptor = descriptor
        splitter = LineSplitter(maximumLength: maximumLength)
    }

    /// Blocks until there is a line, and takes those after it that are there already.
    ///
    /// - Parameter shouldStop: asked ten times a second while it waits.
    /// - Returns: 1 to `count` lines; none at the end, and where it should stop.
    public func next(atMost count: Int, shouldStop: () -> Bool) throws(Failure) -> [Line] {
        while ready.count < count, !hasEnded {
            if ready.isEmpty, shouldStop() { return [] }
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let isReadable = poll(&watched, 1, ready.isEmpty ? 100 : 0) > 0
            if isReadable { try read() } else if !ready.isEmpty { break }
        }
        defer { ready.removeFirst(min(count, ready.count)) }
        return Array(ready.prefix(count))
    }

    /// The next line; nil at the end, where nothing more can be read, and where `shouldStop` says so.
    public func next(shouldStop: () -> Bool = { false }) -> Line? {
        (try? next(atMost: 1, shouldStop: shouldStop))?.first
    }

    private func read() throws(Failure) {
        var buffer = [UInt8](repeating: 0, count: Self.bytesAtOnce)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        let add: (LineSplitter.Piece) -> Void = { piece in
            switch piece {
            case .line(let bytes): self.ready.append(.bytes(bytes))
            case .tooLong: self.ready.append(.tooLong)
            }
        }
        if count > 0 {
            buffer.withUnsafeBytes { splitter.add(UnsafeRawBufferPointer(rebasing: $0[..<count]), each: add) }
        } else if count == 0 {
            hasEnded = true
            splitter.finish(each: add)
        } else if errno != EINTR, errno != EAGAIN {
            throw Failure(code: errno)
        }
    }
}
