import Foundation
import Indexing
import Ingestion
import Testing

@Suite struct IncrementalTests {
    let library: Library

    init() throws { library = try Library() }

    @Test func firstRunThenNothingToDo() throws {
        try library.write("a.mp4", "one")
        try library.write("deep/er/b.MKV", "two")
        try library.write("deep/broken.webm", "broken")
        try library.write("deep/empty.mov", "")
        try library.write("notes.txt", "no video")
        try library.write(".hidden/c.mp4", "hidden")
        try library.write(".d.mp4", "hidden")
        let first = try library.run()
        #expect(
            first.total == 4 && first.done == 4 && first.indexed == 2 && first.failed == 2 && first.clips == 2
        )
        #expect(first.phase == .finished && !first.isCancelled && first.problems.isEmpty)
        #expect(try library.ready() == ["a.mp4", "deep/er/b.MKV"])
        #expect(try library.failures() == ["broken.webm: damaged", "empty.mov: empty_file"])
        #expect(try library.read { try $0.roots() } == [library.videos])
        #expect(try library.isTrue())

        _ = library.source.takeCalls()
        let second = try library.run()
        #expect(second.unchanged == 3 && second.indexed == 0 && second.done == second.total)
        // Only what could not be read at all is tried again.
        let calls = library.source.takeCalls()
        #expect(calls.encoded == [] && calls.fingerprinted == ["empty.mov"])
    }

    @Test func aFileReplacedByOneThatCannotBeReadDoesNotEndTheRun() throws {
        for replacement in ["fifo", "empty"] {
            let (old, new) = ("\(replacement).mp4", "\(replacement)-moved.mp4")
            try library.write(old, "content of \(replacement)")
            try library.run()
            try FileManager.default.moveItem(
                atPath: library.videos + "/" + old, toPath: library.videos + "/" + new)
            if replacement == "fifo" {
                #expect(mkfifo(library.videos + "/" + old, 0o644) == 0)
            } else {
                try library.write(old, "")
            }
            let after = try library.run()
            #expect(after.failed == 1)
            #expect(try library.ready().contains(new))
            try FileManager.default.removeItem(atPath: library.videos + "/" + old)
        }
        #expect(try library.isTrue())
    }

    /// An edit that keeps the size and sets the time back.
    @Test func anEditOfTheSameSizeAndTimeIsSeen() throws {
        try library.write("a.mp4", "one")
        try library.run()
        try library.write("a.mp4", "two")
        #expect(try library.run().indexed == 1)
        #expect(try library.isTrue())
    }

    /// What was only touched is known by content, once.
    @Test func newPermissionsAloneEncodeNothing() throws {
        try library.write("a.mp4", "one")
        try library.run()
        #expect(chmod(library.path("a.mp4"), 0o600) == 0)
        _ = library.source.takeCalls()
        for fingerprinted in [["a.mp4"], []] {
            let run = try library.run()
            #expect(run.unchanged == 1 && run.indexed == 0)
            let calls = library.source.takeCalls()
            #expect(calls.encoded == [] && calls.fingerprinted == fingerprinted)
        }
    }

    /// Where an older version stored no time of the status, size and modification time decide, and the time is kept from then on.
    @Test func whatOlderVersionsStoredIsNotReadAgain() throws {
        try library.write("a.mp4", "one")
        try library.run()
        do {
            let index = try VideoIndex.open(
                writingTo: library.indexFolder, model: Library.model, durability: .process)
            defer { index.close() }
            let file = try #require(try index.knownFiles().first)
            #expect(file.identity.statusChanged > 0)
            var identity = file.identity
            identity.statusChanged = 0
            try index.update([FileChange(id: file.id, identity: identity)])
        }
        _ = library.source.takeCalls()
        #expect(try library.run().unchanged == 1)
        #expect(library.source.takeCalls().fingerprinted == [])
        #expect(try library.read { try $0.knownFiles().allSatisfy { $0.identity.statusChanged > 0 } })
    }

    @Test func failedFilesAreRetriedOnlyWhenAskedOrChanged() throws {
        try library.write("x.mp4", "broken")
        try library.run()
        _ = library.source.takeCalls()
        try library.run()
        #expect(library.source.takeCalls().encoded == [])
        #expect(try library.run(retryFailed: true).failed == 1)
        #expect(library.source.takeCalls().encoded == ["x.mp4"])
        try library.write("x.mp4", "mended", time: 1_700_000_001)
        #expect(try library.run().indexed == 1)
        #expect(try library.failures() == [])
        #expect(try library.ready() == ["x.mp4"])
    }

    @Test func touchedFilesAreComparedAndChangedOnesEncoded() throws {
        try library.write("a.mp4", "one")
        try library.write("b.mp4", "two")
        try library.run()
        let id = try library.id("a.mp4")
        try library.touch("a.mp4", 1_700_000_500)
        try library.write("b.mp4", "new", time: 1_700_000_500)
        _ = library.source.takeCalls()
        let run = try library.run()
        #expect(run.unchanged == 1 && run.indexed == 1)
        let calls = library.source.takeCalls()
        #expect(calls.fingerprinted == ["a.mp4", "b.mp4"] && calls.encoded == ["b.mp4"])
        #expect(try library.id("a.mp4") == id)
        #expect(try library.isTrue())
        try library.run()
        #expect(library.source.takeCalls().fingerprinted == [])
    }

    @Test func movedAndRenamedFilesKeepTheirEmbeddings() throws {
        try library.write("a.mp4", "one")
        try library.write("old/b.mp4", "two")
        try library.write("stays.mp4", "three")
        try library.run()
        let (a, b) = (try library.id("a.mp4"), try library.id("old/b.mp4"))
        try library.move("a.mp4", "renamed.mp4")
        try library.move("old", "new")
        _ = library.source.takeCalls()
        let run = try library.run()
        #expect(run.moved == 2 && run.indexed == 0 && run.removed == 0)
        #expect(library.source.takeCalls().encoded == [])
        #expect(try library.id("renamed.mp4") == a && library.id("new/b.mp4") == b)
        #expect(try library.ready() == ["new/b.mp4", "renamed.mp4", "stays.mp4"])
        #expect(try library.isTrue())
    }

    @Test func filesThatSwapNamesSwapRows() throws {
        try library.write("a.mp4", "first")
        try library.write("b.mp4", "second video")
        try library.run()
        let (a, b) = (try library.id("a.mp4"), try library.id("b.mp4"))
        try library.move("a.mp4", "x.mp4")
        try library.move("b.mp4", "a.mp4")
        try library.move("x.mp4", "b.mp4")
        _ = library.source.takeCalls()
        #expect(try library.run().moved == 2)
        #expect(library.source.takeCalls().encoded == [])
        #expect(try library.id("a.mp4") == b && library.id("b.mp4") == a)
        #expect(try library.isTrue())
    }

    @Test func aFileMovedOntoAnotherTakesItsPlace() throws {
        try library.write("a.mp4", "first")
        try library.write("b.mp4", "second video")
        try library.run()
        let a = try library.id("a.mp4")
        try library.delete("b.mp4")
        try library.move("a.mp4", "b.mp4")
        #expect(try library.run().moved == 1)
        #expect(try library.ready() == ["b.mp4"])
        #expect(try library.id("b.mp4") == a)
        #expect(try library.isTrue())
    }

    @Test func copiesShareEmbeddingsAndAreBothSeen() throws {
        try library.write("a.mp4", "one")
        try library.write("twin 1.mp4", "twins")
        try library.write("twin 2.mp4", "twins")
        try library.write("twin 3.mp4", "twins")
        let first = try library.run()
        #expect(first.indexed == 2 && first.copied == 2 && first.done == 4)
        #expect(library.source.takeCalls().encoded.count == 2)
        try library.write("b.mp4", "one")
        let second = try library.run()
        #expect(second.copied == 1 && second.indexed == 0)
        #expect(library.source.takeCalls().encoded == [])
        #expect(try library.ready() == ["a.mp4", "b.mp4", "twin 1.mp4", "twin 2.mp4", "twin 3.mp4"])
        #expect(try library.isTrue())
    }

    @Test func brokenCopiesAreEachRecorded() throws {
        try library.write("a.mp4", "broken")
        try library.write("b.mp4", "broken")
        let run = try library.run()
        #expect(run.failed == 2 && run.done == 2)
        #expect(try library.failures() == ["a.mp4: damaged", "b.mp4: damaged"])
    }

    @Test func valuesThatAreNoNumbersFailTheFileOnly() throws {
        try library.write("a.mp4", "nan")
        try library.write("b.mp4", "good")
        let run = try library.run()
        #expect(run.failed == 1 && run.indexed == 1)
        #expect(try library.failures() == ["a.mp4: encoding_failed"])
    }

    @Test func fewFilesShareAllProcessors() throws {
        try library.write("a.mp4", "alone")
        try library.run(workers: nil)
        #expect(library.source.takeCalls().threads == [ProcessInfo.processInfo.activeProcessorCount])
        for i in 0..<50 { try library.write("\(i).mp4", "number \(i)") }
        try library.run(workers: nil)
        #expect(library.source.takeCalls().threads.prefix(10).allSatisfy { $0 == 1 })
    }

    @Test func fiveThousandUnchangedFilesAreNotRead() throws {
        let library = try Library(quick: true)
        for i in 0..<5000 { try library.write("\(i % 50)/\(i).mp4", "video \(i)") }
        #expect(try library.run().indexed == 5000)
        _ = library.source.takeCalls()
        let start = ContinuousClock.now
        #expect(try library.run().unchanged == 5000)
        // No bound on the time, which is the machine's: the calls are what must not be.
        print("second run over 5,000 unchanged files: \(ContinuousClock.now - start)")
        #expect(library.source.takeCalls() == TextSource.Calls())
    }
}
