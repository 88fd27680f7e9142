import Base
import Glibc
import Indexing
import Ingestion
import SharedIndexing
import VideoEncoding

/// Where a shared index is, and what of it is on this machine.
public struct SharedPlace: Sendable, Equatable {
    /// The database.
    public var address: PostgresAddress
    /// Where this machine sees the folders of the videos.
    public var mounts: MountMap
    /// The folder in which this machine's copies of shared indexes are.
    public var cacheFolder: String

    /// A place of its parts.
    public init(address: PostgresAddress, mounts: MountMap, cacheFolder: String) {
        self.address = address
        self.mounts = mounts
        self.cacheFolder = cacheFolder
    }
}

/// What a shared index has beside the videos.
public struct SharedInfo: Sendable {
    /// Contents that wait for being encoded.
    public var waiting: Int
    /// Contents that some worker is at.
    public var underWay: Int
    /// How many of the true ten nearest a search finds by candidates, by their number; empty where there is no index of
    /// candidates.
    public var recall: [CandidateRecall]

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
        guard configuration.shared != nil else { throw .notShared(configuration.indexName) }
        var request = request
        request.folders = []
        return try index(request, progress: progress, isCancelled: isCancelled)
    }

    func run(
        _ options: IndexJobOptions, _ encoder: VideoEncoder, on shared: SharedPlace, lease: Double,
        progress: @escaping @Sendable (IndexProgress) -> Void, isCancelled: @escaping @Sendable () -> Bool
    ) throws(IndexError) -> IndexProgress {
        let client = PostgresClient(shared.address, isCancelled: isCancelled)
        defer { client.close() }
        let index = try SharedIndex.open(
            writingTo: client, model: encoder.indexModel, mounts: shared.mounts)
        let queue = VideoQueue(index: index, worker: Self.workerName(), lease: lease)
        let job = IndexJob(index: index, queue: queue, source: source(encoder), options: options)
        return try job.run(progress: progress, isCancelled: isCancelled)
    }

    func info(of shared: SharedPlace, listingFailures: Bool) throws(LibraryError) -> LibraryInfo {
        do throws(IndexError) {
            let index = try sharedIndex(shared)
            let state = try VideoQueue(index: index, worker: "", lease: 1).state()
            var info = LibraryInfo(
                folder: index.name, formatVersion: index.formatVersion, bytes: try index.sizeOnServer(),
                roots: Path.outermost(try index.roots()), model: index.model, counts: try index.counts(),
                failures: listingFailures ? try index.failures() : nil)
            info.shared = SharedInfo(
                waiting: state.open - state.leased, underWay: state.leased,
                recall: try index.candidateRecall())
            return info
        } catch {
            throw LibraryError(error)
        }
    }

    /// The shared index, for reading.
    func sharedIndex(_ shared: SharedPlace) throws(IndexError) -> SharedIndex {
        let client = self.client ?? PostgresClient(shared.address, patience: 10)
        return try SharedIndex.open(readingFrom: client, mounts: shared.mounts)
    }

    /// One name for each process on each machine.
    private static func workerName() -> String {
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, host.count - 1)
        let name = host.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        return "\(name):\(getpid()):\(String(UInt32.random(in: 0 ... .max), radix: 16))"
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
