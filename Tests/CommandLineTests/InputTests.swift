import Foundation
import TestSupport
import Testing

/// What comes from outside the program and is not as it should be: inputs, names, limits.
@Suite struct InputTests {
    /// An input that cannot be read is no empty one.
    @Test(arguments: ["import", "encode", "serve", "search --batch -"])
    func anInputThatCannotBeReadIsAnError(command: String) throws {
        let index = try TestIndex()
        #expect(try index.run("index", index.material.video(0)).status == 0)
        let options = command == "encode" ? Array(index.options.suffix(2)) : index.options
        let line = ([BuiltProgram.path] + command.split(separator: " ").map(String.init) + options)
            .joined(separator: " ")
        for (input, words) in [("< /", "Is a directory"), ("<&-", "Bad file descriptor")] {
            let outcome = try Running(["-c", "exec \(line) \(input)"], program: "/bin/sh").outcome()
            #expect(outcome.status == 1, "\(input): \(outcome.errors)")
            #expect(outcome.errors.contains(words) && outcome.errors.contains("hint: "), "\(outcome.errors)")
        }
    }

    /// Not a line that `import` refuses.
    @Test func encodeTakesNoPathWithAZeroByte() throws {
        let index = try TestIndex()
        let outcome = try Running.run(
            ["encode"] + index.options.suffix(2), input: "/no/such/file\n\"/a\\u0000b\"\n")
        #expect(outcome.status == 1 && outcome.errors.contains("line 2: a path holds no zero byte"))
        #expect(outcome.lines.count <= 1)
    }

    @Test func namesReachTheTerminalAsText() throws {
        let index = try TestIndex()
        #expect(try index.run("index", index.material.video(0)).status == 0)
        for arguments in [["search", "/no\u{1B}[31m\u{9B}2J\u{202E}.mp4"], ["info", "--\u{1B}]0;x\u{7}"]] {
            let outcome = try Running.run(arguments + index.options)
            #expect(outcome.status != 0 && outcome.errors.contains("\\u{1b}"))
            #expect(
                !outcome.errors.unicodeScalars.contains { ["\u{1B}", "\u{9B}", "\u{202E}"].contains($0) })
        }
    }

    /// Nobody has to wait for another writer whom they wanted to wait for.
    @Test(arguments: ["index", "import"])
    func whoeverWaitsForAnotherWriterCanBeStopped(command: String) throws {
        let index = try TestIndex()
        #expect(try index.run("index", index.material.video(0)).status == 0)
        let line = try Running.run(
            ["encode"] + index.options.suffix(2), input: index.material.video(1) + "\n"
        ).output
        let lock = open(index.path + "/lock", O_RDWR)
        try #require(lock >= 0 && flock(lock, LOCK_EX) == 0)
        defer { close(lock) }
        let arguments =
            command == "index"
            ? [command, index.material.video(1)] + index.options
            : [command] + index.options
        let run = try Running(arguments + ["--wait", "60"], input: line)
        usleep(1_500_000)
        #expect(run.process.isRunning)
        let start = Date()
        run.send(SIGINT)
        let outcome = try run.outcome()
        #expect(outcome.status == 130 && Date().timeIntervalSince(start) < 10, "\(outcome.errors)")
    }

    /// As on a machine of hundreds of processors under the usual limit.
    @Test func manyWorkersHaveFilesEnough() throws {
        let index = try TestIndex()
        let line =
            ([
                "ulimit -Sn 24; exec", BuiltProgram.path, "index", index.material.videos, "--workers", "10",
                "--json",
            ] + index.options).joined(separator: " ")
        let outcome = try Running(["-c", line], program: "/bin/sh").outcome()
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try outcome.json()["indexed"] as? Int == index.material.count, "\(outcome.output)")
    }
}
