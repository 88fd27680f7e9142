internal import CWorker

import Base
import Glibc

/// A worker process that reads one file after another, and the two ends that lead to it: files go out through a
/// socket, messages come back through a pipe.
final class RunningWorker {
    /// How the wait for what it says ended.
    enum Answer {
        /// The answer, or a part of it.
        case message(WorkerMessage)
        /// The process is gone.
        case ended
        case cancelled
        /// It said nothing for too long.
        case silent
        /// It came to no end in the time that its files have.
        case tooLate
        /// It said what no worker says, or more signs of life than any.
        case nonsense
    }

    /// How a process ended by itself.
    enum Ending: Equatable {
        case status(Int32)
        case signal(Int32)

        var words: String {
            switch self {
            case .status(let status): "it ended with status \(status)"
            case .signal(let signal): "signal \(signal)"
            }
        }
    }

    private let process: Int32
    private let socket: Int32
    private let output: Int32
    private var isOver = false
    /// What it said beyond the last answer.
    private var said = WorkerOutput()
    private var waiting = WaitingLimit()
    /// What comes next is read into it.
    private var buffer = [UInt8](repeating: 0, count: 1 << 18)
    /// Of a clock that stands still while the machine sleeps.
    private let start = SuspendingClock.now
    /// Signs of life beyond one a second, which is what an honest worker gives.
    private static let mostSignsTooMany = 64.0

    init(_ program: WorkerProgram, _ settings: WorkerSettings) throws(WorkerFailure) {
        var ends: [Int32] = [-1, -1]
        let problem = mixtape_socket_pair(&ends)
        guard problem == 0 else { throw .unavailable(problem) }
        defer { close(ends[1]) }
        do throws(WorkerFailure) {
            (process, output) = try program.start(settings, input: ends[1])
        } catch {
            close(ends[0])
            throw error
        }
        socket = ends[0]
    }

    deinit {
        // One that has nothing to do ends by itself.
        shutdown(socket, Int32(SHUT_RDWR))
        if !isOver { end() }
        close(socket)
        close(output)
    }

    /// Hands over an open file; false where the process is gone, or has more to say than it was asked: that would pass for
    /// what it says of this file.
    ///
    /// - Parameter slack: seconds that an answer may take beyond the file's own time limit.
    func ask(_ request: WorkerFileRequest, _ file: RegularFile, slack: Double) -> Bool {
        let bytes = Array(request.json.serialized().utf8)
        guard waiting.open > 0 || isQuiet() else { return false }
        guard mixtape_send_file(socket, file.descriptor, bytes, bytes.count) == 0 else { return false }
        waiting.add(
            timeLimit: request.timeLimit, growth: request.task.growth, bytes: file.size, slack: slack)
        return true
    }

    /// Waits for the next message of what it says of the file.
    ///
    /// - Parameters:
    ///   - patience: seconds without a sign of life after which it is taken to hang.
    ///   - mostBytes: that a message may have behind its header.
    ///   - progress: gets the place among the files that were asked for together, and the share that was read; both are
    ///     only what the worker says.
    func next(
        patience: Double, mostBytes: Int, isCancelled: () -> Bool,
        progress: (WorkerSign.Reading) -> Void = { _ in }
    ) -> Answer {
        said.mostBytes = mostBytes
        let begin = SuspendingClock.now
        var lastSign = begin
        defer { waiting.wait(seconds: Self.seconds(since: begin)) }
        while true {
            if isCancelled() { return .cancelled }
            if waiting.isOver(after: Self.seconds(since: begin)) { return .tooLate }
            switch said.take() {
            case .message(let message): return .message(message)
            case .nonsense: return .nonsense
            case .notice(let notice):
                notice.show()
                continue
            case .reading(let reading):
                progress(reading)
                continue
            case nil: break
            }
            if Double(said.signsOfLife) > Self.seconds(since: start) + Self.mostSignsTooMany {
                return .nonsense
            }
            if Self.seconds(since: lastSign) > patience { return .silent }
            var watched = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard poll(&watched, 1, 50) > 0 else { continue }
            let count = read(output, &buffer, buffer.count)
            if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
            guard count > 0 else { return .ended }
            lastSign = .now
            said.add(buffer[..<count])
        }
    }

    /// The answer is all there.
    func settle() { waiting.settle() }

    /// Whether it has said nothing but signs of life since the last answer.
    private func isQuiet() -> Bool {
        // More than a few reads are more than a few signs of life.
        for _ in 0..<8 {
            while let piece = said.take() {
                switch piece {
                case .notice(let notice): notice.show()
                // It is about what was asked before.
                case .reading: continue
                default: return false
                }
            }
            guard said.isEmpty else { return false }
            var watched = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard poll(&watched, 1, 0) > 0 else { return true }
            let count = read(output, &buffer, buffer.count)
            // What is wrong with it shows when it is asked.
            guard count > 0 else { return true }
            said.add(buffer[..<count])
        }
        return false
    }

    private static func seconds(since start: SuspendingClock.Instant) -> Double {
        (SuspendingClock.now - start) / .seconds(1)
    }

    /// Ends the process and all that it may have started, and says how it had ended by itself, if it had.
    ///
    /// - Parameter patience: seconds in which it may still end by itself, for what has closed its output.
    @discardableResult
    func end(patience: Double = 0) -> Ending? {
        isOver = true
        let start = SuspendingClock.now
        while !hasEnded, Self.seconds(since: start) < patience { usleep(5_000) }
        let endedByItself = hasEnded
        // Before it is waited for: until then nobody else gets its number.
        kill(-process, SIGKILL)
        // It may have left its group, where nothing kept it from that.
        kill(process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        guard endedByItself else { return nil }
        let signal = status & 0x7F
        return signal == 0 ? .status(status >> 8 & 0xFF) : .signal(signal)
    }

    /// Whether the process has ended; it is still to be waited for.
    private var hasEnded: Bool {
        var facts = siginfo_t()
        return waitid(P_PID, id_t(process), &facts, WEXITED | WNOHANG | WNOWAIT) == 0
            && facts.si_signo == SIGCHLD
    }
}
