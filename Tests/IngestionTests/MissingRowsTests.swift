import Foundation
import Indexing
import Ingestion
import Testing

@Suite struct MissingRowsTests {
    let library: Library

    init() throws {
        library = try Library()
        try library.write("disk/a.mp4", "one")
        try library.write("disk/b.mp4", "two")
        try library.write("disk/folder/c.mp4", "three")
        try library.write("elsewhere/d.mp4", "four")
        try library.run()
    }

    @Test func whatIsGoneIsRemoved() throws {
        try library.delete("disk/a.mp4")
        try library.delete("disk/folder")
        #expect(try library.run().removed == 2)
        #expect(try library.ready() == ["disk/b.mp4", "elsewhere/d.mp4"])
        #expect(try library.isTrue())
    }

    @Test func failedRowsGoToo() throws {
        try library.write("disk/x.mp4", "broken")
        try library.run()
        try library.delete("disk/x.mp4")
        #expect(try library.run().removed == 1)
        #expect(try library.failures() == [])
    }

    @Test func aMissingRootKeepsItsRows() throws {
        try library.delete("disk")
        let run = try library.run(roots: [library.path("disk"), library.path("elsewhere")])
        #expect(run.removed == 0 && run.kept == 3)
        #expect(run.problems.map(\.path) == [library.path("disk"), library.path("disk")])
        #expect(run.problems.last?.detail.contains("--prune") == true)
        #expect(try library.ready().count == 4)
        #expect(try library.run(roots: [library.path("disk")], prune: true).removed == 3)
        #expect(try library.ready() == ["elsewhere/d.mp4"])
    }

    @Test func anEmptyRootKeepsItsRows() throws {
        for name in ["disk/a.mp4", "disk/b.mp4", "disk/folder"] { try library.delete(name) }
        let run = try library.run(roots: [library.path("disk")])
        #expect(run.removed == 0 && run.kept == 3)
        #expect(try library.run(roots: [library.path("disk")], prune: true).removed == 3)
    }

    @Test func aMissingRootWithinAnotherKeepsItsRows() throws {
        try library.delete("disk")
        let run = try library.run(roots: [library.videos, library.path("disk")])
        #expect(run.removed == 0 && run.kept == 3)
    }

    @Test func otherRootsAreLeftAloneEvenWhenPruning() throws {
        try library.delete("elsewhere")
        try library.delete("disk/a.mp4")
        #expect(try library.run(roots: [library.path("disk")], prune: true).removed == 1)
        #expect(try library.ready() == ["disk/b.mp4", "disk/folder/c.mp4", "elsewhere/d.mp4"])
    }

    @Test func aDiskMissingFromWithinARootKeepsItsRows() throws {
        let index = try VideoIndex.open(writingTo: library.indexFolder, model: Library.model)
        // As if `disk` had been another filesystem, whose mount point is now gone.
        let changes = try index.knownFiles().filter { $0.identity.path.contains("/disk/") }.map { file in
            var identity = file.identity
            identity.device &+= 1
            return FileChange(id: file.id, identity: identity)
        }
        try index.update(changes)
        index.close()
        try library.delete("disk")
        let run = try library.run()
        #expect(run.removed == 0 && run.kept == 3)
        #expect(try library.run(prune: true).removed == 3)
    }

    @Test func aFileOnAMissingDiskIsCopiedFromNotMoved() throws {
        let index = try VideoIndex.open(writingTo: library.indexFolder, model: Library.model)
        var identity = try #require(try index.video(atPath: library.path("disk/a.mp4"))).identity
        identity.device &+= 1
        let id = try #require(try index.video(atPath: identity.path)).id
        try index.update([FileChange(id: id, identity: identity)])
        index.close()
        try library.delete("disk/a.mp4")
        try library.write("elsewhere/a again.mp4", "one")
        let run = try library.run()
        #expect(run.copied == 1 && run.moved == 0 && run.kept == 1)
        #expect(try library.id("disk/a.mp4") == id)
    }

    @Test func aNewNumberOfTheSameDiskIsTakenOver() throws {
        let index = try VideoIndex.open(writingTo: library.indexFolder, model: Library.model)
        try index.update(
            index.knownFiles().map { file in
                var identity = file.identity
                identity.device = 424242
                return FileChange(id: file.id, identity: identity)
            })
        index.close()
        #expect(try library.run().unchanged == 4)
        try library.delete("disk/a.mp4")
        #expect(try library.run().removed == 1)
    }

    @Test func aFileNamedByItselfStaysWhenItsFolderIsRun() throws {
        try library.write("disk/odd.name", "five")
        #expect(try library.run(roots: [library.path("disk/odd.name")]).indexed == 1)
        #expect(try library.run().removed == 0)
        #expect(try library.ready().contains("disk/odd.name"))
    }
}
