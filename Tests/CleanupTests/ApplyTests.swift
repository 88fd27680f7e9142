import Base
import Cleanup
import Foundation
import TestSupport
import Testing

/// Steps that are taken, refused, interrupted and taken back.
@Suite struct ApplyTests {
    static let reversible: [CleanupAction] = [.trash, .move("HERE"), .hardlink, .symlink]

    /// A copy of the kept file, equal or not as the action needs it, and others around it.
    func files(_ action: CleanupAction) throws -> Files {
        let files = try Files()
        try files.write("the film", to: "kept.mp4")
        try files.write("the film", to: "other/copy.mp4")
        try files.write("another", to: "other/beside.mp4")
        try files.write(files.step("other/copy.mp4", self.action(action, files), keep: "kept.mp4"))
        return files
    }

    func action(_ action: CleanupAction, _ files: Files) -> CleanupAction {
        if case .move = action { .move(files.folder.file("moved/away")) } else { action }
    }

    @Test(arguments: reversible)
    func whatIsDoneCanBeTakenBack(action: CleanupAction) throws {
        let files = try files(action)
        chmod(files.path("other/copy.mp4"), 0o640)
        try files.write(files.step("other/copy.mp4", self.action(action, files), keep: "kept.mp4"))
        let before = try files.tree()
        let result = try files.apply()
        #expect(result.done == [files.path("other/copy.mp4")] && result.refused == [])
        let copy = try? FileStatus.of(files.path("other/copy.mp4"), followingLinks: false).get()
        switch action {
        case .hardlink: #expect(FileStatus.areOne(files.path("other/copy.mp4"), files.path("kept.mp4")))
        case .symlink: #expect(copy?.isLink == true && files.text("other/copy.mp4") == "the film")
        default: #expect(copy == nil)
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: files.path("other")).allSatisfy {
                !$0.hasPrefix(".")
            })
        // Once more does nothing more.
        #expect(try files.apply() == result)
        let back = try files.undo()
        #expect(back.done == [files.path("other/copy.mp4")] && back.refused == [])
        #expect(try files.tree() == before)
        #expect(try files.undo().done == [])
        // And forth again.
        #expect(try files.apply() == result)
    }

    @Test func theTrashIsTheSpecifications() throws {
        let files = try Files()
        try files.write("the film", to: "kept.mp4")
        try files.write("the film", to: "a % b\u{E9}.mp4")
        try files.write("the film", to: "other/a % b\u{E9}.mp4")
        try files.write(
            files.step("a % b\u{E9}.mp4", keep: "kept.mp4"),
            files.step("other/a % b\u{E9}.mp4", keep: "kept.mp4"))
        #expect(try files.apply().done.count == 2)
        let trash = try TemporaryTrash(files.home + "/Trash")
        #expect(trash.files == ["a % b\u{E9} 2.mp4", "a % b\u{E9}.mp4"])
        #expect(trash.notes == ["a % b\u{E9} 2.mp4.trashinfo", "a % b\u{E9}.mp4.trashinfo"])
        let note = try String(
            contentsOfFile: files.home + "/Trash/info/a % b\u{E9}.mp4.trashinfo", encoding: .utf8)
        let lines = note.split(separator: "\n")
        #expect(lines[0] == "[Trash Info]")
        #expect(lines[1] == "Path=\(files.path(""))a%20%25%20b%C3%A9.mp4")
        #expect(lines[2].wholeMatch(of: /DeletionDate=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/) != nil)
        #expect(try FileStatus.of(files.home + "/Trash").get().mode & 0o777 == 0o700)
    }

    struct TemporaryTrash {
        let files, notes: [String]
        init(_ path: String) throws {
            files = try FileManager.default.contentsOfDirectory(atPath: path + "/files").sorted()
            notes = try FileManager.default.contentsOfDirectory(atPath: path + "/info").sorted()
        }
    }

    /// The home folder is on another filesystem than the file.
    @Test(
        .enabled(if: FileStatus(path: "/dev/shm")?.device != FileStatus(path: NSTemporaryDirectory())?.device)
    )
    func anotherFilesystemHasItsOwnTrash() throws {
        let (files, elsewhere) = (try Files(quick: true), try Files())
        try files.write("the film", to: "kept.mp4")
        try files.write("the film", to: "copy.mp4")
        try files.write(files.step("copy.mp4", keep: "kept.mp4"))
        let before = try files.tree()
        let options = ApplicationOptions(journal: elsewhere.journal, dataHome: elsewhere.home)
        #expect(try PlanApplication(path: files.plan, options: options).run { _, _ in nil }.done.count == 1)
        let trash = "/dev/shm/.Trash-\(getuid())"
        let notes = try FileManager.default.contentsOfDirectory(atPath: trash + "/info")
        let own = try #require(
            try notes.first {
                try String(contentsOfFile: "\(trash)/info/\($0)", encoding: .utf8).contains(
                    files.folder.path.dropFirst(9))
            })
        // By the folder that holds the trash.
        let note = try String(contentsOfFile: "\(trash)/info/\(own)", encoding: .utf8)
        #expect(note.contains("\nPath=\(files.path("copy.mp4").dropFirst("/dev/shm/".count))\n"))
        #expect(try JournalUndo(path: elsewhere.journal).run().done.count == 1)
        #expect(try files.tree() == before)
        for name in ["/files", "/info", ""] { rmdir(trash + name) }
        // Nor does anything go to a folder of another filesystem.
        try files.write(files.step("copy.mp4", .move(elsewhere.folder.file("away")), keep: "kept.mp4"))
        let refused = try files.apply()
        #expect(refused.done == [] && refused.refused.first?.why.contains("another filesystem") == true)
        #expect(try files.tree() == before)
    }

    @Test func deletedFilesStayDeletedAndSayso() throws {
        let files = try files(.delete)
        #expect(try files.apply().done.count == 1)
        #expect(files.text("other/copy.mp4") == nil && files.text("kept.mp4") == "the film")
        let undone = try files.undo()
        #expect(undone.done == [] && undone.refused.first?.why.contains("deleted for good") == true)
    }

    @Test func aDryRunDoesNothing() throws {
        let files = try files(.delete)
        let before = try files.tree()
        #expect(try files.apply(isDryRun: true).done.count == 1)
        #expect(try files.tree() == before && !FileManager.default.fileExists(atPath: files.journal))
    }

    @Test(arguments: [CleanupAction.trash, .delete, .hardlink, .symlink])
    func whatChangedIsLeftAlone(action: CleanupAction) throws {
        let changes: [(String, (Files) throws -> Void)] = [
            ("the file", { try $0.write("THE FILM", to: "other/copy.mp4") }),
            ("the kept one", { try $0.write("THE FILM", to: "kept.mp4") }),
            ("its time", { utimes($0.path("other/copy.mp4"), nil) }),
            ("the file is gone", { unlink($0.path("other/copy.mp4")) }),
            ("the kept one is gone", { unlink($0.path("kept.mp4")) }),
            (
                "the kept one is a link to it",
                {
                    unlink($0.path("kept.mp4"))
                    symlink($0.path("other/copy.mp4"), $0.path("kept.mp4"))
                }
            ),
            (
                "both are one file",
                {
                    unlink($0.path("kept.mp4"))
                    link($0.path("other/copy.mp4"), $0.path("kept.mp4"))
                }
            ),
            (
                "its folder is a link",
                {
                    rename($0.path("other"), $0.path("another"))
                    symlink($0.path("another"), $0.path("other"))
                }
            ),
            (
                "it is a pipe",
                {
                    unlink($0.path("other/copy.mp4"))
                    mkfifo($0.path("other/copy.mp4"), 0o644)
                }
            ),
        ]
        for (what, change) in changes {
            let files = try files(action)
            try change(files)
            let before = try files.tree()
            let result = try files.apply()
            #expect(result.done == [] && result.refused.count == 1, "\(what)")
            #expect(result.refused.first?.why.hasPrefix(files.path("")) == true, "\(what)")
            #expect(try files.tree() == before, "\(what)")
        }
    }

    /// The kept file is looked at between the checks and the act.
    @Test(arguments: [CleanupAction.trash, .delete, .move("HERE")])
    func whatChangesBetweenCheckAndActIsLeftAlone(action: CleanupAction) throws {
        let races: [(String, (Files) throws -> Void)] = [
            (
                "a folder for a link",
                {
                    rename($0.path("other"), $0.path("another"))
                    mkdir($0.folder.file("decoy"), 0o755)
                    try $0.folder.write("a decoy", to: "decoy/copy.mp4")
                    symlink($0.folder.file("decoy"), $0.path("other"))
                }
            ),
            (
                "another file",
                {
                    rename($0.path("other/copy.mp4"), $0.path("other/aside.mp4"))
                    try $0.write("a newer film", to: "other/copy.mp4")
                }
            ),
            ("the kept one gone", { rename($0.path("kept.mp4"), $0.path("kept 2.mp4")) }),
            (
                "the kept one another",
                {
                    unlink($0.path("kept.mp4"))
                    try $0.write("another film", to: "kept.mp4")
                }
            ),
            ("the kept one written to", { try $0.write("shorter", to: "kept.mp4") }),
            ("the file written to", { try $0.write("new and only here", to: "other/copy.mp4") }),
            ("the folder gone", { rename($0.path("other"), $0.folder.file("gone")) }),
        ]
        for (what, change) in races {
            let files = try files(action)
            try files.write("another cut of the film", to: "kept.mp4")
            try files.write(files.step("other/copy.mp4", self.action(action, files), keep: "kept.mp4"))
            var (before, contents) = ([String](), Set<String>())
            let result = try files.apply { _, isKept in
                if isKept {
                    do { try change(files) } catch { Issue.record("\(error)") }
                    before = (try? files.tree()) ?? []
                    contents = (try? files.contents()) ?? []
                }
                return nil
            }
            #expect(result.done == [] && result.refused.count == 1, "\(what)")
            #expect(try files.contents().isSuperset(of: contents), "\(what)")
            // Where a file was moved and came back, its folder has another time.
            func withoutTimes(_ tree: [String]) -> [String] {
                tree.map { $0.replacing(#/ \d{16,}/#, with: "") }
            }
            #expect(withoutTimes(try files.tree()) == withoutTimes(before), "\(what)")
        }
    }

    @Test func aKeptFileThatCannotBeDecodedStaysAlone() throws {
        let files = try files(.trash)
        try files.write("another cut of the film", to: "kept.mp4")
        try files.write("a third", to: "third.mp4")
        try files.write(
            files.step("other/copy.mp4", keep: "kept.mp4"), files.step("third.mp4", keep: "kept.mp4"))
        var looked = 0
        let result = try files.apply { path, isKept in
            if !isKept { return nil }
            looked += 1
            return (try? String(contentsOfFile: path, encoding: .utf8)) == "another cut of the film"
                ? "is damaged" : nil
        }
        #expect(
            looked == 1 && result.done == []
                && result.refused.map(\.why) == [
                    files.path("kept.mp4") + ": is damaged", files.path("kept.mp4") + ": is damaged",
                ])
        #expect(try files.apply(.quick) { _, _ in "never asked" }.done.count == 2)
    }

    @Test func aLinkNeedsEqualBytes() throws {
        for action in [CleanupAction.hardlink, .symlink, .reflink] {
            let files = try files(action)
            try files.write("another cut", to: "kept.mp4")
            try files.write(files.step("other/copy.mp4", action, keep: "kept.mp4"))
            let before = try files.tree()
            let result = try files.apply(.quick)
            #expect(result.refused.first?.why.contains("another content") == true)
            #expect(try files.tree() == before)
        }
    }

    @Test func aFilesystemThatSharesNoBlocksSaysSo() throws {
        let files = try files(.reflink)
        let before = try files.tree()
        let result = try files.apply()
        #expect(result.done.count + result.refused.count == 1)
        #expect(try files.tree() == before)
        #expect(try files.undo().refused == [])
    }

    /// As after a loss of power, the journal ends after any of its lines, or within one.
    @Test(arguments: reversible + [.delete])
    func whatWasInterruptedGoesOn(action: CleanupAction) throws {
        for lines in 1...2 {
            for isUndone in [false, true] {
                let files = try files(action)
                let before = try files.tree()
                _ = try files.apply()
                let whole = try String(contentsOfFile: files.journal, encoding: .utf8)
                let kept = whole.split(separator: "\n").prefix(lines).map { $0 + "\n" }.joined()
                let torn = lines == 2 ? String(whole.dropFirst(kept.count).prefix(30)) : ""
                // Without its line, a step was not begun either.
                if lines == 1 { _ = try files.undo() }
                if lines == 1, action == .delete { continue }
                try (kept + torn).write(toFile: files.journal, atomically: false, encoding: .utf8)
                if isUndone, action != .delete {
                    #expect(try files.undo().refused == [])
                    let names = try files.tree().map { $0.split(separator: " ")[0] }
                    #expect(names == before.map { $0.split(separator: " ")[0] })
                    #expect(files.text("other/copy.mp4") == "the film")
                }
                let again = try files.apply()
                #expect(again.done.count == 1 && again.refused == [])
                let left = try FileManager.default.subpathsOfDirectory(atPath: files.folder.path)
                #expect(!left.contains { $0.contains(".mixtape-") })
            }
        }
    }

    @Test func journalsBelongToTheirPlan() throws {
        let files = try files(.trash)
        _ = try files.apply()
        try files.write(files.step("other/beside.mp4", keep: "kept.mp4"))
        #expect(throws: CleanupError.self) { try files.apply() }
        let text = try String(contentsOfFile: files.journal, encoding: .utf8)
        try text.replacing("\"event\"", with: "event").write(
            toFile: files.journal, atomically: false, encoding: .utf8)
        do {
            _ = try files.undo()
            Issue.record("a damaged journal was taken")
        } catch let error as CleanupError {
            #expect(error.reason == .journalUnreadable && error.message.contains("line 2 is damaged"))
        }
        // Nothing is cut off a file that is no journal, such as a film.
        for other in ["no journal\n", "a film\nwithout lines", "\n\nfilm", "x"] {
            try other.write(toFile: files.journal, atomically: false, encoding: .utf8)
            #expect(throws: CleanupError.self) { try files.undo() }
            #expect(try String(contentsOfFile: files.journal, encoding: .utf8) == other)
        }
    }

    @Test func undoReplacesNothing() throws {
        for action in [CleanupAction.trash, .hardlink] {
            let files = try files(action)
            _ = try files.apply()
            unlink(files.path("other/copy.mp4"))
            try files.write("somebody's new film", to: "other/copy.mp4")
            let contents = try files.contents()
            let result = try files.undo()
            #expect(result.done == [] && result.refused.count == 1)
            #expect(try files.contents().isSuperset(of: contents))
            #expect(files.text("other/copy.mp4") == "somebody's new film")
        }
    }
}
