import Foundation
import TestSupport
import Testing

/// The pages show real output: every example is run again, and its reply must have the same members and types.
@Suite struct PageTests {
    /// The dozen videos of the demo, an excerpt and a file that is not a video in `Videos`; the altered copy as `query.mp4`; an
    /// index of all that; and `tools/mixtape`, which uses it.
    struct Material: Sendable {
        static let shared = Result { try Material() }

        let folder: TemporaryFolder
        var path: String { folder.path }
        var index: String { path + "/index" }

        private init() throws {
            folder = try TemporaryFolder()
            try Self.run("demo", "--keep", folder.path + "/demo")
            let files = FileManager.default
            try files.moveItem(atPath: path + "/demo/videos", toPath: path + "/Videos")
            try files.moveItem(atPath: path + "/demo/query.mp4", toPath: path + "/query.mp4")
            try FFmpeg.run([
                "-ss", "1", "-t", "3", "-i", path + "/Videos/mandelbrot.mp4", "-vf", "scale=160:-2", "-an",
                path + "/Videos/part.mp4",
            ])
            try "not a video\n".write(toFile: path + "/Videos/notes.mp4", atomically: false, encoding: .utf8)
            try Self.run("index", path + "/Videos", "--index", index)
            try PageTests.makeProgram(in: path, index: index)
        }

        private static func run(_ arguments: String...) throws {
            let outcome = try Running.run(arguments)
            guard outcome.status == 0 else {
                throw RunFailure(outcome.errors)
            }
        }
    }

    /// Puts a program `tools/mixtape` into a folder, which uses an index there.
    static func makeProgram(in folder: String, index: String) throws {
        let program = folder + "/tools/mixtape"
        try FileManager.default.createDirectory(atPath: folder + "/tools", withIntermediateDirectories: true)
        let script = """
            #!/bin/bash
            [[ $1 == demo ]] && exec '\(BuiltProgram.path)' "$@"
            exec '\(BuiltProgram.path)' "$@" --index '\(index)'

            """
        try script.write(toFile: program, atomically: false, encoding: .utf8)
        chmod(program, 0o755)
    }

    /// Runs what a page has after "$ ", output and errors together.
    static func shell(_ lines: [String], in folder: String) throws -> Running.Outcome {
        try Running(
            ["-c", "exec 2>&1\n" + lines.joined(separator: "\n")], directory: folder, program: "/bin/bash"
        ).outcome()
    }

