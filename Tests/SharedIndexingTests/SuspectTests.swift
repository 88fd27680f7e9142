import Base
import Foundation
import Indexing
import Ingestion
import SharedIndexing
import Synchronization
import Testing
import VideoEncoding

/// Contents of a shared queue that the process which reads them does not survive.
@Suite(.enabled(if: TestServer.isThere, TestServer.isMissing), .serialized)
struct SuspectTests {
    /// A source whose `killer…` files end their worker that many times; it notes who was at work meanwhile.
    private final class KillerSource: VideoSource {
        struct Try: Equatable {
            var name: String
            var threads: Int
            /// Files that were read at any time during this try, this one among them.
            var company: Int
        }
        private struct State {
            var tries: [Try] = []
            /// Tries that run, by place in `tries`.
            var running: Set<Int> = []
        }
        private let state = Mutex(State())
        private let deaths: Int

        init(deaths: Int) { self.deaths = deaths }

        var tries: [Try] { state.withLock { $0.tries } }

        func fingerprint(path: String) throws(VideoError) -> String {
            try TextSource().fingerprint(path: path)
        }

        func makeWorker(threads: Int) throws(IndexError) -> any VideoWorker { Worker(self, threads) }

        private func begin(_ name: String, _ threads: Int) -> Int {
            state.withLock { state in
                let place = state.tries.count
                state.running.insert(place)
                state.tries.append(Try(name: name, threads: threads, company: 0))
                for other in state.running { state.tries[other].company += 1 }
                state.tries[place].company = state.running.count
                return place
            }
        }

        /// Whether the worker dies.
        private func end(_ place: Int) -> Bool {
            state.withLock { state in
                state.running.remove(place)
                let name = state.tries[place].name
                return name.hasPrefix("killer") && state.tries.filter { $0.name == name }.count <= deaths
            }
        }

        private final class Worker: VideoWorker {
            let source: KillerSource
            let threads: Int

            init(_ source: KillerSource, _ threads: Int) { (self.source, self.threads) = (source, threads) }

            func encode(
                path: String, timeLimit: Double, decoderThreads: Int,
                isCancelled: @escaping @Sendable () -> Bool
            ) throws(VideoError) -> EncodedVideo {
                let name = path.split(separator: "/").last.map(String.init) ?? ""
                let place = source.begin(name, threads)
                usleep(name.hasPrefix("killer") ? 150_000 : 30_000)
                if source.end(place) {
                    throw VideoError(path: path, reason: .decoderFailed, detail: "it did not survive it")
                }
                return TextSource.video(of: name)
            }
        }
    }

    private let database: TestDatabase
    private let library: Library

    init() throws {
        database = try TestServer.makeDatabase()
        library = try Library()
    }

    private func run(_ source: KillerSource, isCancelled: @escaping @Sendable () -> Bool = { false }) throws
        -> IndexProgress
    {
        let client = try database.client()
        defer { client.close() }
        let index = try SharedIndex.open(writingTo: client, model: TextSource.model)
        var options = IndexJobOptions(roots: [library.videos])
        options.workers = 3
        let queue = VideoQueue(index: index, worker: "one", lease: 60)
        return try IndexJob(index: index, queue: queue, source: source, options: options)
            .run(progress: { _ in }, isCancelled: isCancelled)
    }

    @Test func whatFailsOnceIsTriedAgainAlone() throws {
        // The largest is the first that is taken, beside others.
        try library.write("killer.mp4", String(repeating: "long", count: 9))
        for number in 0..<20 { try library.write("\(number).mp4", "number \(number)") }
        let source = KillerSource(deaths: 1)
        let result = try run(source)
        #expect(result.indexed == 21 && result.failed == 0)
        let tries = source.tries
        #expect(tries.count == 22)
        let killer = tries.filter { $0.name == "killer.mp4" }
        #expect(killer.count == 2 && killer.first?.company ?? 0 > 1)
        // The second time with all processors, after all others.
        #expect(killer.last?.company == 1 && tries.last?.name == "killer.mp4")
        #expect(tries.last?.threads == ProcessInfo.processInfo.activeProcessorCount)
        #expect(try database.sql("SELECT count(*), max(failed) FROM mixtape.file") == "21|0")
        #expect(try database.sql("SELECT count(*) FROM mixtape.task") == "0")
    }

    @Test func whatFailsTwiceIsLeftAlone() throws {
        for number in 1...2 { try library.write("killer \(number).mp4", "one \(number)") }
        try library.write("good.mp4", "three")
        let source = KillerSource(deaths: 9)
        let result = try run(source)
        #expect(result.indexed == 1 && result.failed == 2)
        #expect(source.tries.count == 5)
        let reasons = try database.sql("SELECT path, reason FROM mixtape.file WHERE failed > 0 ORDER BY path")
        #expect(reasons.split(separator: "\n").count == 2)
        #expect(reasons.split(separator: "\n").allSatisfy { $0.hasSuffix("|decoder_failed") }, "\(reasons)")
        #expect(try run(source).unchanged == 3)
        #expect(source.tries.count == 5)
    }

    /// Who is stopped while a content waits for its second chance gives it back as one that was tried.
    @Test func aStoppedRunGivesItsSuspectsBack() throws {
        try library.write("killer.mp4", String(repeating: "long", count: 9))
        for number in 0..<60 { try library.write("\(number).mp4", "number \(number)") }
        let source = KillerSource(deaths: 9)
        _ = try run(source, isCancelled: { source.tries.count > 10 })
        #expect(source.tries.filter { $0.name == "killer.mp4" }.count == 1)
        #expect(
            try database.sql("SELECT attempts, lease IS NULL FROM mixtape.task ORDER BY size DESC LIMIT 1")
                == "1|t")
    }
}
