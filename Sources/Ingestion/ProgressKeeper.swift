import Base
import Indexing
import Synchronization

/// The state that the threads of a run share: counts, what is being read, the first error, and the estimate of the time left.
final class ProgressKeeper: Sendable {
    /// A file that a thread is at.
    private struct Reading {
        var path: PathKey
        var bytes: Int64
        /// Of its running time, 0 to 1.
        var share = 0.0
    }

    /// Bytes of files, and how many those are.
    private struct Amount {
        var bytes: Int64 = 0
        var files = 0

        /// More bytes than any disk has. A sparse file may claim to have as many as there are numbers for.
        static func believable(_ bytes: Int64) -> Int64 { min(max(bytes, 0), 1 << 50) }

        /// Bytes stand for time, and opening a file for a quarter of a million of them.
        var cost: Double { Double(bytes) + 250_000 * Double(files) }
    }

    private struct State {
        var progress = IndexProgress()
        var error: IndexError?
        /// What the phase reads, and what of it is done.
        var total = Amount()
        var done = Amount()
        /// In the order in which they were begun.
        var reading: [Reading] = []
        var phaseBegan: Double?
    }
    private let state = Mutex(State())
    private let began = Time.monotonic
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

    /// - Parameter files: bytes of each file that the phase reads.
    func begin(_ phase: IndexProgress.Phase, reading files: [Int64]) {
        let now = Time.monotonic
        state.withLock {
            $0.progress.phase = phase
            $0.phaseBegan = now
            $0.total = Amount(bytes: files.reduce(0) { $0 + Amount.believable($1) }, files: files.count)
            $0.done = Amount()
        }
    }

    /// Adds a file that came up on the way.
    func add(bytes: Int64) {
        state.withLock {
            $0.total.bytes += Amount.believable(bytes)
            $0.total.files += 1
        }
    }

    /// Counts a file as done.
    func finish(bytes: Int64) {
        state.withLock {
            $0.done.bytes += Amount.believable(bytes)
            $0.done.files += 1
        }
    }

    /// What is left in a queue on which others work as well, and into which others put: what is gone from it is done.
    func note(openBytes: Int64, openFiles: Int) {
        // A server's numbers.
        let (openBytes, openFiles) = (Amount.believable(openBytes), min(max(openFiles, 0), 1 << 40))
        state.withLock { state in
            state.done.bytes += max(0, state.total.bytes - state.done.bytes - openBytes)
            state.done.files += max(0, state.total.files - state.done.files - openFiles)
            state.total = Amount(
                bytes: state.done.bytes + openBytes, files: state.done.files + openFiles)
        }
    }

    /// Notes that a file is being read, and how far.
    ///
    /// - Parameter share: of its running time, 0 to 1; nil leaves what was said before.
    func read(_ path: String, bytes: Int64, share: Double? = nil) {
        let (path, bytes) = (PathKey(path), Amount.believable(bytes))
        state.withLock { state in
            if let place = state.reading.firstIndex(where: { $0.path == path }) {
                if let share { state.reading[place].share = share }
            } else {
                state.reading.append(Reading(path: path, bytes: bytes, share: share ?? 0))
            }
        }
    }

    /// Notes that a file is not read any more.
    func stopReading(_ path: String) {
        let path = PathKey(path)
        state.withLock { $0.reading.removeAll { $0.path == path } }
    }

    /// The state now. The estimate assumes that what is left goes as fast as what is done, needs two seconds to say
    /// anything, and grows while a file takes longer than its size let expect.
    func snapshot() -> IndexProgress {
        let now = Time.monotonic
        return state.withLock { state in
            var progress = state.progress
            progress.elapsed = now - began
            var done = state.done
            for file in state.reading { done.bytes += Int64(file.share * Double(file.bytes)) }
            // Where others work on the same queue, what they say may be older than what this run does.
            progress.bytesTotal = state.total.bytes
            progress.bytesDone = min(done.bytes, state.total.bytes)
            progress.reading = state.reading.map(\.path.path)
            if let start = state.phaseBegan, progress.phase != .finished, done.cost > 0, now - start >= 2 {
                progress.secondsLeft = (now - start) / done.cost * max(0, state.total.cost - done.cost)
            }
            return progress
        }
    }
}
