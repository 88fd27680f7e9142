import Base
import Distributions
import Foundation
import Indexing
import Ingestion
import Synchronization
import Testing
import TestSupport
import VideoEncoding

/// A source that "decodes" text files: deterministic, quick, with faults on demand.
///
/// A file's content is its video; `broken…` fails as damaged, `nan…` gives values that are no numbers.
final class TextSource: VideoSource {
    /// What was called, for asserting what was *not* read.
    struct Calls: Equatable {
        var fingerprinted: [String] = []
        var encoded: [String] = []
        var threads: [Int] = []
        /// Of files that came together.
        var companies: [Int] = []
    }
    private let calls = Mutex(Calls())
    private let beforeEncoding: @Sendable (String) throws -> Void

    init(beforeEncoding: @escaping @Sendable (String) throws -> Void = { _ in }) {
        self.beforeEncoding = beforeEncoding
    }

    /// The calls since the last time this was asked, file names in order.
    func takeCalls() -> Calls {
        calls.withLock { calls in
            defer { calls = Calls() }
            calls.fingerprinted.sort()
            calls.encoded.sort()
            return calls
        }
    }

    static func name(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }

    private static func content(_ path: String) throws(VideoError) -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw VideoError(path: path, reason: .notFound, detail: "no such file")
        }
        if data.isEmpty { throw VideoError(path: path, reason: .empty, detail: "the file is empty") }
        return String(decoding: data, as: UTF8.self)
    }

    func fingerprint(path: String) throws(VideoError) -> String {
        calls.withLock { $0.fingerprinted.append(TextSource.name(path)) }
        return try TextSource.content(path).utf8.map { String($0, radix: 16) }.joined()
    }

    func makeWorker(threads: Int) throws(IndexError) -> any VideoWorker { Worker(self, threads) }

    private final class Worker: VideoWorker {
        private let source: TextSource
        private let threads: Int

        init(_ source: TextSource, _ threads: Int) {
            self.source = source
            self.threads = threads
        }

        func encode(
            _ files: [FileToEncode], isCancelled: @escaping @Sendable () -> Bool,
            progress: @escaping @Sendable (Int, Double) -> Void,
            deliver: (Int, Result<EncodedVideo, VideoError>) -> Void
        ) {
            source.calls.withLock { $0.companies.append(files.count) }
            files.oneByOne(deliver) { file throws(VideoError) in
                try encode(
                    path: file.path, timeLimit: file.timeLimit, decoderThreads: file.decoderThreads,
                    isCancelled: isCancelled)
            }
        }

        func encode(
            path: String, timeLimit: Double, decoderThreads: Int, isCancelled: @escaping @Sendable () -> Bool
        ) throws(VideoError) -> EncodedVideo {
            source.calls.withLock {
                $0.encoded.append(TextSource.name(path))
                $0.threads.append(threads)
            }
            let text = try TextSource.content(path)
            do {
                try source.beforeEncoding(path)
            } catch {
                throw error as? VideoError ?? VideoError(path: path, reason: .readFailed, detail: "\(error)")
            }
            if isCancelled() { throw VideoError(path: path, reason: .cancelled, detail: "cancelled") }
            if text.hasPrefix("broken") {
                throw VideoError(path: path, reason: .damaged, detail: "it is broken")
            }
            return EncodedVideo(
                facts: StreamFacts(
                    container: "text", codec: "utf8", width: text.utf8.count, height: 1, duration: 2,
                    frameRate: nil),
                intervals: [TimeRange(start: 0, stop: 2)], mixture: TextSource.mixture(of: text))
        }
    }

    /// What a text becomes.
    static func mixture(of text: String) -> GaussianMixture {
        var mean = [Float](repeating: 0, count: 16)
        // Long texts are for the time that they take to read.
        for (i, byte) in text.utf8.prefix(4096).enumerated() { mean[i % 16] += Float(byte) / 256 }
        if text.hasPrefix("nan") { mean[0] = .nan }
        return GaussianMixture(components: [
            Gaussian(mean: mean, logVariance: [Float](repeating: -7, count: 16))
        ])
    }
}

