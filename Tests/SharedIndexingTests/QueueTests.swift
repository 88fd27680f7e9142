import Foundation
import Indexing
import Ingestion
import SharedIndexing
import Synchronization
import Testing
import TestSupport

@Suite(.enabled(if: TestServer.isThere, TestServer.isMissing), .serialized)
struct QueueTests {
    private func queue(_ database: TestDatabase, _ worker: String, lease: Double = 60) throws -> VideoQueue {
        let index = try SharedIndex.open(writingTo: try database.client(), model: TextSource.model)
        return VideoQueue(index: index, worker: worker, lease: lease)
    }

    private func file(_ number: Int, content: Int? = nil) -> FileIdentity {
        FileIdentity(
            path: "/films/\(number).mp4", fingerprint: String(content ?? number, radix: 16),
            size: Int64(number),
            modified: 7)
    }

    private func expect(
        _ queue: VideoQueue, queued: Int, settled: Int, open: Int,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let state = try queue.state()
        let (found, expected) = ([state.queued, state.settled, state.open], [queued, settled, open])
        #expect(found == expected, sourceLocation: location)
        #expect(state.leased == 0, sourceLocation: location)
    }

    private func finish(_ queue: VideoQueue, _ claim: VideoQueue.Claim) throws -> Int? {
        let video = TextSource.video(of: claim.fingerprint)
        return try queue.finish(
            claim, facts: video.facts, intervals: video.intervals, mixture: video.mixture)
    }

    @Test func eachContentIsGivenToOneWorker() throws {
        let database = try TestServer.makeDatabase()
        let first = try queue(database, "scan")
        #expect(try first.add((1...60).map { file($0) }) == 0)
        #expect(try first.add((1...60).map { file($0) }) == 0)
        try expect(first, queued: 60, settled: 0, open: 60)
        let taken = Mutex<[String]>([])
        let queues = try (0..<4).map { try queue(database, "worker \($0)") }
        DispatchQueue.concurrentPerform(iterations: 4) { number in
            while let claim = try? queues[number].claim() {
                taken.withLock { $0.append(claim.fingerprint) }
                _ = try? finish(queues[number], claim)
            }
        }
        let all = taken.withLock { $0 }
        #expect(all.count == 60 && Set(all).count == 60)
        try expect(first, queued: 60, settled: 60, open: 0)
        // A file whose content is known by now needs no worker.
        #expect(try first.add([file(100, content: 1), file(101)]) == 1)
        try expect(first, queued: 1, settled: 0, open: 1)
    }

    @Test func aDeadWorkersContentGoesBackAfterItsLease() throws {
        let database = try TestServer.makeDatabase()
        let dead = try queue(database, "dead", lease: 1)
        let other = try queue(database, "other")
        _ = try dead.add([file(1)])
        let lost = try #require(try dead.claim())
        #expect(try other.claim() == nil)
        // Renewed, it lasts.
        for _ in 0..<3 {
            usleep(400_000)
            #expect(try dead.renew() == [lost.fingerprint])
        }
        #expect(try other.claim() == nil)
        let claim = try #require(try awaited(within: 10, every: 0.02) { try other.claim() })
        #expect(claim.fingerprint == lost.fingerprint && claim.formerAttempts == 1)
        // Who comes back too late has nothing to say.
        #expect(try dead.renew().isEmpty)
        #expect(try finish(dead, lost) == nil)
        try dead.fail(lost, file: lost.files[0], reason: "damaged", message: "", isOfContent: true)
        #expect(try database.sql("SELECT count(*) FROM mixtape.file") == "0")
        #expect(try finish(other, claim) == 1)
        // What is done again, since its end was not seen, is done.
        #expect(try finish(other, claim) == 1)
        #expect(try database.sql("SELECT count(*), max(failed) FROM mixtape.file") == "1|0")
    }

    @Test func copiesShareOneEncoding() throws {
        let database = try TestServer.makeDatabase()
        let queue = try queue(database, "one")
        _ = try queue.add([file(1, content: 9), file(2, content: 9)])
        let claim = try #require(try queue.claim())
        // One that comes while it is encoded.
        _ = try queue.add([file(3, content: 9)])
        #expect(try finish(queue, claim) == 3)
        try expect(queue, queued: 3, settled: 3, open: 0)
    }

    @Test func aFileThatIsGoneLeavesItsCopiesWaiting() throws {
        let database = try TestServer.makeDatabase()
        let queue = try queue(database, "one")
        _ = try queue.add([file(1, content: 9), file(2, content: 9)])
        let claim = try #require(try queue.claim())
        try queue.fail(claim, file: claim.files[0], reason: "not_found", message: "gone", isOfContent: false)
        let second = try #require(try queue.claim())
        #expect(second.files.map(\.path) == ["/films/2.mp4"])
        #expect(try finish(queue, second) == 1)
        #expect(
            try database.sql("SELECT path, failed, fingerprint FROM mixtape.file ORDER BY path")
                == "/films/1.mp4|1|\n/films/2.mp4|0|9")
    }

    @Test func whatIsGivenBackCountsAsUntried() throws {
        let database = try TestServer.makeDatabase()
        let queue = try queue(database, "one")
        _ = try queue.add([file(1)])
        try queue.release(try #require(try queue.claim()), wasTried: false)
        try queue.release(try #require(try queue.claim()), wasTried: true)
        #expect(try queue.claim()?.formerAttempts == 1)
    }

    @Test func runsOfSeveralMachinesShareTheWork() throws {
        let database = try TestServer.makeDatabase()
        let library = try Library()
        for number in 0..<60 { try library.write("\(number).mp4", "video number \(number)") }
        let sources = (0..<4).map { _ in TextSource(delay: 5000) }
        let progress = Mutex<[IndexProgress]>([])
        DispatchQueue.concurrentPerform(iterations: 4) { number in
            // One scans; the others help.
            if number > 0 {
                // How many were queued is kept when they are done.
                let queued = { (try? database.sql("SELECT queued FROM mixtape.library")).flatMap { Int($0) } }
                _ = eventually(every: 0.02) { queued() ?? 0 > 0 }
            }
            let result = try? library.run(
                on: database, roots: number == 0 ? nil : [], source: sources[number], worker: "\(number)")
            if let result { progress.withLock { $0.append(result) } }
        }
        let encoded = sources.flatMap { $0.encoded.withLock { $0 } }
        #expect(encoded.count == 60 && Set(encoded).count == 60)
        let results = progress.withLock { $0 }
        #expect(results.count == 4 && results.reduce(0) { $0 + $1.indexed } == 60)
        let expected = try Library.rankings(try library.runEmbedded())
        #expect(try Library.rankings(try library.mirror(of: database)) == expected)
    }
}
