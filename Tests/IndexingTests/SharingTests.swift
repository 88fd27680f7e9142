import Foundation
import Indexing
import Synchronization
import Testing
import TestSupport

@Suite struct SharingTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func aSecondWriterIsToldOrWaits() throws {
        let first = try VideoIndex.forTests(folder.path)
        let error = indexError { _ = try VideoIndex.forTests(folder.path) }
        #expect(error?.reason == .busy)
        #expect(error?.message.contains("\(ProcessInfo.processInfo.processIdentifier)") == true)
        Thread.detachNewThread {
            usleep(100_000)
            first.close()
        }
        let second = try VideoIndex.open(writingTo: folder.path, model: testModel, waitingSeconds: 10)
        try second.store(Sample(1))
    }

    /// Whoever may open it may hold it, and keep every run out.
    @Test func nobodyElseMayHoldTheLock() throws {
        try VideoIndex.forTests(folder.path).close()
        let mode = try FileManager.default.attributesOfItem(atPath: folder.path + "/lock")[.posixPermissions]
        #expect(mode as? Int == 0o600)
    }

    /// A child that its killed parent was just starting holds a copy of the lock until it runs its own program.
    @Test func aLockThatOutlivesItsHolderIsWaitedFor() throws {
        try VideoIndex.forTests(folder.path).close()
        // Beyond the largest process number that there is.
        try "99999999\n".write(toFile: folder.path + "/lock", atomically: false, encoding: .utf8)
        let copy = open(folder.path + "/lock", O_RDWR | O_CLOEXEC)
        #expect(copy >= 0 && flock(copy, LOCK_EX | LOCK_NB) == 0)
        Thread.detachNewThread {
            usleep(300_000)
            close(copy)
        }
        try VideoIndex.forTests(folder.path).close()
    }

    @Test func aLockOfAnotherProcessIsRespected() throws {
        try VideoIndex.forTests(folder.path).close()
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: "/bin/sh")
        holder.arguments = ["-c", "exec flock \"$0/lock\" sh -c 'echo held; read line'", folder.path]
        let (input, output) = (Pipe(), Pipe())
        holder.standardInput = input
        holder.standardOutput = output
        try holder.run()
        #expect(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) == "held\n")
        #expect(indexError { _ = try VideoIndex.forTests(folder.path) }?.reason == .busy)
        // Readers are not kept out.
        #expect(try VideoIndex.open(readingFrom: folder.path).counts().ready == 0)
        try input.fileHandleForWriting.close()
        holder.waitUntilExit()
        try VideoIndex.forTests(folder.path).close()
    }

    @Test func readersSeeWholeStatesWhileAWriterWrites() throws {
        let writer = try VideoIndex.forTests(folder.path)
        try writer.store(Sample(0))
        let ended = Atomic<Bool>(false)
        let folder = folder.path
        let thread = Thread {
            for number in 1..<300 {
                _ = try? writer.store(Sample(number))
                if number % 7 == 0 { _ = try? writer.remove(ids: [Int64(number / 2)]) }
            }
            ended.store(true, ordering: .releasing)
        }
        thread.start()
        let readers = try (0..<2).map { _ in try VideoIndex.open(readingFrom: folder, expecting: testModel) }
        var rounds = 0
        while !ended.load(ordering: .acquiring) || rounds < 2 {
            let reader = readers[rounds % 2]
            let table = try reader.moments()
            for (id, row) in table.contents {
                // A row may be gone by now, but it is never another's or half there.
                if let mixture = try? reader.mixture(ofVideo: id).mixture {
                    #expect(mixture == Sample(Int(id) - 1).mixture)
                }
                #expect(row.mean == Sample(Int(id) - 1).mixture.moments().mean)
            }
            rounds += 1
        }
        let last = try readers[0].moments()
        #expect(last.count == (try writer.counts().ready))
    }

    @Test func manyReadersRebuildAtOnce() throws {
        let writer = try VideoIndex.forTests(folder.path)
        for number in 0..<50 { try writer.store(Sample(number)) }
        writer.close()
        let folder = folder.path
        let wrong = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            let table = try? VideoIndex.open(readingFrom: folder).moments()
            let good = table.map {
                $0.contents.allSatisfy { $1.mean == Sample(Int($0) - 1).mixture.moments().mean }
            }
            if good != true || table?.count != 50 { wrong.add(1, ordering: .relaxed) }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
            $0.hasSuffix(".temporary")
        }
        #expect(left == [])
    }

    @Test func abandonedTemporaryFilesAreCleared() throws {
        try VideoIndex.forTests(folder.path).close()
        let names = ["moments.1.2.tmp", "moments.bin.1.2.temporary"]
        for name in names { try Data(count: 100).write(to: URL(fileURLWithPath: folder.path + "/" + name)) }
        try VideoIndex.forTests(folder.path).close()
        for name in names { #expect(!FileManager.default.fileExists(atPath: folder.path + "/" + name)) }
    }

    /// What a kill −9 leaves is the folder as it lies there: the database and its log, at any moment.
    @Test func aKillLosesNothingStored() throws {
        let index = try VideoIndex.forTests(folder.path)
        var stored: [Int64: Int] = [:]
        for number in 0..<30 {
            stored[try index.store(Sample(number))] = number
            if number == 20 { try index.remove(ids: [3]); stored[3] = nil }
            if number % 3 != 0 { continue }
            let copy = try folder.snapshot()
            let revived = try VideoIndex.forTests(copy.path)
            #expect(try revived.counts().ready == stored.count)
            for (id, number) in stored {
                #expect(try revived.mixture(ofVideo: id).mixture == Sample(number).mixture)
            }
            #expect(try revived.moments().count == stored.count)
        }
    }

    /// A log cut anywhere is a kill in the middle of a transaction, or a power cut: each transaction is there or not.
    @Test func aLogCutAnywhereIsAWholeState() throws {
        let index = try VideoIndex.forTests(folder.path)
        for number in 0..<12 { try index.store(Sample(number)) }
        let copy = try folder.snapshot()
        let log = copy.path + "/videos.sqlite-wal"
        let size = try #require(try FileManager.default.attributesOfItem(atPath: log)[.size] as? Int)
        var numbers = Numbers(seed: 1)
        var seen: Set<Int> = []
        for _ in 0..<40 {
            let cut = try copy.snapshot()
            truncate(cut.path + "/videos.sqlite-wal", Int(numbers.next() % UInt64(size)))
            // Before the first transaction there is no index yet, and one is made.
            let revived = try VideoIndex.forTests(cut.path)
            let ready = try revived.counts().ready
            seen.insert(ready)
            #expect(try revived.allVideos().count == ready)
            for video in try revived.allVideos() {
                #expect(try revived.mixture(ofVideo: video.id).mixture == Sample(Int(video.id) - 1).mixture)
            }
            #expect(try revived.moments().count == ready)
            try revived.store(Sample(99))
        }
        #expect(seen.count > 4)
    }
}
