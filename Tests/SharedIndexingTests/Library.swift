import Base
import Distributions
import Foundation
import Indexing
import Ingestion
import Retrieval
import SharedIndexing
import Synchronization
import TestSupport
import VideoEncoding

/// A source that "decodes" text files: a file's content is its video; `broken…` fails as damaged.
final class TextSource: VideoSource {
    let encoded = Mutex<[String]>([])
    private let delay: UInt32

    init(delay: UInt32 = 0) { self.delay = delay }

    private static func content(_ path: String) throws(VideoError) -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw VideoError(path: path, reason: .notFound, detail: "no such file")
        }
        return String(decoding: data, as: UTF8.self)
    }

    func fingerprint(path: String) throws(VideoError) -> String {
        try Self.content(path).utf8.map { String($0, radix: 16) }.joined()
    }

    func makeWorker(threads: Int) throws(IndexError) -> any VideoWorker { Worker(source: self) }

    private final class Worker: VideoWorker {
        let source: TextSource
        init(source: TextSource) { self.source = source }

        func encode(
            path: String, timeLimit: Double, decoderThreads: Int, isCancelled: @escaping @Sendable () -> Bool
        ) throws(VideoError) -> EncodedVideo {
            let text = try TextSource.content(path)
            usleep(source.delay)
            if isCancelled() { throw VideoError(path: path, reason: .cancelled, detail: "cancelled") }
            source.encoded.withLock { $0.append(text) }
            if text.hasPrefix("broken") {
                throw VideoError(path: path, reason: .damaged, detail: "it is broken")
            }
            return TextSource.video(of: text)
        }
    }

    static let model = IndexModel(name: "text", fingerprint: "text", dimension: 16)

    static func video(of text: String) -> EncodedVideo {
        var generator = SeededGenerator(seed: text.utf8.reduce(7) { ($0 &* 31) &+ UInt64($1) })
        let clips = 1 + text.utf8.count % 3
        return EncodedVideo(
            facts: StreamFacts(
                container: "text", codec: "utf8", width: text.utf8.count, height: 1,
                duration: Double(2 * clips),
                frameRate: nil),
            intervals: (0..<clips).map { (clip: Int) in
                TimeRange(start: Double(2 * clip), stop: Double(2 * clip + 2))
            },
            mixture: GaussianMixture(
                components: (0..<clips).map { _ in
                    Gaussian(
                        mean: (0..<16).map { _ in Float.random(in: -1...1, using: &generator) },
                        logVariance: (0..<16).map { _ in Float.random(in: -7 ... -2, using: &generator) })
                }))
    }
}

/// A folder of text "videos", to be indexed here and there.
struct Library {
    let folder: TemporaryFolder
    var videos: String { folder.path + "/videos" }

    init() throws {
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: videos, withIntermediateDirectories: true)
    }

    func write(_ name: String, _ text: String) throws {
        let path = videos + "/" + name
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try text.write(toFile: path, atomically: false, encoding: .utf8)
    }

    /// A run on a shared index, as a process of its own would do it.
    @discardableResult
    func run(
        on database: TestDatabase, mounts: MountMap = MountMap(), roots: [String]? = nil,
        source: TextSource = TextSource(), worker: String = "one", lease: Double = 60, prune: Bool = false
    ) throws -> IndexProgress {
        let client = try database.client()
        defer { client.close() }
        let index = try SharedIndex.open(writingTo: client, model: TextSource.model, mounts: mounts)
        var options = IndexJobOptions(roots: roots ?? [videos])
        options.workers = 2
        options.prune = prune
        return try IndexJob(
            index: index, queue: VideoQueue(index: index, worker: worker, lease: lease), source: source,
            options: options
        ).run(progress: { _ in }, isCancelled: { false })
    }

    /// The same on an embedded index in a folder.
    @discardableResult
    func runEmbedded(prune: Bool = false) throws -> String {
        let place = folder.path + "/index"
        let index = try VideoIndex.open(writingTo: place, model: TextSource.model)
        defer { index.close() }
        var options = IndexJobOptions(roots: [videos])
        options.prune = prune
        _ = try IndexJob(index: index, source: TextSource(), options: options)
            .run(progress: { _ in }, isCancelled: { false })
        return place
    }

    /// The mirror of a shared index, in step.
    func mirror(of database: TestDatabase, mounts: MountMap = MountMap()) throws -> String {
        let mirror = IndexMirror(client: try database.client(), mounts: mounts, cache: folder.path + "/cache")
        try mirror.refresh()
        return mirror.folder
    }

    /// Each video's whole ranking, as an index in a folder gives it: paths and distances, to the bit.
    static func rankings(_ folder: String) throws -> [String: [String]] {
        let index = try VideoIndex.open(readingFrom: folder)
        defer { index.close() }
        let engine = try SearchEngine(index: index)
        var rankings: [String: [String]] = [:]
        for video in try index.allVideos() {
            let matches = try engine.rank(
                query: try index.mixture(ofVideo: video.id).mixture, fingerprint: "", limit: 1000)
            rankings[video.identity.path] = matches.map {
                "\($0.video.identity.path) \($0.distance.bitPattern) \($0.uncertainty.bitPattern)"
            }
        }
        for failure in try index.failures() {
            rankings[failure.identity.path] = [failure.reason, failure.message]
        }
        return rankings
    }
}
