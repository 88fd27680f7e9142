import Base
import Glibc
import Indexing
import Ingestion
import Library

/// A library's index on a server: searched in this machine's copy, or by the server's candidates, and written on the server.
public final class ServerIndex: LibraryIndex {
    private let address: PostgresAddress
    private let mounts: MountMap
    /// Asks what one who waits for an answer asks.
    private let client: PostgresClient
    private let mirror: IndexMirror

    package var name: String { address.name }
    package var folder: String { mirror.folder }
    package var isShared: Bool { true }
    package var mayExist: Bool { true }

    /// Opens nothing yet.
    ///
    /// - Parameters:
    ///   - mounts: where this machine sees the folders of the videos.
    ///   - cacheFolder: in which this machine's copies of shared indexes are.
    public init(_ address: PostgresAddress, mounts: MountMap, cacheFolder: String) {
        self.address = address
        self.mounts = mounts
        client = PostgresClient(address, patience: 10)
        mirror = IndexMirror(client: client, mounts: mounts, cache: cacheFolder)
    }

    package func refresh() throws(IndexError) { try mirror.refresh() }

    package func writer(
        model: IndexModel, waitingSeconds: Double, isCancelled: @escaping @Sendable () -> Bool
    ) throws(IndexError) -> any IndexStore {
        let client = PostgresClient(address, isCancelled: isCancelled)
        return try SharedIndex.open(writingTo: client, model: model, mounts: mounts)
    }

    package func writer(
        _ opened: () throws(IndexError) -> VideoIndex, waitingSeconds: Double
    ) throws(IndexError) -> any IndexStore {
        let known = try SharedIndex.open(readingFrom: client).model
        return try SharedIndex.open(writingTo: client, model: known, mounts: mounts)
    }

    package func run(
        _ run: LibraryRun, progress: @escaping @Sendable (IndexProgress) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(IndexError) -> IndexProgress {
        let client = PostgresClient(address, isCancelled: isCancelled)
        defer { client.close() }
        let index = try SharedIndex.open(writingTo: client, model: run.model, mounts: mounts)
        let queue = VideoQueue(index: index, worker: Self.workerName(), lease: run.lease)
        let job = IndexJob(index: index, queue: queue, source: run.source, options: run.options)
        return try job.run(progress: progress, isCancelled: isCancelled)
    }

    package func info(
        listingFailures: Bool, _ opened: () throws(IndexError) -> VideoIndex
    ) throws(IndexError) -> LibraryInfo {
        let index = try reading()
        let state = try VideoQueue(index: index, worker: "", lease: 1).state()
        var info = LibraryInfo(
            folder: index.name, formatVersion: index.formatVersion, bytes: try index.sizeOnServer(),
            roots: Path.outermost(try index.roots()), model: index.model, counts: try index.counts(),
            failures: listingFailures ? try index.failures() : nil)
        info.shared = SharedInfo(
            waiting: state.open - state.leased, underWay: state.leased, recall: try index.candidateRecall())
        return info
    }

    package func candidates() throws(IndexError) -> (any CandidateIndex)? { try reading() }

    private func reading() throws(IndexError) -> SharedIndex {
        try SharedIndex.open(readingFrom: client, mounts: mounts)
    }

    /// One name for each process on each machine.
    private static func workerName() -> String {
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, host.count - 1)
        let name = host.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        return "\(name):\(getpid()):\(String(UInt32.random(in: 0 ... .max), radix: 16))"
    }
}
