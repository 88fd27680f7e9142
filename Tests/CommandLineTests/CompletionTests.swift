import Foundation
import Testing
import TestSupport

/// What the shell completes.
@Suite struct CompletionTests {
    /// What bash offers for a line whose last word is unfinished, in a folder.
    private func offers(_ line: [String], in folder: TemporaryFolder) throws -> [String] {
        let script = try Running.run(["--generate-completion-script", "bash"])
        #expect(script.status == 0, "\(script.errors)")
        try script.output.write(toFile: folder.path + "/mixtape.bash", atomically: true, encoding: .utf8)
        let ask = """
            source ./mixtape.bash
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
            function=$(complete -p mixtape | sed 's/.*-F \\([^ ]*\\).*/\\1/')
            "$function" mixtape "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let outcome = try Running(
            ["-c", ask, "bash", "mixtape"] + line, directory: folder.path, program: "/bin/bash"
        ).outcome()
        return outcome.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    @Test func bashCompletesFileNames() throws {
        let folder = try TemporaryFolder()
        for name in ["films", "index", "films/Old ones"] {
            try FileManager.default.createDirectory(
                atPath: folder.path + "/" + name, withIntermediateDirectories: true)
        }
        for name in ["films/Phantom.mp4", "films/Pharaoh.mkv", "films/Dune.mp4", "info.txt"] {
            try Data().write(to: URL(fileURLWithPath: folder.path + "/" + name))
        }
        #expect(
            try offers(["search", "films/Ph"], in: folder).sorted() == [
                "films/Phantom.mp4", "films/Pharaoh.mkv",
            ])
        #expect(try offers(["index", "fil"], in: folder) == ["films"])
        // Of folders only folders.
        #expect(try offers(["search", "x.mp4", "--index", "in"], in: folder) == ["index"])
        #expect(
            try offers(["search", "x.mp4", "--html", "in"], in: folder).sorted() == ["index", "info.txt"])
    }

    /// Whoever adds an option whose value is a path says so.
    @Test func allPathsAreCompleted() throws {
        let dump = try Running.run(["--experimental-dump-help"]).json()
        let paths: Set<String> = [
            "FOLDER", "DIR", "MODEL", "VIDEO", "VIDEOS", "FILE", "LIST", "PATH",
        ]
        var seen = 0
        func look(_ command: [String: Any]) {
            for argument in command["arguments"] as? [[String: Any]] ?? [] {
                guard let value = argument["valueName"] as? String, paths.contains(value) else { continue }
                seen += 1
                let kind = argument["completionKind"] as? [String: Any]
                #expect(
                    kind?["file"] != nil || kind?["directory"] != nil,
                    "\(command["commandName"] ?? ""): \(argument["preferredName"] ?? value)")
            }
            for sub in command["subcommands"] as? [[String: Any]] ?? [] { look(sub) }
        }
        look(dump["command"] as? [String: Any] ?? [:])
        #expect(seen > 30)
    }
}
