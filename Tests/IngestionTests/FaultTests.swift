import Foundation
import Glibc
import Indexing
import Ingestion
import Synchronization
import Testing
import TestSupport

@Suite struct FaultTests {
    @Test func pipesSocketsAndFoldersWithVideoNamesAreNotOpened() throws {
        let library = try Library()
        try library.write("a.mp4", "one")
        #expect(mkfifo(library.path("pipe.mp4"), 0o600) == 0)
        try FileManager.default.createDirectory(
            atPath: library.path("folder.mp4"), withIntermediateDirectories: false)
        try library.write("folder.mp4/b.mp4", "two")
        let run = try library.run()
        #expect(run.indexed == 2 && run.failed == 1 && run.done == run.total)
        #expect(try library.failures() == ["pipe.mp4: not_a_file"])
        #expect(!library.source.takeCalls().fingerprinted.contains("pipe.mp4"))
        // Named by itself it is no more welcome.
        #expect(try library.run(roots: [library.path("pipe.mp4")]).failed == 1)
    }

    @Test func linksAreFollowedOnceAndLoopsEnd() throws {
        let library = try Library()
        try library.write("real/a.mp4", "one")
        try library.write("real/b", "two")
        let links = [
            ("real/loop", library.videos), ("again", library.path("real")),
            ("link.mp4", library.path("real/a.mp4")),
            ("named.mp4", library.path("real/b")), ("circle.mp4", library.path("circle.mp4")),
            ("nowhere.mp4", library.path("missing")), ("nowhere", library.path("missing")),
        ]
        for (name, target) in links {
            try FileManager.default.createSymbolicLink(
                atPath: library.path(name), withDestinationPath: target)
        }
        let run = try library.run()
        #expect(try library.ready() == ["real/a.mp4", "real/b"])
        #expect(run.total == 2)
        #expect(run.problems.map { TextSource.name($0.path) }.sorted() == ["circle.mp4", "nowhere.mp4"])
        // A root that is a link is the folder it leads to.
        #expect(try library.run(roots: [library.path("again")]).unchanged == 2)
    }

    @Test func aFileDeletedOrChangedWhileItIsReadIsNotStored() throws {
        let library = try Library { path in
            if path.hasSuffix("deleted.mp4") { unlink(path) }
            if path.hasSuffix("changed.mp4") {
                try Data("something else".utf8).write(to: URL(fileURLWithPath: path))
            }
        }
        try library.write("deleted.mp4", "one")
        try library.write("changed.mp4", "two")
        try library.write("good.mp4", "three")
        let run = try library.run(workers: 1)
        #expect(run.indexed == 1 && run.failed == 2)
        #expect(try library.failures() == ["changed.mp4: changed_while_reading", "deleted.mp4: not_found"])
        // The next run takes up what is there, and forgets what is not.
        let next = Library(like: library)
        let second = try next.run()
        #expect(second.indexed == 1 && second.removed == 1 && second.failed == 0)
        #expect(try next.ready() == ["changed.mp4", "good.mp4"])
        #expect(try next.isTrue())
    }

    @Test func copiesOfAFileThatChangesAreEncodedThemselves() throws {
        let library = try Library { path in
            if path.hasSuffix("a.mp4") { unlink(path) }
        }
        for name in ["a.mp4", "b.mp4", "c.mp4"] { try library.write(name, "same") }
        let run = try library.run(workers: 1)
        #expect(run.failed == 1 && run.indexed == 1 && run.copied == 1 && run.done == 3)
        #expect(try library.ready() == ["b.mp4", "c.mp4"])
    }

