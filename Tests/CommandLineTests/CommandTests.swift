import Foundation
import Testing
import TestSupport

/// Results, errors and exit codes of the other commands.
@Suite struct CommandTests {
    /// An index of all the material, for tests that only read it.
    static let indexed = Result {
        let index = try TestIndex()
        let outcome = try index.run("index", index.material.videos)
        guard outcome.status == 0 else { throw RunFailure(outcome.errors) }
        return index
    }

    func paths(_ outcome: Running.Outcome) throws -> [String] {
        try #require(try outcome.json()["matches"] as? [[String: Any]]).compactMap { $0["path"] as? String }
    }

    @Test func aVideoOfTheIndexIsFoundFromAnyWorkingDirectory() throws {
        let index = try Self.indexed.get()
        let inside = try index.run("search", "video07.mp4", "--json", directory: index.material.videos)
        #expect(inside.status == 0, "\(inside.errors)")
        #expect(try paths(inside).first == index.material.video(7))
        #expect(try paths(inside).count == 10)
        let query = try #require(try inside.json()["query"] as? [String: Any])
        #expect(query["indexed"] as? Bool == true)
        let outside = try index.run(
            "search", index.material.video(7), "--json", "--limit", "3", directory: "/")
        #expect(try paths(outside) == Array(paths(inside).prefix(3)))
    }