/// A library of text "videos" and its index.
final class Library: Sendable {
    let folder: TemporaryFolder
    let videos: String
    let indexFolder: String
    let source: TextSource

    static let model = IndexModel(name: "text", fingerprint: "text", dimension: 16)

    init(quick: Bool = false, beforeEncoding: @escaping @Sendable (String) throws -> Void = { _ in }) throws {
        folder = try TemporaryFolder(quick: quick)
        videos = folder.path + "/videos"
        indexFolder = folder.path + "/index"
        source = TextSource(beforeEncoding: beforeEncoding)
        try FileManager.default.createDirectory(atPath: videos, withIntermediateDirectories: true)
    }

    /// The same library and index, with no faults.
    init(like other: Library) {
        (folder, videos, indexFolder) = (other.folder, other.videos, other.indexFolder)
        source = TextSource()
    }

    func path(_ name: String) -> String { videos + "/" + name }

    /// Writes a file, with the folders above it, and a time of its own.
    func write(_ name: String, _ text: String, time: Int = 1_700_000_000) throws {
        let folder = path(name).split(separator: "/").dropLast().joined(separator: "/")
        try FileManager.default.createDirectory(atPath: "/" + folder, withIntermediateDirectories: true)
        // Foundation's own writing waits for the disk, thousands of times.
        let file = try #require(fopen(path(name), "w"))
        fputs(text, file)
        fclose(file)
        try touch(name, time)
    }

    func touch(_ name: String, _ time: Int) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: Double(time))], ofItemAtPath: path(name))
    }

    func move(_ from: String, _ to: String) throws {
        try FileManager.default.moveItem(atPath: path(from), toPath: path(to))
    }

    func delete(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

    /// One run as a process of its own would do it: opens, runs, closes.
    @discardableResult
    func run(
        roots: [String]? = nil, prune: Bool = false, retryFailed: Bool = false, workers: Int? = 2,
        rules: ScanRules = ScanRules(), isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws -> IndexProgress {
        let index = try VideoIndex.open(writingTo: indexFolder, model: Library.model, durability: .process)
        defer { index.close() }
        var options = IndexJobOptions(roots: roots ?? [videos])
        options.prune = prune
        options.retryFailed = retryFailed
        options.rules = rules
        options.workers = workers
        return try IndexJob(index: index, source: source, options: options)
            .run(progress: { _ in }, isCancelled: isCancelled)
    }

    func read<R>(_ body: (VideoIndex) throws -> R) throws -> R {
        let index = try VideoIndex.open(readingFrom: indexFolder, expecting: Library.model)
        defer { index.close() }
        return try body(index)
    }

    /// Ready videos' paths below the library, by path.
    func ready() throws -> [String] {
        try read { try $0.allVideos().map { String($0.identity.path.dropFirst(videos.utf8.count + 1)) } }
    }

    /// Failed files' names and reasons, by path.
    func failures() throws -> [String] {
        try read { try $0.failures().map { TextSource.name($0.identity.path) + ": " + $0.reason } }
    }

    func id(_ name: String) throws -> Int64? { try read { try $0.video(atPath: path(name))?.id } }

    /// Whether every ready row holds what encoding its file now would give, and the moments agree.
    func isTrue() throws -> Bool {
        try read { index in
            let table = try index.moments()
            guard table.count == (try index.counts().ready) else { return false }
            return try index.allVideos().allSatisfy { video in
                let text = String(
                    decoding: FileManager.default.contents(atPath: video.identity.path) ?? Data(),
                    as: UTF8.self)
                let expected = TextSource.mixture(of: text).components[0].mean.map { Float(Float16($0)) }
                return try index.mixture(ofVideo: video.id).mixture.components[0].mean == expected
            }
        }
    }
}
