import Foundation
import Indexing
import Ingestion
import Synchronization
import Testing
import TestSupport

/// An index that follows its folders.
@Suite struct WatchJobTests {
    /// A watch at work on a thread of its own.
    final class Watching: Sendable {
        let library: Library
        private let cancelled = Atomic(false)
        private let state = Mutex<(runs: [IndexProgress], busy: Int, folders: Int)>(([], 0, 0))
        private let ended = DispatchSemaphore(value: 0)
        private let failure = Mutex<WatchFailure?>(nil)

        init(_ library: Library, quiet: Double = 0.2, patience: Double = 3) {
            self.library = library
            var options = WatchOptions()
            (options.quiet, options.patience) = (quiet, patience)
            let job = WatchJob(IndexJobOptions(roots: [library.videos]), options: options) {
                (job, progress) throws(IndexError) in
                let index = try VideoIndex.open(
                    writingTo: library.indexFolder, model: Library.model, durability: .process)
                defer { index.close() }
                return try IndexJob(index: index, source: library.source, options: job)
                    .run(progress: progress, isCancelled: { [self] in cancelled.load(ordering: .relaxed) })
            }
            Thread.detachNewThread { [self] in
                do throws(WatchFailure) {
                    try job.run(report: note, isCancelled: { [self] in cancelled.load(ordering: .relaxed) })
                } catch {
                    failure.withLock { $0 = error }
                }
                ended.signal()
            }
        }

        @Sendable private func note(_ event: WatchEvent) {
            state.withLock { state in
                switch event {
                case .watching(let folders): state.folders = folders
                case .updated(let progress): state.runs.append(progress)
                case .indexIsBusy: state.busy += 1
                case .progress: break
                }
            }
        }

        var runs: [IndexProgress] { state.withLock { $0.runs } }
        var busy: Int { state.withLock { $0.busy } }

        /// Whether that is so before long.
        func comes(_ condition: () throws -> Bool) -> Bool {
            eventually(every: 0.01) { (try? condition()) == true }
        }

        /// Ends it; whether it ended by itself within seconds, without an error.
        func end() -> Bool {
            cancelled.store(true, ordering: .relaxed)
            return ended.wait(timeout: .now() + 10) == .success && failure.withLock { $0 == nil }
        }
    }

    @Test func theIndexFollows() throws {
        let library = try Library()
        try library.write("a.mp4", "one")
        try library.write("sub/b.mp4", "two")
        let watching = Watching(library)
        #expect(watching.comes { try library.ready() == ["a.mp4", "sub/b.mp4"] })
        // Created, in a folder that is new too.
        try library.write("c.mp4", "three")
        try library.write("new/folder/d.mp4", "four")
        #expect(watching.comes { try library.ready().count == 4 })
        // Renamed, and a whole folder with it: nothing is encoded again.
        _ = library.source.takeCalls()
        try library.move("c.mp4", "renamed.mp4")
        try library.move("new", "moved")
        #expect(
            watching.comes {
                try library.ready() == ["a.mp4", "moved/folder/d.mp4", "renamed.mp4", "sub/b.mp4"]
            })
        #expect(library.source.takeCalls().encoded == [])
        // Changed and deleted.
        try library.write("a.mp4", "another", time: 1_700_000_100)
        try library.delete("sub/b.mp4")
        #expect(
            watching.comes {
                try library.ready() == ["a.mp4", "moved/folder/d.mp4", "renamed.mp4"] && library.isTrue()
            })
        #expect(watching.end())
    }

    @Test func aFileThatIsBeingCopiedIsTakenOnceItIsWhole() throws {
        let library = try Library()
        try library.write("a.mp4", "one")
        let watching = Watching(library)
        #expect(watching.comes { !watching.runs.isEmpty })
        _ = library.source.takeCalls()
        let file = try #require(fopen(library.path("slow.mp4"), "w"))
        for part in 0..<10 {
            fputs("part \(part) ", file)
            fflush(file)
            usleep(120_000)
            // Other files go on meanwhile.
            if part == 4 { try library.write("other.mp4", "other") }
        }
        fclose(file)
        #expect(
            watching.comes {
                try library.ready() == ["a.mp4", "other.mp4", "slow.mp4"] && library.isTrue()
            })
        let calls = library.source.takeCalls()
        #expect(calls.encoded.filter { $0 == "slow.mp4" }.count == 1, "it was read half-copied")
        #expect(try library.failures() == [])
        #expect(watching.end())
    }

    @Test func aBurstMakesFewRuns() throws {
        let library = try Library(quick: true)
        try library.write("first.mp4", "first")
        let watching = Watching(library)
        #expect(watching.comes { watching.runs.count == 1 })
        for number in 0..<200 { try library.write("burst/\(number % 7)/\(number).mp4", "content \(number)") }
        #expect(watching.comes { try library.ready().count == 201 })
        #expect(watching.runs.count <= 8, "\(watching.runs.count) runs")
        #expect(try library.isTrue())
        for number in 0..<200 { try library.delete("burst/\(number % 7)/\(number).mp4") }
        #expect(watching.comes { try library.ready() == ["first.mp4"] })
        #expect(watching.end())
    }

    @Test func anotherWriterIsWaitedFor() throws {
        let library = try Library()
        try library.write("a.mp4", "one")
        try library.run()
        let other = try VideoIndex.open(
            writingTo: library.indexFolder, model: Library.model, durability: .process)
        let watching = Watching(library)
        #expect(watching.comes { watching.busy > 0 })
        other.close()
        #expect(watching.comes { !watching.runs.isEmpty })
        #expect(watching.end())
    }
}
