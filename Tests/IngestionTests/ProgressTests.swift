import Base
import Foundation
import Indexing
import Ingestion
import Synchronization
import Testing
import TestSupport
import VideoEncoding

/// What a run says of itself while it reads.
@Suite struct ProgressTests {
    /// Says of each file that it is read by quarters, and waits for `goOn` behind each.
    private final class QuarterSource: VideoSource {
        private let text = TextSource()
        let goOn: @Sendable (String, Double) -> Void

        init(goOn: @escaping @Sendable (String, Double) -> Void) { self.goOn = goOn }

        /// By name: contents may be long.
        func fingerprint(path: String) throws(VideoError) -> String {
            TextSource.name(path).utf8.map { String($0, radix: 16) }.joined()
        }

        func makeWorker(threads: Int) throws(IndexError) -> any VideoWorker {
            Worker(self, try text.makeWorker(threads: threads))
        }

        private final class Worker: VideoWorker {
            private let source: QuarterSource
            private let text: any VideoWorker

            init(_ source: QuarterSource, _ text: any VideoWorker) {
                (self.source, self.text) = (source, text)
            }

            func encode(
                path: String, timeLimit: Double, decoderThreads: Int,
                isCancelled: @escaping @Sendable () -> Bool
            ) throws(VideoError) -> EncodedVideo {
                try text.encode(
                    path: path, timeLimit: timeLimit, decoderThreads: decoderThreads, isCancelled: isCancelled
                )
            }

            func encode(
                _ files: [FileToEncode], isCancelled: @escaping @Sendable () -> Bool,
                progress: @escaping @Sendable (Int, Double) -> Void,
                deliver: (Int, Result<EncodedVideo, VideoError>) -> Void
            ) {
                for (place, file) in files.enumerated() {
                    for share in [0.25, 0.5, 0.75] {
                        progress(place, share)
                        source.goOn(TextSource.name(file.path), share)
                    }
                    text.encode([file], isCancelled: isCancelled) { deliver(place, $1) }
                }
            }
        }
    }

    private func run(
        _ library: Library, workers: Int,
        goOn: @escaping @Sendable (String, Double, _ told: () -> [IndexProgress]) -> Void
    ) throws -> (told: [IndexProgress], last: IndexProgress) {
        let index = try VideoIndex.open(
            writingTo: library.indexFolder, model: Library.model, durability: .process)
        defer { index.close() }
        var options = IndexJobOptions(roots: [library.videos])
        options.workers = workers
        let told = Told()
        let source = QuarterSource { name, share in goOn(name, share) { told.all } }
        let last = try IndexJob(index: index, source: source, options: options)
            .run(
                progress: told.add, isCancelled: { false })
        return (told.all, last)
    }

    /// What was told, from whatever thread.
    private final class Told: Sendable {
        private let progress = Mutex<[IndexProgress]>([])
        var all: [IndexProgress] { progress.withLock { $0 } }
        @Sendable func add(_ one: IndexProgress) { progress.withLock { $0.append(one) } }
    }

    @Test func aLongFileMovesTheBarWhileItIsRead() throws {
        let library = try Library()
        try library.write("film.mp4", String(repeating: "x", count: 1000))
        let (told, last) = try run(library, workers: 1) { _, share, told in
            _ = eventually { told().contains { $0.bytesDone == Int(1000 * share) } }
        }
        let reading = told.filter { $0.phase == .encoding && !$0.reading.isEmpty }
        #expect(reading.allSatisfy { $0.reading == [library.path("film.mp4")] && $0.done == 0 })
        #expect(reading.allSatisfy { $0.current == library.path("film.mp4") && $0.bytesTotal == 1000 })
        let shares = reading.map(\.bytesDone)
        #expect(Set(shares).isSuperset(of: [250, 500, 750]) && shares == shares.sorted(), "\(shares)")
        #expect(last.bytesDone == 1000 && last.bytesTotal == 1000 && last.done == 1)
        #expect(last.reading.isEmpty && last.current == nil)
    }

    /// The file that ended last is not among those that are read.
    @Test func whatIsReadIsNamedAndWhatIsDoneIsNot() throws {
        let library = try Library()
        try library.write("film.mp4", String(repeating: "x", count: 1000))
        try library.write("short.mp4", String(repeating: "y", count: 10))
        let (told, last) = try run(library, workers: 2) { name, _, told in
            guard name == "film.mp4" else { return }
            _ = eventually { told().contains { $0.done == 1 && $0.reading.count == 1 } }
        }
        let late = told.filter { $0.done == 1 }
        #expect(!late.isEmpty && late.allSatisfy { $0.bytesTotal == 1010 })
        #expect(late.filter { !$0.reading.isEmpty }.allSatisfy { $0.reading == [library.path("film.mp4")] })
        #expect(last.indexed == 2 && last.bytesDone == 1010)
    }

    /// A quarter of a film took a quarter of its time, however many small files came with it.
    @Test func theTimeLeftIsThatOfTheBytesLeft() throws {
        let library = try Library()
        // The cost of opening a file is that of a quarter of a million bytes.
        try library.write("film.mp4", String(repeating: "x", count: 25_000_000))
        for number in 0..<3 { try library.write("\(number).mp4", "small \(number)") }
        let (told, _) = try run(library, workers: 1) { name, share, _ in
            if name == "film.mp4" { usleep(share == 0.5 ? 1_500_000 : 1_000_000) }
        }
        // Begun at 0.25 for a second, at 0.5 from then on.
        let left = told.filter { $0.bytesDone == 12_500_000 }.compactMap(\.secondsLeft)
        let last = try #require(left.last)
        // 12.5 of 25 MB took 2.5 s at most by then; what is left, 13.5 by that count, takes about as long.
        #expect((1.5...6).contains(last), "\(left)")
    }

    @Test func whatNeedsNoReadingIsNotCounted() throws {
        let library = try Library()
        try library.write("old.mp4", "old")
        try library.run()
        try library.write("new.mp4", "newer")
        let (_, last) = try run(library, workers: 1) { _, _, _ in }
        #expect(last.total == 2 && last.unchanged == 1 && last.bytesTotal == 5 && last.bytesDone == 5)
    }
}
