import Foundation
import Indexing
import Ingestion
import Testing

/// What a run passes over in its folders, and that it says so.
@Suite struct LeftOutTests {
    let library: Library

    init() throws { library = try Library() }

    private func rules(_ exclude: String..., allFiles: Bool = false) -> ScanRules {
        var rules = ScanRules()
        rules.exclude = exclude
        rules.takesAllFiles = allFiles
        return rules
    }

    @Test func systemFoldersAndMarksAreLeftOut() throws {
        try library.write("films/a.mp4", "one")
        try library.write("#recycle/a.mp4", "two")
        try library.write("films/@eaDir/a.mp4", "three")
        try library.write("$RECYCLE.BIN/x.mp4", "four")
        try library.write("private/b.mp4", "five")
        try library.write("private/.nomedia", "")
        try library.write("private/deep/c.mp4", "six")
        try library.write("trailers/d.mp4", "seven")
        try library.write("trailers/.mixtapeignore", "")
        try library.write("notes/.mixtapeignore", "# what is cut still\n*.part.mp4\n/raw/\n")
        try library.write("notes/e.part.mp4", "eight")
        try library.write("notes/raw/f.mp4", "nine")
        try library.write("notes/more/raw/g.mp4", "ten")
        let run = try library.run()
        #expect(try library.ready() == ["films/a.mp4", "notes/more/raw/g.mp4"])
        #expect(run.total == 2)
        let left = run.leftOut.folders.map {
            "\($0.path.dropFirst(library.videos.count + 1)) \($0.reason.rawValue)"
        }
        #expect(
            left == [
                "#recycle system", "$RECYCLE.BIN system", "films/@eaDir system", "notes/raw pattern",
                "private marked", "trailers marked",
            ])
        #expect(run.leftOut.excluded == 1)
    }

    /// Which others than the command line wish.
    @Test func linksMayBeKeptWithinFolders() throws {
        try library.write("films/a.mp4", "one")
        try library.write("other/b.mp4", "two")
        try library.write("other-too/c.mp4", "three")
        for (name, target) in [
            ("films/b.mp4", "other/b.mp4"), ("films/other", "other"), ("films/c.mp4", "other-too/c.mp4"),
            ("films/text.txt", "other-too"), ("films/a again.mp4", "films/a.mp4"),
        ] {
            try FileManager.default.createSymbolicLink(
                atPath: library.path(name), withDestinationPath: library.path(target))
        }
        var rules = ScanRules()
        rules.linksStayWithin = [library.path("films"), library.path("other")]
        let run = try library.run(roots: [library.path("films")], rules: rules)
        #expect(try library.ready() == ["films/a.mp4", "other/b.mp4"])
        #expect(run.leftOut.outsideLinks == 2)
        // A root that leads elsewhere by now is not looked into.
        rules.linksStayWithin = [library.path("films")]
        let led = try library.run(roots: [library.path("films/other")], rules: rules)
        #expect(led.total == 0 && led.leftOut.outsideLinks == 1 && led.removed == 0)
        rules.linksStayWithin = nil
        #expect(try library.run(roots: [library.path("films")], rules: rules).total == 3)
        #expect(try library.ready() == ["films/a.mp4", "other-too/c.mp4", "other/b.mp4"])
    }

    /// Somebody asked for it.
    @Test func aFolderThatIsNamedIsTakenWhateverItsMarks() throws {
        try library.write("#recycle/.nomedia", "")
        try library.write("#recycle/a.mp4", "one")
        #expect(try library.run(roots: [library.path("#recycle")]).indexed == 1)
    }

    @Test func patternsOfTheRun() throws {
        for name in ["a.mp4", "b.part.mp4", "old/c.mp4", "old/d.avi", "new/old/e.mp4", "new/f.mp4"] {
            try library.write(name, name)
        }
        let cases: [(String, [String])] = [
            ("*.part.mp4", ["a.mp4", "new/f.mp4", "new/old/e.mp4", "old/c.mp4", "old/d.avi"]),
            ("old", ["a.mp4", "b.part.mp4", "new/f.mp4"]),
            ("old/", ["a.mp4", "b.part.mp4", "new/f.mp4"]),
            ("old/*.avi", ["a.mp4", "b.part.mp4", "new/f.mp4", "new/old/e.mp4", "old/c.mp4"]),
            ("new/**.mp4", ["a.mp4", "b.part.mp4", "old/c.mp4", "old/d.avi"]),
            (library.path("new"), ["a.mp4", "b.part.mp4", "old/c.mp4", "old/d.avi"]),
        ]
        for (pattern, names) in cases {
            // What is there and is to be left out from now on goes, and comes back.
            #expect(try library.run().total == 6)
            #expect(try library.ready().count == 6)
            let run = try library.run(rules: rules(pattern))
            #expect(try library.ready() == names, "\(pattern)")
            #expect(run.removed == 6 - names.count && run.leftOut != LeftOut(), "\(pattern)")
        }
        #expect(try library.isTrue())
    }

    @Test func otherEndingsAreCounted() throws {
        for name in ["a.mp4", "b.JPG", "c.jpg", "d.txt", "Makefile", "clip.insv", "clip.mod", "old.ogg"] {
            try library.write(name, name)
        }
        let run = try library.run()
        #expect(try library.ready() == ["a.mp4", "clip.insv", "clip.mod", "old.ogg"])
        #expect(run.leftOut.endings == ["jpg": 2, "txt": 1, "": 1])
        #expect(run.leftOut.endingsByCount.map(\.ending) == ["jpg", "", "txt"])
        let all = try library.run(rules: rules(allFiles: true))
        #expect(all.indexed == 4 && all.leftOut.endings.isEmpty)
    }

    /// No row could hold such a name, and no reply say it.
    @Test func namesThatAreNotTextAreCounted() throws {
        try library.write("a.mp4", "a")
        for name in [[0x62, 0xFF, 0x2E, 0x6D, 0x70, 0x34], [0xFE, 0x2E, 0x61, 0x76, 0x69]] as [[UInt8]] {
            let path = (Array(library.path("").utf8) + name + [0]).map { CChar(bitPattern: $0) }
            let file = try #require(fopen(path, "w"))
            fclose(file)
        }
        let run = try library.run()
        #expect(run.indexed == 1 && run.leftOut.unreadableNames == 2)
        #expect(run.problems.count == 2 && run.problems.allSatisfy { $0.detail.contains("UTF-8") })
    }

    @Test func namesOfOneFileAreOneVideo() throws {
        try library.write("b/orig.mp4", "one")
        for name in ["b/link.mp4", "c.mp4"] {
            #expect(link(library.path("b/orig.mp4"), library.path(name)) == 0)
        }
        let run = try library.run()
        #expect(run.total == 1 && run.indexed == 1 && run.leftOut.otherNames == 2)
        #expect(try library.ready() == ["b/link.mp4"])
        // An earlier name that comes up later takes over, and nothing is read again.
        #expect(link(library.path("b/orig.mp4"), library.path("a.mp4")) == 0)
        let next = try library.run()
        #expect(next.indexed == 0)
        #expect(try library.ready() == ["a.mp4"])
        #expect(library.source.takeCalls().encoded.count == 1)
        // Another name in another folder of another run.
        #expect(mkdir(library.folder.path + "/other", 0o755) == 0)
        #expect(link(library.path("a.mp4"), library.folder.path + "/other/z.mp4") == 0)
        let other = try library.run(roots: [library.folder.path + "/other"])
        #expect(other.copied == 0 && other.leftOut.otherNames == 1)
        #expect(try library.read { try $0.counts().ready } == 1)
    }

    /// A copy is no other name.
    @Test func copiesStayVideos() throws {
        try library.write("a.mp4", "one")
        try library.write("b.mp4", "one")
        let run = try library.run()
        #expect(run.indexed == 1 && run.copied == 1 && run.leftOut.otherNames == 0)
    }

    @Test func aMissingRootIsTold() throws {
        try library.write("a.mp4", "one")
        #expect(
            try library.run(roots: [library.path("none"), library.videos]).missingRoots == [
                library.path("none")
            ])
        #expect(try library.run().missingRoots == [])
    }

    /// New folders that are left out are not watched, and a mark ends what was.
    @Test func watchingLeavesOutTheSame() throws {
        try library.write("films/a.mp4", "one")
        let watch = try FolderWatch([library.videos], rules: rules("trailers"))
        #expect(watch.count == 2)
        for name in ["#recycle/b.mp4", "trailers/c.mp4", "films/deep/d.mp4"] { try library.write(name, name) }
        #expect(try watch.changes(waiting: 2).contains(.unknown))
        #expect(watch.count == 3)
        try library.write("films/deep/.nomedia", "")
        #expect(try watch.changes(waiting: 2).contains(.unknown))
    }
}
