import Foundation
import Testing
import TestSupport

/// What users are told to do can be done as it is told.
@Suite struct HintTests {
    @Test func commandsInHintsHaveTheOptionsThatWereGiven() throws {
        let index = try TestIndex()
        let folder = index.folder.path
        try Data("no video".utf8).write(to: URL(fileURLWithPath: folder + "/a.mp4"))
        let options = ["--index", "my index", "--model", index.material.model]
        let outcome = try Running.run(["index", "a.mp4"] + options, directory: folder)
        let repeated = "--index 'my index' --model \(index.material.model)"
        #expect(
            outcome.errors.contains("hint: `mixtape info --failures \(repeated)` says"), "\(outcome.errors)")
        let none = try Running.run(["duplicates", "decisions", "--index", "none"], directory: folder)
        #expect(none.errors.contains("`mixtape index FOLDER --index none`"), "\(none.errors)")
        let reject = try Running.run(
            ["duplicates", "reject", "a", "b", "--index", "none"], directory: folder)
        #expect(reject.errors.contains("`mixtape index FOLDER --index none`"), "\(reject.errors)")
        let unnamed = try Running.run(["info", "--index", folder], directory: folder)
        #expect(unnamed.errors.contains("`mixtape index FOLDER --index \(folder)`"), "\(unnamed.errors)")
    }

    @Test func optionsThatHelpAreNamed() throws {
        let index = try TestIndex()
        let first = try index.startIndexing(until: 1)
        #expect(try index.run("remove", "/x").errors.contains("--wait SECONDS"))
        first.send(SIGKILL)
        _ = try first.outcome()
        let model = try Running.run(["model", "create", index.material.model, "--width", "4"])
        #expect(model.status == 1 && model.errors.contains("--replace"))
        let scores = try index.run("search", index.material.video(0), "--min-score", "0.5")
        #expect(scores.errors.contains("`mixtape model calibrate`"), "\(scores.errors)")
    }

    @Test func errorsOfTheIndexNameItFromTheRoot() throws {
        let index = try TestIndex()
        let request = #"{"jsonrpc":"2.0","id":1,"method":"info"}"#
        let outcome = try Running.run(
            ["serve", "--index", "ix"], input: request, directory: index.folder.path)
        let error = outcome.lines.first?["error"] as? [String: Any]
        #expect((error?["data"] as? [String: Any])?["path"] as? String == index.folder.path + "/ix")
    }

    @Test(arguments: [
        ("serch x", "`mixtape search`"), ("help nosuch", "`mixtape --help`"), ("nosuch", "`mixtape --help`"),
        ("help indx", "`mixtape index`"), ("model creat x", "`mixtape model create`"),
        ("duplicates rejct a b", "`mixtape duplicates reject`"), ("dup", "`mixtape duplicates`"),
    ])
    func anUnknownCommandIsSaid(line: String, hint: String) throws {
        let outcome = try Running.run(line.split(separator: " ").map(String.init))
        #expect(outcome.status == 64 && outcome.output == "")
        #expect(outcome.errors.hasPrefix("error: there is no command \""))
        #expect(outcome.errors.contains(hint), "\(outcome.errors)")
    }

    @Test func theVersionHasAShortOption() throws {
        let long = try Running.run(["--version"])
        let short = try Running.run(["-V"])
        #expect(short.status == 0 && short.output == long.output)
        let lines = long.output.split(separator: "\n")
        #expect(
            lines.count == 3 && lines[0].wholeMatch(of: /[0-9]+\.[0-9]+\.[0-9]+/) != nil, "\(long.output)")
        #expect(lines[1].hasPrefix("commit     not recorded") && lines[2].hasPrefix("processor  "))
        // What a command has no use for is no option of it.
        #expect(try Running.run(["benchmark", "encode", "--index", "x"]).status == 64)
        #expect(try Running.run(["help", "search"]).output == Running.run(["search", "--help"]).output)
    }

    @Test func filesOfOthersAreNotWrittenOver() throws {
        let index = try CommandTests.indexed.get()
        let folder = try TemporaryFolder()
        let page = folder.path + "/page.html"
        func search(_ more: String...) throws -> Running.Outcome {
            try Running.run(
                ["search", index.material.video(0), "--limit", "1", "--html", page] + more + index.options)
        }
        try "<html>mine</html>".write(toFile: page, atomically: true, encoding: .utf8)
        let refused = try search()
        #expect(refused.status == 1 && refused.output == "" && refused.errors.contains("--replace"))
        #expect(try String(contentsOfFile: page, encoding: .utf8) == "<html>mine</html>")
        #expect(try search("--replace").status == 0)
        // What is a page of its own by now is written over.
        #expect(try search().status == 0)
        #expect(try index.run("search", index.material.video(0), "--replace").status == 64)

        let out = folder.path + "/out"
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        for name in ["paths.txt", "means.npy", "clips.csv"] {
            let file = "\(out)/\(name)"
            try "mine".write(toFile: file, atomically: true, encoding: .utf8)
            let outcome = try index.run("export", out)
            #expect(
                outcome.status == 1 && outcome.errors.contains(file) && outcome.errors.contains("--replace"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: out) == [name])
            try FileManager.default.removeItem(atPath: file)
        }
        try "mine".write(toFile: "\(out)/paths.txt", atomically: true, encoding: .utf8)
        #expect(try index.run("export", out, "--replace").status == 0)
        #expect(try index.run("export", out).status == 0)
    }

    @Test func nestedFoldersAreListedOnce() throws {
        let index = try TestIndex()
        let folder = index.folder.path + "/films"
        try FileManager.default.createDirectory(atPath: folder + "/new", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: index.material.video(0), toPath: folder + "/new/a.mp4")
        try FileManager.default.copyItem(atPath: index.material.video(0), toPath: folder + "/new/b.mp4")
        let copies = try index.run("index", folder + "/new")
        #expect(copies.output.contains("1 indexed, 1 identical copy in "), "\(copies.output)")
        try FileManager.default.moveItem(atPath: folder + "/new/b.mp4", toPath: folder + "/c.mp4")
        let renamed = try index.run("index", folder)
        #expect(renamed.output.contains("1 renamed"), "\(renamed.output)")
        #expect(try index.run("info", "--json").json()["folders"] as? [String] == [folder])
    }
}
