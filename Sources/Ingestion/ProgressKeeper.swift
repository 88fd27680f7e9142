import Indexing
import Synchronization

/// The state that the threads of a run share: counts, the first error, and the estimate of the time left.
final class ProgressKeeper: Sendable {
    private struct State {
        var progress = IndexProgress()
        var error: IndexError?
        /// Work of the encoding phase, in `cost` units.
        var workTotal: Double = 0
        var workDone: Double = 0
        var filesDone = 0
        var encodingBegan: Double?
    }
    private let state = Mutex(State())
    private let began = monotonicSeconds()
    private let cancelled: @Sendable () -> Bool

    init(isCancelled: @escaping @Sendable () -> Bool) { cancelled = isCancelled }

    /// Whether to begin nothing more: cancelled, or the index failed.
    var isStopped: Bool { cancelled() || state.withLock { $0.error != nil } }

    func update(_ change: (inout IndexProgress) -> Void) {
        state.withLock { change(&$0.progress) }
    }

    /// Keeps the first error that ends the run.
    func fail(_ error: IndexError) {
        state.withLock { if $0.error == nil { $0.error = error } }
    }

    var error: IndexError? { state.withLock { $0.error } }

    func beginEncoding(_ tasks: [EncodingTask]) {
        let now = monotonicSeconds()
        state.withLock {
            $0.progress.phase = .encoding
            $0.encodingBegan = now
            $0.workTotal = tasks.reduce(0) { $0 + ProgressKeeper.cost($1) }
        }
    }

    /// Adds a task that came up on the way.
    func add(_ task: EncodingTask) {
        state.withLock { $0.workTotal += ProgressKeeper.cost(task) }
    }

    func finish(_ task: EncodingTask) {
        state.withLock {
            $0.workDone += ProgressKeeper.cost(task)
            $0.filesDone += 1
        }
    }

    /// Bytes stand for time, and opening a file for a quarter of a million of them.
    private static func cost(_ task: EncodingTask) -> Double { Double(task.file.size) + 250_000 }

    /// The state now. The estimate assumes that what is left goes as fast as what is done, needs two seconds and two
    /// files to say anything, and grows while a file takes longer than its size let expect.
    func snapshot() -> IndexProgress {
        let now = monotonicSeconds()
        return state.withLock { state in
            var progress = state.progress
            progress.elapsed = now - began
            if let start = state.encodingBegan, progress.phase == .encoding, state.filesDone >= 2,
                now - start >= 2
            {
                progress.secondsLeft = (now - start) / state.workDone * (state.workTotal - state.workDone)
            }
            return progress
        }
    }
}
