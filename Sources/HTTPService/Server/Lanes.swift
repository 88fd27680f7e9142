import Library
import Service

/// Threads for the work that blocks, a few of a kind, so that searches, lookups, files and decoders do not wait for one
/// another, and nothing blocks the threads that answer.
struct Lanes: Sendable {
    /// What takes minutes is `heavy`, and waits for its like alone.
    enum Kind: Sendable { case search, heavy, lookup, file, decoder, picture }

    private let searches: WorkQueue
    private let heavy: WorkQueue
    private let lookups: WorkQueue
    private let files: WorkQueue
    private let decoders: WorkQueue
    private let pictures: WorkQueue

    init(processors: Int, waiting: Int) {
        searches = WorkQueue(label: "http.search", threads: processors, maximumWaiting: waiting)
        // Each of them takes every processor: one comparison of all videos, and one search by samples.
        heavy = WorkQueue(label: "http.heavy", threads: 2, maximumWaiting: waiting)
        lookups = WorkQueue(label: "http.lookup", threads: 2, maximumWaiting: waiting)
        files = WorkQueue(label: "http.file", threads: 4, maximumWaiting: 4 * waiting)
        // One decoder leaves the other processors to the searches.
        decoders = WorkQueue(
            label: "http.decoder", threads: max(1, processors / 2), maximumWaiting: waiting)
        pictures = WorkQueue(label: "http.picture", threads: processors, maximumWaiting: waiting)
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
                let accepted = queue(kind).submit {
                    continuation.resume(
                        with: Result {
                            if cancellation.isCancelled { throw LibraryError.cancelled }
                            return try work()
                        })
                } isGivenUp: {
                    cancellation.isCancelled
                }
                if !accepted {
                    continuation.resume(
                        throwing: Refusal(.tooMany("too many requests are waiting", seconds: 1)))
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
    }

    private func queue(_ kind: Kind) -> WorkQueue {
        switch kind {
        case .search: searches
        case .heavy: heavy
        case .lookup: lookups
        case .file: files
        case .decoder: decoders
        case .picture: pictures
        }
    }
}
