import Base
import Indexing
import Ingestion

/// What a shared index has beside the videos.
public struct SharedInfo: Sendable {
    /// Contents that wait for being encoded.
    public var waiting: Int
    /// Contents that some worker is at.
    public var underWay: Int
    /// How many of the true ten nearest a search finds by candidates, by their number; empty where there is no index of
    /// candidates.
    public var recall: [CandidateRecall]

    /// Of its parts.
    package init(waiting: Int, underWay: Int, recall: [CandidateRecall]) {
        self.waiting = waiting
        self.underWay = underWay
        self.recall = recall
    }

    var json: JSONValue {
        [
            "queue": ["waiting": .number(waiting), "under_way": .number(underWay)],
            "candidates": .array(recall.map(\.json)),
        ]
    }
}

extension CandidateRecall {
    /// What `candidates --json` and `info --json` print.
    public var json: JSONValue {
        [
            "count": .number(count), "recall_at_10": .number(recall), "seconds": .number(seconds),
            "slow_seconds": .number(slowSeconds), "queries": .number(queries), "videos": .number(videos),
        ]
    }
}

extension VideoLibrary {
    /// Works on the queue of a shared index, together with all other workers, until it is empty; with the request's `waitsForMore`,
    /// until cancelled. Its folders are not looked at.
    public func work(
        _ request: IndexRequest, progress: @escaping @Sendable (IndexProgress) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(LibraryError) -> IndexSummary {
        guard configuration.index.isShared else { throw .notShared(configuration.index.name) }
        var request = request
        request.folders = []
        return try index(request, progress: progress, isCancelled: isCancelled)
    }
}

extension LibraryError {
    static func notShared(_ index: String) -> LibraryError {
        LibraryError(
            .index, reason: "index_not_shared", path: index,
            message: "\(index): this index is not on a server",
            hint: "name one with --index postgres://USER@HOST/DATABASE")
    }
}
