import Foundation
import Indexing
import SharedIndexing
import Testing

/// A shared index, and this machine's copy of it, against the embedded index of the same folder.
@Suite(.enabled(if: TestServer.isThere, TestServer.isMissing), .serialized)
struct FollowingTests {
    @Test func ranksAsTheEmbeddedIndexThroughEveryKindOfChange() throws {
        let database = try TestServer.makeDatabase()
        let library = try Library()
        for number in 0..<40 {
            try library.write("part\(number % 3)/video\(number).mp4", "video \(number * number)")
        }
        try library.write("part0/copy.mp4", "video 4")
        try library.write("part1/broken.mp4", "broken")
        let first = try library.run(on: database)
        #expect(first.indexed == 40 && first.copied == 1 && first.failed == 1)
        let expected = try Library.rankings(try library.runEmbedded())
        #expect(expected.count == 42)
        #expect(try Library.rankings(try library.mirror(of: database)) == expected)

        let again = try library.run(on: database)
        #expect(again.indexed == 0 && again.unchanged == 42)

        let files = FileManager.default
        // Moved, deleted, changed, new, swapped names, a file in the place of a folder.
        try files.moveItem(
            atPath: library.videos + "/part0/video0.mp4", toPath: library.videos + "/moved.mp4")
        try files.removeItem(atPath: library.videos + "/part1/video1.mp4")
        try library.write("part2/video2.mp4", "another video")
        try library.write("part2/new.mp4", "new video")
        try files.moveItem(atPath: library.videos + "/part0/video3.mp4", toPath: library.videos + "/swap.mp4")
        try files.moveItem(
            atPath: library.videos + "/part0/video6.mp4", toPath: library.videos + "/part0/video3.mp4")
        try files.moveItem(atPath: library.videos + "/swap.mp4", toPath: library.videos + "/part0/video6.mp4")
        let second = try library.run(on: database)
        #expect(second.moved >= 1 && second.indexed == 2 && second.removed == 1)
        let changed = try Library.rankings(try library.runEmbedded())
        #expect(changed != expected)
        #expect(try Library.rankings(try library.mirror(of: database)) == changed)
        // From nothing, the same.
        try files.removeItem(atPath: library.folder.path + "/cache")
        #expect(try Library.rankings(try library.mirror(of: database)) == changed)
        // Contents that no file has any more are gone.
        #expect(
            try database.sql("SELECT count(*) FROM mixtape.content")
                == database.sql("SELECT count(DISTINCT fingerprint) FROM mixtape.file WHERE failed = 0"))
    }

    @Test func keepsAFolderThatAnotherMachineMayStillSee() throws {
        let database = try TestServer.makeDatabase()
        let library = try Library()
        try library.write("kept/one.mp4", "one")
        try library.write("disk/two.mp4", "two")
        try library.run(on: database)
        try FileManager.default.removeItem(atPath: library.videos + "/disk")
        #expect(try library.run(on: database).kept == 1)
        #expect(try library.run(on: database, prune: true).removed == 1)
    }

    @Test func machinesSeeTheFolderInDifferentPlaces() throws {
        let database = try TestServer.makeDatabase()
        let library = try Library()
        try library.write("a/one.mp4", "one")
        try library.write("two.mp4", "two")
        let other = library.folder.path + "/elsewhere"
        try FileManager.default.copyItem(atPath: library.videos, toPath: other)
        var here = MountMap()
        var there = MountMap()
        #expect(here.add("films=\(library.videos)") == nil && there.add("films=\(other)") == nil)
        try library.run(on: database, mounts: here)
        #expect(
            try database.sql("SELECT path FROM mixtape.file ORDER BY 1") == "films:/a/one.mp4\nfilms:/two.mp4"
        )
        let copy = try VideoIndex.open(readingFrom: try library.mirror(of: database, mounts: there))
        #expect(try copy.allVideos().map(\.identity.path) == [other + "/a/one.mp4", other + "/two.mp4"])
        // A worker that has no such root leaves its files alone.
        try library.write("three.mp4", "three")
        let index = try SharedIndex.open(
            writingTo: try database.client(), model: TextSource.model, mounts: here)
        let file = FileIdentity(path: library.videos + "/three.mp4", fingerprint: "33", size: 5, modified: 1)
        _ = try VideoQueue(index: index, worker: "scan", lease: 60).add([file])
        let stranger = try SharedIndex.open(writingTo: try database.client(), model: TextSource.model)
        #expect(try VideoQueue(index: stranger, worker: "stranger", lease: 60).claim() == nil)
        let friend = try SharedIndex.open(
            writingTo: try database.client(), model: TextSource.model, mounts: there)
        let claim = try #require(try VideoQueue(index: friend, worker: "friend", lease: 60).claim())
        #expect(claim.files.map(\.path) == [other + "/three.mp4"])
    }

    @Test func decisionsAndRootsFollow() throws {
        let database = try TestServer.makeDatabase()
        let library = try Library()
        try library.write("one.mp4", "one")
        try library.run(on: database)
        let index = try SharedIndex.open(writingTo: try database.client(), model: TextSource.model)
        let decisions = [PairDecision("b", "a", decided: 5), PairDecision("a", "c'; --", decided: 6)]
        #expect(try index.record(decisions) == 2 && index.record(decisions) == 0)
        func copied() throws -> ([String], [PairDecision]) {
            let copy = try VideoIndex.open(readingFrom: try library.mirror(of: database))
            defer { copy.close() }
            return (try copy.roots(), try copy.decisions())
        }
        #expect(try copied() == ([library.videos], decisions))
        #expect(try index.withdraw([("a", "b")]) == 1)
        #expect(try copied().1 == [decisions[1]])
        #expect(try index.remove(paths: [library.videos]) == 1)
        #expect(try copied().0 == [])
    }

    /// Everything that changes goes in parameters: no name is a part of a statement.
    @Test func hostileNamesAreNamesAlone() throws {
        let database = try TestServer.makeDatabase()
        let library = try Library()
        let names = [
            "'; DROP TABLE mixtape.file; --.mp4", "\" OR 1=1.mp4", "$1 %s \\' \\\\ {}.mp4", "new\nline\t.mp4",
            "ü\u{0308}é.mp4", "e\u{0301}.mp4", "é.mp4", "%_like%.mp4",
            String(repeating: "x", count: 240) + ".mp4",
            "🎬 ''''.mp4", "films:.mp4",
        ]
        for (number, name) in names.enumerated() { try library.write(name, "video \(number)") }
        let deep = (0..<12).map { _ in String(repeating: "y", count: 200) }.joined(separator: "/")
        try library.write(deep + "/deep.mp4", "deep")
        let progress = try library.run(on: database)
        #expect(progress.indexed == names.count + 1 && progress.failed == 0)
        let expected = try Library.rankings(try library.runEmbedded())
        #expect(try Library.rankings(try library.mirror(of: database)) == expected)
        let index = try SharedIndex.open(writingTo: try database.client(), model: TextSource.model)
        for name in names {
            #expect(
                try index.video(atPath: library.videos + "/" + name)?.video.identity.path.utf8.count
                    == (library.videos + "/" + name).utf8.count)
            #expect(try index.remove(paths: [library.videos + "/" + name]) == 1)
        }
        #expect(try database.sql("SELECT count(*) FROM mixtape.file") == "1")
    }
}
