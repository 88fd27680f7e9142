import Foundation
import Testing
import TestSupport

/// `mixtape duplicates --plan`, `apply` and `undo`, as users run them.
@Suite struct CleanupCommandTests {
    /// Copies of two videos in two folders, indexed, with a home of their own.
    struct Library {
        let index: TestIndex
        var folder: String { index.folder.path + "/library" }
        var plan: String { index.folder.path + "/plan.json" }
        var home: String { index.folder.path + "/home" }

        init() throws {
            index = try TestIndex()
            for name in ["new", "old", "old/deep"] { try index.folder.makeFolder("library/" + name) }
            for (number, name) in [
                (0, "new/a.mp4"), (0, "old/b.mp4"), (0, "old/deep/c.mp4"), (1, "new/d.mp4"),
            ] {
                try FileManager.default.copyItem(
                    atPath: index.material.video(number), toPath: "\(folder)/\(name)")
            }
            let outcome = try index.run("index", folder)
            guard outcome.status == 0 else { throw RunFailure(outcome.errors) }
        }

        func run(_ arguments: String...) throws -> Running.Outcome {
            try Running(arguments + index.options, environment: ["XDG_DATA_HOME": home]).outcome()
        }

        func plan(_ more: String...) throws -> [String: Any] {
            let outcome = try Running.run(
                ["duplicates", "--max-distance", "0", "--plan", plan] + more + index.options)
            guard outcome.status == 0 else { throw RunFailure(outcome.errors) }
            let data = try Data(contentsOf: URL(fileURLWithPath: plan))
            return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
        }

        func files(_ plan: [String: Any]) -> [String] {
            (plan["steps"] as? [[String: Any]] ?? []).compactMap { step in
                (step["file"] as? String).map { String($0.dropFirst(folder.count + 1)) }
            }
        }

        func listed() throws -> Int {
            (try run("list", "--json").output).split(separator: "\n").count { $0.contains("library") }
        }
    }

    @Test func aPlanIsMadeByRulesAppliedAndTakenBack() throws {
        let library = try Library()
        #expect(library.files(try library.plan()) == ["old/b.mp4", "old/deep/c.mp4"])
        #expect(
            library.files(try library.plan("--keep-under", library.folder + "/old/deep")) == [
                "new/a.mp4", "old/b.mp4",
            ])
        #expect(
            library.files(try library.plan("--never-touch", library.folder + "/new")) == [
                "old/b.mp4", "old/deep/c.mp4",
            ])
        #expect(library.files(try library.plan("--within")) == [])
        #expect(
            library.files(
                try library.plan("--path", library.folder + "/new", "--against", library.folder + "/old"))
                == ["new/a.mp4"])
        let made = try library.plan("--prefer", "name,path", "--keep-under", library.folder + "/old")
        #expect(library.files(made) == ["new/a.mp4", "old/deep/c.mp4"])
        #expect(made["expected_mistakes"] as? Double == 0)

        let unasked = try library.run("apply", library.plan)
        #expect(unasked.status == 1 && unasked.errors.contains("hint: --yes"), "\(unasked.errors)")
        let dry = try library.run("apply", library.plan, "--dry-run", "--json")
        #expect(dry.status == 0, "\(dry.errors)")
        #expect(try dry.json()["done"] as? Int == 2)
        #expect(FileManager.default.fileExists(atPath: library.folder + "/new/a.mp4"))

        let before =
            try library.run("duplicates", "--max-distance", "0", "--json").json()["groups"] as? NSArray
        let applied = try library.run("apply", library.plan, "--yes")
        #expect(applied.status == 0 && applied.output.hasPrefix("2 done, "), "\(applied.errors)")
        #expect(!FileManager.default.fileExists(atPath: library.folder + "/new/a.mp4"))
        let trash = try FileManager.default.contentsOfDirectory(atPath: library.home + "/Trash/files")
            .sorted()
        #expect(trash == ["a.mp4", "c.mp4"])
        let info = try library.run("info", "--json").json()["videos"] as? [String: Any]
        #expect(info?["ready"] as? Int == 2)

        let undone = try library.run("undo")
        #expect(undone.status == 0 && undone.output == "2 taken back\n", "\(undone.errors)")
        let after =
            try library.run("duplicates", "--max-distance", "0", "--json").json()["groups"]
            as? [[String: Any]]
        #expect(after?.count == before?.count && (after?.first?["members"] as? [Any])?.count == 3)
        let nothing = try library.run("undo")
        #expect(nothing.status == 1 && nothing.errors.contains("no journal"), "\(nothing.errors)")
    }

    @Test func hardLinksAreNoCopies() throws {
        let library = try Library()
        #expect(library.files(try library.plan("--action", "hardlink")) == ["old/b.mp4", "old/deep/c.mp4"])
        let applied = try library.run("apply", library.plan, "--yes", "--json")
        #expect(applied.status == 0, "\(applied.errors)")
        #expect(try applied.json()["done"] as? Int == 2)
        #expect(try library.run("index", library.folder).status == 0)
        #expect(library.files(try library.plan()) == [])
        let journal = try #require(try applied.json()["journal"] as? String)
        #expect(try library.run("undo", journal).status == 0)
        #expect(library.files(try library.plan()).count == 2)
    }

    @Test func errorsSayWhatToDo() throws {
        let library = try Library()
        _ = try library.plan()
        try Data("changed".utf8).write(to: URL(fileURLWithPath: library.folder + "/old/b.mp4"))
        let some = try library.run("apply", library.plan, "--yes")
        #expect(some.status == 1 && some.output.hasPrefix("1 done"), "\(some.errors)")
        #expect(
            some.errors.contains("old/b.mp4: was changed since")
                && some.errors.contains("error: 1 file was left alone"))
        let none = try library.run("apply", library.plan + ".none", "--yes")
        #expect(
            none.status == 1 && none.errors.contains("hint: `mixtape duplicates --plan"), "\(none.errors)")
        #expect(try library.run("duplicates", "--action", "trash").status == 64)
        #expect(try library.run("duplicates", "--prefer", "beauty").status == 64)
        #expect(try library.run("duplicates", "--within", "--across").status == 64)
        let folder = try library.run(
            "duplicates", "--max-distance", "0", "--never-touch", library.folder + "/nwe")
        #expect(folder.status == 1 && folder.errors.contains("no such folder"), "\(folder.errors)")
    }
}
