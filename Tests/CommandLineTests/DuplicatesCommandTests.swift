import Foundation
import Testing
import TestSupport

/// `mixtape duplicates` and its decisions, over files.
@Suite struct DuplicatesCommandTests {
    /// Copies of one video and others, indexed.
    struct Library {
        let index: TestIndex
        var folder: String { index.folder.path + "/library" }

        init() throws {
            index = try TestIndex()
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for (number, name) in [(0, "a.mp4"), (0, "copy \u{1B}[31m.mp4"), (11, "b.mp4"), (22, "c.mp4")] {
                try FileManager.default.copyItem(
                    atPath: index.material.video(number), toPath: "\(folder)/\(name)")
            }
            let outcome = try index.run("index", folder)
            guard outcome.status == 0 else { throw RunFailure(outcome.errors) }
        }

        func groups(_ more: String...) throws -> [[String]] {
            let outcome = try Running.run(["duplicates", "--json"] + more + index.options)
            #expect(outcome.status == 0, "\(outcome.errors)")
            let groups = try #require(try outcome.json()["groups"] as? [[String: Any]])
            return groups.map { group in
                (group["members"] as? [[String: Any]] ?? []).compactMap {
                    ($0["path"] as? String)?.split(separator: "/").last.map(String.init)
                }
            }
        }
    }

    @Test func copiesAreGroupedAndDecisionsOutliveMoves() throws {
        let library = try Library()
        let copy = "copy \u{1B}[31m.mp4"
        #expect(try library.groups("--max-distance", "0") == [["a.mp4", copy]])
        let table = try library.index.run("duplicates", "--max-distance", "0")
        #expect(table.output.contains("group 1: 2 videos, distance 0.000 or less"))
        #expect(table.output.contains("keep") && table.output.contains("(identical content)"))
        #expect(!table.output.contains("\u{1B}"))

        let (a, b) = (library.folder + "/a.mp4", library.folder + "/" + copy)
        let decided = try library.index.run("duplicates", "reject", a, b, "--json")
        #expect(decided.status == 0 && decided.output == "{\"decided\":1}\n", "\(decided.errors)")
        #expect(try library.groups("--max-distance", "0") == [])
        try FileManager.default.moveItem(atPath: b, toPath: library.folder + "/moved.mp4")
        #expect(try library.index.run("index", library.folder).status == 0)
        #expect(try library.groups("--max-distance", "0") == [])
        let list = try library.index.run("duplicates", "decisions")
        #expect(list.output.hasPrefix("no match  ") && list.output.contains("a.mp4 (and 1 more)"))

        let restored = try library.index.run("duplicates", "restore", a, library.folder + "/moved.mp4")
        #expect(restored.output == "1 decision forgotten\n", "\(restored.errors)")
        #expect(try library.groups("--max-distance", "0") == [["a.mp4", "moved.mp4"]])
        #expect(try library.index.run("duplicates", "decisions").output == "")
    }

    @Test func errorsSayWhatToDo() throws {
        let library = try Library()
        // The tests' model is untrained, so it has no scores.
        let scores = try library.index.run("duplicates")
        #expect(
            scores.status == 1 && scores.errors.contains("hint: limit duplicates by distance"),
            "\(scores.errors)")
        let unknown = try library.index.run("duplicates", "reject", library.folder + "/a.mp4", "/nowhere.mp4")
        #expect(unknown.status == 1 && unknown.errors.contains("/nowhere.mp4"), "\(unknown.errors)")
        #expect(try library.index.run("duplicates", "reject", "one.mp4").status == 64)
        #expect(try library.index.run("duplicates", "--min-score", "1").status == 64)
        let none = try library.index.run("duplicates", "--max-distance", "0", "--limit", "1")
        #expect(none.status == 0)
    }
}