    @Test func cancellingKeepsWhatIsStoredAndResumes() throws {
        let count = Mutex(0)
        let library = try Library { _ in count.withLock { $0 += 1 } }
        for i in 0..<40 { try library.write("\(i).mp4", "video \(i)") }
        let first = try library.run(isCancelled: { count.withLock { $0 } >= 10 })
        #expect(first.isCancelled && first.indexed > 5 && first.indexed < 13 && first.failed == 0)
        #expect(try library.ready().count == first.indexed)
        let second = try library.run()
        #expect(
            !second.isCancelled && second.unchanged == first.indexed && second.indexed == 40 - first.indexed)
        #expect(try library.isTrue())
    }

    @Test func aCancelledScanRemovesNothing() throws {
        let library = try Library()
        try library.write("a.mp4", "one")
        try library.write("b.mp4", "two")
        try library.run()
        try library.delete("a.mp4")
        let run = try library.run(isCancelled: { true })
        #expect(run.isCancelled && run.removed == 0)
        #expect(try library.ready().count == 2)
    }

    @Test(.enabled(if: geteuid() != 0, "the superuser may read every folder"))
    func whatLiesBelowAnUnreadableFolderIsKept() throws {
        let library = try Library()
        try library.write("a.mp4", "one")
        try library.write("locked/b.mp4", "two")
        try library.run()
        #expect(chmod(library.path("locked"), 0) == 0)
        defer { chmod(library.path("locked"), 0o755) }
        let run = try library.run()
        #expect(run.removed == 0 && run.unchanged == 1)
        #expect(run.problems.map(\.reason) == [.permissionDenied])
        #expect(try library.ready().count == 2)
    }

    @Test func aFolderThatCannotBeLookedIntoProvesNothing() throws {
        let library = try Library()
        try library.write("a.mp4", "one")
        try library.write("deep/b.mp4", "two")
        try library.run()
        // A link in a circle cannot be looked into even by the superuser.
        try library.move("deep", "moved away")
        try FileManager.default.moveItem(
            atPath: library.path("moved away"), toPath: library.folder.path + "/away")
        try FileManager.default.createSymbolicLink(
            atPath: library.path("deep"), withDestinationPath: library.path("deep"))
        let run = try library.run(prune: true)
        #expect(run.removed == 0)
        #expect(try library.ready() == ["a.mp4", "deep/b.mp4"])
    }

    @Test func aMistypedRootIsReported() throws {
        let library = try Library()
        let run = try library.run(roots: [library.path("no such folder")])
        #expect(run.problems.map(\.reason) == [.notFound] && run.total == 0)
        #expect(try library.read { try $0.roots() } == [])
    }

    @Test func namesThatAreNoTextAreReported() throws {
        let library = try Library()
        let bytes: [CChar] =
            Array(library.path("").utf8CString.dropLast()) + [-1, -2] + Array(".mp4".utf8CString)
        close(open(bytes, O_CREAT | O_WRONLY, 0o600))
        try library.write("e\u{301}.mp4", "decomposed")
        try library.write("\u{E9}.mp4", "composed")
        let run = try library.run()
        #expect(run.problems.count == 1 && run.problems.first?.detail.contains("UTF-8") == true)
        #expect(run.indexed == 2)
        #expect(try library.run().unchanged == 2)
    }

    @Test func progressIsOrderedAndEndsWithTheResult() throws {
        let library = try Library { _ in usleep(3000) }
        for i in 0..<200 { try library.write("\(i).mp4", "video \(i)") }
        let index = try VideoIndex.open(writingTo: library.indexFolder, model: Library.model)
        let reports = Mutex<[IndexProgress]>([])
        let job = IndexJob(
            index: index, source: library.source, options: IndexJobOptions(roots: [library.videos]))
        let last = try job.run(
            progress: { progress in reports.withLock { $0.append(progress) } }, isCancelled: { false })
        let all = reports.withLock { $0 }
        #expect(all.count >= 3 && all.last?.done == last.done && last.done == 200)
        #expect(zip(all, all.dropFirst()).allSatisfy { $0.done <= $1.done && $0.elapsed <= $1.elapsed })
        // At most ten a second, beside the first and the last.
        #expect(Double(all.count) <= last.elapsed * 10 + 3)
    }

    /// Whether the test may mount a filesystem, found by trying.
    private static let mayMount: Bool = {
        guard let folder = try? TemporaryFolder(), mount("tmpfs", folder.path, "tmpfs", 0, "size=64k") == 0
        else {
            return false
        }
        return umount2(folder.path, Int32(MNT_DETACH)) == 0
    }()

    @Test(.enabled(if: FaultTests.mayMount, "mounting a small disk needs the superuser"))
    func aFullDiskEndsTheRunAndTheIndexStaysUsable() throws {
        let library = try Library(quick: true)
        for i in 0..<3000 { try library.write("\(i).mp4", "video \(i)") }
        try FileManager.default.createDirectory(
            atPath: library.indexFolder, withIntermediateDirectories: true)
        try #require(mount("tmpfs", library.indexFolder, "tmpfs", 0, "size=512k") == 0)
        defer { umount2(library.indexFolder, Int32(MNT_DETACH)) }
        do {
            try library.run()
            Issue.record("3,000 videos fit on a disk of 512 KB")
        } catch let error as IndexError {
            #expect(error.reason == .diskFull)
        }
        let stored = try library.ready().count
        #expect(stored > 10 && stored < 3000)
        #expect(mount("tmpfs", library.indexFolder, "tmpfs", UInt(MS_REMOUNT), "size=32m") == 0)
        let run = try library.run()
        #expect(run.unchanged == stored && run.indexed == 3000 - stored)
        #expect(try library.isTrue())
    }
}