    @Test func everyConversationOfTheProtocol() throws {
        let material = try Material.shared.get()
        let service = try Conversation(["serve", "--index", material.index])
        let examples = try PageExample.conversations("docs/protocol.md")
        #expect(examples.count > 15)
        for example in examples {
            // The example of indexing begins with nothing.
            let begins = example.entered.contains { $0.contains(#""method":"index""#) }
            let one =
                begins ? try Conversation(["serve", "--index", material.path + "/new"]) : service
            try replay(example, one, material.path)
            if begins { #expect(one.end() == 0) }
        }
        #expect(service.end() == 0)
    }

    private func replay(_ example: PageExample, _ service: Conversation, _ folder: String) throws {
        #expect(!example.entered.isEmpty && !example.answered.isEmpty, "\(example.place)")
        var waiting: [[String: Any]] = []
        func isSame(_ page: [String: Any], _ answer: [String: Any]) -> Bool {
            let (left, right) = (page["params"] as? [String: Any], answer["params"] as? [String: Any])
            return "\(page["id"] ?? "")" == "\(answer["id"] ?? "")"
                && left?["phase"] as? String == right?["phase"] as? String
        }
        for line in example.lines {
            switch line {
            case .entered(let text):
                let absolute = ["Videos", "query.mp4"].reduce(text) {
                    $0.replacingOccurrences(of: "\"\($1)", with: "\"\(folder)/\($1)")
                }
                service.say(absolute)
            case .answered(let text):
                let page = try #require(
                    JSONShape.value(text)?.value as? [String: Any], "\(example.place): \(text)")
                if !waiting.contains(where: { isSame(page, $0) }) {
                    while let answer = service.next() {
                        waiting.append(answer)
                        if isSame(page, answer) || (answer["id"] != nil && page["id"] == nil) { break }
                    }
                }
                let place = try #require(
                    waiting.firstIndex { isSame(page, $0) }, "\(example.place): no such answer as \(text)")
                let answer = waiting.remove(at: place)
                let differences = JSONShape.differences(page: page, answer: answer)
                #expect(differences == [], "\(example.place)")
            }
        }
    }

    static var hasCurl: Bool { access("/usr/bin/curl", X_OK) == 0 }

    @Test(.enabled(if: hasCurl)) func everyCommandOfTheHTTPPage() throws {
        let material = try Material.shared.get()
        let service = try Running(
            ["serve", "--http", "127.0.0.1:0", "--index", material.index], directory: material.path)
        defer { service.process.terminate() }
        for _ in 0..<1000 where !service.errorsSoFar.contains(#""url":"#) { usleep(10_000) }
        let port = try #require(
            service.errorsSoFar.components(separatedBy: #""url":"http://127.0.0.1:"#).last?.prefix {
                $0 != "/"
            })
        let examples = try PageExample.commands("docs/http.md")
        #expect(examples.count > 3)
        for example in examples {
            let command = example.entered.map {
                $0.replacingOccurrences(of: "localhost:8377", with: "localhost:\(port)")
            }
            let output = try Self.shell(command, in: material.path).output
            check(example, output, material.path)
        }
        // What the help says of the document.
        let help = try Running.run(["serve", "--help"]).output
        let path = try #require(help.split { " \n".contains($0) }.first { $0.hasPrefix("/openapi") })
        let document = try Self.shell(["curl -s localhost:\(port)\(path.dropLast())"], in: material.path)
        #expect(document.output.contains(#""openapi": "3.1"#))
    }

    @Test func everyCommandOfTheReadme() throws {
        let folder = try TemporaryFolder()
        try Self.makeProgram(in: folder.path, index: folder.path + "/index")
        var count = 0
        for example in try PageExample.commands("README.md") where example.entered != ["tools/test"] {
            let command = example.entered.map {
                $0.replacingOccurrences(of: "/tmp/demo", with: folder.path + "/demo")
            }
            let outcome = try Self.shell(command, in: folder.path)
            #expect(outcome.status == 0, "\(example.place): \(outcome.output)")
            check(example, outcome.output, folder.path)
            count += 1
        }
        #expect(count > 4)
        // Who begins again is told what to do.
        let again = try Running.run(["demo", "--keep", folder.path + "/demo"])
        #expect(
            again.status == 1 && again.errors.contains("hint: delete it, or name another"), "\(again.errors)")
    }

    /// Holds what a command printed against a page: JSON by its shape, text word by word without its numbers.
    private func check(_ example: PageExample, _ output: String, _ folder: String) {
        var shown = example.answered.filter { !$0.isEmpty }
        // Progress, which slow machines print.
        var given = output.split(separator: "\n").map(String.init).filter {
            $0.firstMatch(of: /^(comparing, )?[0-9]+\/[0-9]+ files|^looking for files/) == nil
        }
        if shown.first == "…" {
            shown.removeFirst()
            given = Array(given.suffix(shown.count))
        }
        #expect(shown.count == given.count, "\(example.place): \(output)")
        for (page, answer) in zip(shown, given) {
            if let page = JSONShape.value(page), let answer = JSONShape.value(answer) {
                let differences = JSONShape.differences(
                    page: page.value, answer: answer.value, isPart: page.isPart)
                #expect(differences == [], "\(example.place)")
            } else {
                #expect(Self.words(page, "/tmp") == Self.words(answer, folder), "\(example.place)")
            }
        }
    }

    /// A line without what differs from run to run: numbers, the folder, and which of the other videos comes second.
    private static func words(_ line: String, _ folder: String) -> String {
        line.replacingOccurrences(of: folder + "/", with: "/tmp/")
            .replacing(/[0-9]+([.:×][0-9]+)*/, with: "#")
            .replacing(/videos\/(?!mandelbrot|copy)[a-z]+\.mp4/, with: "videos/another.mp4")
            .split(separator: " ").joined(separator: " ")
    }

    static var hasPython: Bool { access("/usr/bin/python3", X_OK) == 0 }

    @Test(.enabled(if: hasPython)) func theClientOfTheGuide() throws {
        let material = try Material.shared.get()
        let guide = try PageExample.text("docs/guide.md")
        let code = try #require(
            guide.components(separatedBy: "```python\n").last?.components(separatedBy: "```").first)
        let client = material.path + "/client.py"
        try code.write(toFile: client, atomically: false, encoding: .utf8)
        let outcome = try Running(["python3", client], directory: material.path, program: "/usr/bin/env")
            .outcome()
        #expect(outcome.status == 0, "\(outcome.errors)")
        let lines = outcome.output.split(separator: "\n")
        #expect(
            lines.count == 3 && lines.first?.hasSuffix("/Videos/mandelbrot.mp4") == true, "\(outcome.output)")
    }
}