    /// The size and the time of a file say nothing where someone has set the time back: what is searched for is what it shows.
    @Test func aFileThatWasReplacedIsNotAnsweredForByTheIndex() throws {
        let index = try TestIndex()
        let videos = index.folder.path + "/videos"
        try FileManager.default.createDirectory(atPath: videos, withIntermediateDirectories: true)
        let (first, second) = (videos + "/first.mp4", videos + "/second.mp4")
        let contents = try [3, 17].map {
            try Data(contentsOf: URL(fileURLWithPath: index.material.video($0)))
        }
        // What is behind the last atom is passed over.
        let size = (contents.map(\.count).max() ?? 0) + 8
        let padded = contents.map { content in
            let count = size - content.count
            return content + [0, 0, UInt8(count >> 8), UInt8(count & 255)] + Array("free".utf8)
                + Data(count: count - 8)
        }
        #expect(padded[0].count == padded[1].count && size - (contents.map(\.count).min() ?? 0) < 65536)
        let time = [FileAttributeKey.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)]
        for (path, content) in zip([first, second], padded) {
            try content.write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes(time, ofItemAtPath: path)
        }
        #expect(try index.run("index", videos).status == 0)
        let same = try index.run("search", first, "--json")
        #expect(try paths(same).first == first)
        try FileHandle(forWritingTo: URL(fileURLWithPath: first)).write(contentsOf: padded[1])
        try FileManager.default.setAttributes(time, ofItemAtPath: first)
        let changed = try index.run("search", first, "--json", "--limit", "1")
        #expect(try paths(changed) == [second], "\(changed.output)\(changed.errors)")
        #expect((try changed.json()["query"] as? [String: Any])?["indexed"] as? Bool == false)
        // Permissions are no content.
        #expect(chmod(second, 0o600) == 0)
        let touched = try index.run("search", second, "--json")
        #expect((try touched.json()["query"] as? [String: Any])?["indexed"] as? Bool == true)
    }

    @Test func aFileOutsideTheIndexIsDecoded() throws {
        let index = try Self.indexed.get()
        let copy = index.folder.path + "/copy \u{1B}[31m.mp4"
        try? FileManager.default.removeItem(atPath: copy)
        try FileManager.default.copyItem(atPath: index.material.video(4), toPath: copy)
        let outcome = try index.run("search", copy, "--json", "--limit", "2")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let found = try outcome.json()
        #expect((found["query"] as? [String: Any])?["indexed"] as? Bool == false)
        let match = try #require((found["matches"] as? [[String: Any]])?.first)
        #expect(match["path"] as? String == index.material.video(4))
        #expect(match["distance"] as? Double == 0)
    }

    @Test func aFileFromTheFarFutureIsLikeAnyOther() throws {
        let index = try Self.indexed.get()
        let copy = index.folder.path + "/future.mp4"
        try? FileManager.default.removeItem(atPath: copy)
        try FileManager.default.copyItem(atPath: index.material.video(5), toPath: copy)
        // Nanoseconds since 1970 do not fit 64 bits any more.
        let touched = try Running(["touch", "-d", "2300-01-01", copy], program: "/usr/bin/env").outcome()
        #expect(touched.status == 0)
        let outcome = try index.run("search", copy, "--json", "--limit", "1")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(try paths(outcome) == [index.material.video(5)])
    }

    @Test func aPartOfAVideoIsEnough() throws {
        let index = try Self.indexed.get()
        let outcome = try index.run(
            "search", index.material.video(3), "--from", "0:00.5", "--to", "1.5", "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let query = try #require(try outcome.json()["query"] as? [String: Any])
        #expect(query["from"] as? Double == 0.5)
        #expect(query["to"] as? Double == 1.5)
        #expect(query["indexed"] as? Bool == false)
        let beyond = try index.run("search", index.material.video(3), "--from", "1:00")
        #expect(beyond.status == 1)
        #expect(beyond.errors.contains("hint: choose --from and --to"), "\(beyond.errors)")
    }

    @Test func theTableIsForPeople() throws {
        let index = try Self.indexed.get()
        let outcome = try index.run("search", index.material.video(0), "--limit", "2")
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(
            lines.first?.split(separator: " ").map(String.init)
                == ["rank", "distance", "duration", "part", "path"])
        #expect(lines[1].hasSuffix(index.material.video(0)))
        // Whole videos alone have no parts to show.
        let whole = try index.run("search", index.material.video(0), "--granularity", "video", "--limit", "2")
        #expect(
            whole.output.split(separator: "\n").first?.split(separator: " ").map(String.init)
                == ["rank", "distance", "duration", "path"])
        // No colour where nobody sees it.
        #expect(!outcome.output.contains("\u{1B}"))
    }

    @Test func limitsAreKept() throws {
        let index = try Self.indexed.get()
        let own = index.material.video(0)
        #expect(try paths(index.run("search", own, "--json", "--limit", "30")).count == 30)
        #expect(try paths(index.run("search", own, "--json", "--max-distance", "0")) == [own])
        let others = try paths(index.run("search", own, "--json", "--exclude-self", "--limit", "100"))
        #expect(others.count == 29 && !others.contains(own))
        let sampled = try index.run(
            "search", own, "--json", "--mode", "iid", "--samples", "4", "--limit", "3")
        #expect(try paths(sampled).count == 3)
    }

    @Test func removedVideosAreForgottenAndFoundAgain() throws {
        let index = try TestIndex()
        let folder = index.folder.path + "/few"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for number in 0..<3 {
            try FileManager.default.copyItem(
                atPath: index.material.video(number), toPath: "\(folder)/\(number).mp4")
        }
        #expect(try index.run("index", folder).status == 0)
        let removed = try index.run("remove", "\(folder)/0.mp4", "--json")
        #expect(try removed.json()["removed"] as? Int == 1)
        #expect(try index.ready() == 2)
        #expect(FileManager.default.fileExists(atPath: "\(folder)/0.mp4"))
        let again = try index.run("index", folder, "--json")
        #expect(try again.json()["total"] as? Int == 3)
        #expect(try index.ready() == 3)
    }

    @Test func exportWritesWhatNumPyReads() throws {
        let index = try Self.indexed.get()
        let out = index.folder.path + "/export"
        let outcome = try index.run("export", out, "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let clips = try #require(try outcome.json()["clips"] as? Int)
        #expect(clips >= index.material.count)
        for (name, rows) in [
            ("means", clips), ("log_variances", clips), ("video_means", index.material.count),
            ("video_log_variances", index.material.count),
        ] {
            let data = try Data(contentsOf: URL(fileURLWithPath: "\(out)/\(name).npy"))
            #expect(data.prefix(8) == Data([0x93] + "NUMPY".utf8 + [1, 0]))
            let header = Int(data[8]) + Int(data[9]) << 8
            #expect((10 + header) % 64 == 0)
            let text = String(decoding: data[10..<10 + header], as: UTF8.self)
            #expect(text.hasPrefix("{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), 32), }"))
            #expect(text.hasSuffix("\n"))
            #expect(data.count == 10 + header + rows * 32 * 4)
            // Means have unit length; log variances lie where the encoder clamps them.
            let floats = data.dropFirst(10 + header).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
            if name == "means" {
                let length = floats.prefix(32).reduce(0) { $0 + $1 * $1 }
                #expect(abs(length - 1) < 0.01)
            } else if name == "log_variances" {
                #expect(floats.allSatisfy { (-10...4).contains($0) })
            }
        }
        let paths = try String(contentsOfFile: "\(out)/paths.txt", encoding: .utf8).split(separator: "\n")
        #expect(paths.map(String.init) == (0..<index.material.count).map(index.material.video))
        let table = try String(contentsOfFile: "\(out)/clips.csv", encoding: .utf8).split(separator: "\n")
        #expect(table.first == "video,start,stop" && table.count == clips + 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: out).count == 6)
    }

    static let commandLines: [(String, Int32)] = [
        ("", 0), ("--help", 0), ("search --help", 0), ("--version", 0), ("frob", 64), ("index", 64),
        ("search", 64), ("search a --frob", 64), ("search a --limit 0", 64), ("search a --limit x", 64),
        ("search a --from 1:70", 64), ("search a --from 5 --to 4", 64), ("search a --mode exact", 64),
        ("search a --max-distance nan", 64), ("index a --workers 0", 64), ("index a --time-limit 0", 64),
        ("model create a --preset x", 64), ("benchmark scan --videos 0", 64),
    ]

    @Test(arguments: commandLines)
    func theExitCodeSaysWhetherTheCommandLineIsRight(arguments: String, status: Int32) throws {
        let outcome = try Running.run(arguments.split(separator: " ").map(String.init))
        #expect(outcome.status == status)
        #expect(outcome.output.isEmpty == (status != 0))
        #expect(outcome.errors.hasPrefix("error: ") == (status != 0))
    }

    @Test func errorsNameTheFileAndAHintFollows() throws {
        let index = try Self.indexed.get()
        let text = index.folder.path + "/text.mp4"
        try "no video".write(toFile: text, atomically: false, encoding: .utf8)
        for path in ["/no/such/file.mp4", text, index.folder.path] {
            let outcome = try index.run("search", path)
            #expect(outcome.status == 1)
            #expect(outcome.output == "")
            #expect(outcome.errors.hasPrefix("error: \(path): "), "\(outcome.errors)")
            #expect(outcome.errors.contains("\nhint: "))
        }
    }

    @Test func anUnusableIndexIsSaid() throws {
        let index = try TestIndex()
        let none = try index.run("info")
        #expect(none.status == 1)
        #expect(none.errors.contains("no index") && none.errors.contains("hint: "))

        #expect(try index.run("index", index.material.video(0)).status == 0)
        let other = index.folder.path + "/other"
        let made = try Running.run([
            "model", "create", other, "--width", "4", "--dimension", "16", "--seed", "9",
        ])
        #expect(made.status == 0, "\(made.errors)")
        let mismatch = try Running.run([
            "search", index.material.video(0), "--index", index.path, "--model", other,
        ])
        #expect(mismatch.status == 1)
        #expect(mismatch.errors.contains("model"))
        let writing = try Running.run([
            "index", index.material.videos, "--index", index.path, "--model", other,
        ])
        #expect(writing.status == 1)

        try Data(repeating: 0x5A, count: 4096).write(to: URL(fileURLWithPath: index.path + "/videos.sqlite"))
        for arguments in [["info"], ["search", index.material.video(0)], ["index", index.material.videos]] {
            let outcome = try Running.run(arguments + index.options)
            #expect(outcome.status == 1)
            #expect(
                outcome.errors.hasPrefix("error: ") && outcome.errors.contains("hint: "), "\(outcome.errors)")
        }
    }

    @Test func dataThatCannotBeWrittenIsAFailure() throws {
        let index = try Self.indexed.get()
        let line =
            "exec \(BuiltProgram.path) info --index \(index.path) --model \(index.material.model) > /dev/full"
        let outcome = try Running(["-c", line], program: "/bin/sh").outcome()
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("standard output"))
    }
}
