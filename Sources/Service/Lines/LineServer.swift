import Glibc
import Library

/// Serves one client over two file descriptors, as `mixtape serve` does.
public struct LineServer: Sendable {
    /// Why serving ended.
    public enum Ending: Sendable, Equatable {
        case endOfInput, outputClosed, stopped
        /// The input could not be read any further; what had been asked was answered.
        case inputFailed(LineInput.Failure)
    }

    private let answering: Connection.Answering
    private let limits: Connection.Limits
    private let isInOrder: Bool

    /// A server of the requests that the handler answers.
    ///
    /// - Parameter inOrder: answers them one after the other, in the order in which they came.
    public init(
        handler: RequestHandler, limits: Connection.Limits = Connection.Limits(), inOrder: Bool = false
    ) {
        self.init(answering: handler.run, limits: limits, inOrder: inOrder)
    }

    package init(
        answering: @escaping Connection.Answering, limits: Connection.Limits = Connection.Limits(),
        inOrder: Bool = false
    ) {
        self.answering = answering
        self.limits = limits
        isInOrder = inOrder
    }

    /// Blocks until the input ends, or cannot be read, and every request taken is answered (a watch is cancelled then), until nobody reads the output, or
    /// until `shouldStop` says so; the last two cancel what runs. SIGPIPE must be ignored in the process.
    public func run(
        input: Int32, output: Int32, shouldStop: @escaping @Sendable () -> Bool = { false }
    ) -> Ending {
        let writer = LineWriter(output: output)
        let connection = Connection(answering: answering, limits: limits, inOrder: isInOrder) {
            writer.write($0)
        }
        let reader = LineReader(input: input, output: output, maximumLength: limits.lineLength)
        let ending = reader.read(shouldStop: { shouldStop() || writer.isClosed }) { piece in
            // Requests that wait for their turn are not turned away; the client waits instead.
            while connection.isFull, !isGone(writer, output), !shouldStop() { usleep(5_000) }
            switch piece {
            case .bytes(let line): connection.receive(line: line)
            case .tooLong: connection.receiveTooLongLine()
            }
        }
        switch ending {
        case .endOfInput, .failed:
            connection.cancelEndless()
            guard drain(connection, writer, output, shouldStop) else { break }
            if case .failed(let failure) = ending { return .inputFailed(failure) }
            return .endOfInput
        case .outputClosed, .stopped:
            break
        }
        connection.cancelAll()
        connection.waitUntilIdle()
        return shouldStop() ? .stopped : .outputClosed
    }

    /// Waits for what runs; false when it should be cancelled instead.
    private func drain(
        _ connection: Connection, _ writer: LineWriter, _ output: Int32, _ shouldStop: () -> Bool
    ) -> Bool {
        while !connection.waitUntilIdle(seconds: 0.1) {
            if isGone(writer, output) || shouldStop() { return false }
        }
        return true
    }

    /// Whether nobody reads the output any more.
    private func isGone(_ writer: LineWriter, _ output: Int32) -> Bool {
        var watched = pollfd(fd: output, events: 0, revents: 0)
        return poll(&watched, 1, 0) > 0 && watched.revents & Int16(POLLERR | POLLNVAL) != 0 || writer.isClosed
    }
}
