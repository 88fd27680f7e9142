import Library
import Service

/// Threads for the work that blocks, a few of a kind, so that searches, lookups, files and decoders do not wait for one
/// another, and nothing blocks the threads that answer.
struct Lanes: Sendable {
    /// What takes minutes is `heavy`, and waits for its like alone.
    enum Kind: String, Sendable, CaseIterable { case search, heavy, lookup, file, decoder, picture }

    private let queues: [Kind: WorkQueue]

    init(processors: Int, waiting: Int) {
        let queues = Kind.allCases.map { kind in
            let threads =
                switch kind {
                case .search, .picture: processors
                // Each of them takes every processor: one comparison of all videos, and one search by samples.
                case .heavy: 2
                case .lookup: 2
                case .file: 4
                // One decoder leaves the other processors to the searches.
                case .decoder: max(1, processors / 2)
                }
            let queue = WorkQueue(
                label: "http.\(kind.rawValue)", threads: threads,
                maximumWaiting: kind == .file ? 4 * waiting : waiting)
            return (kind, queue)
        }
        self.queues = Dictionary(uniqueKeysWithValues: queues)
    }

    /// Runs blocking work on a thread of its kind. Work that is cancelled before its turn does not begin.
    ///
    /// - Throws: what the work throws, `cancelled`, and 429 where too much of it waits.
    func run<R: Sendable>(
        _ kind: Kind, _ cancellation: Cancellation = Cancellation(),
        _ work: @escaping @Sendable () throws -> R
    ) async throws -> R {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let accepted = queues[kind]?.submit {
                    continuation.resume(
                        with: Result {
                            if cancellation.isCancelled { throw LibraryError.cancelled }
                            return try work()
                        })
                } isGivenUp: {
                    cancellation.isCancelled
                }
                if accepted != true {
                    continuation.resume(
                        throwing: Refusal.tooMany("too many requests are waiting", seconds: 1))
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
    }
}
