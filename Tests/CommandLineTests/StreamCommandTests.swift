import Foundation
import TestSupport
import Testing

/// `--stream`: of a file with several films, the one that somebody wants.
@Suite struct StreamCommandTests {
    private func make(_ folder: TemporaryFolder) throws -> String {
        let films = folder.path + "/films"
        try FileManager.default.createDirectory(atPath: films, withIntermediateDirectories: true)
        try FFmpeg.run(
            ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=10:d=4", "-f", "lavfi"]
                + [
                    "-i", "mandelbrot=s=96x64:r=10,trim=duration=4", "-map", "0", "-map", "1", "-c:v",
                    "mpeg4",
                ]
                + ["-disposition:v:0", "default", "-disposition:v:1", "0", "-metadata:s:v:1"]
                + ["title=Second camera", films + "/angles.mkv"])
        return films
    }

    private func listed(_ index: TestIndex) throws -> [[String: Any]] {
        try index.run("list", "--json").lines
    }

    @Test func aChosenStreamIsIndexedAndStays() throws {
        let index = try TestIndex()
        let films = try make(index.folder)
        let file = films + "/angles.mkv"
        let first = try index.run("index", films)
        #expect(
            first.status == 0 && first.errors.contains("angles.mkv holds further films"), "\(first.errors)")
        #expect(try listed(index).map { $0["width"] as? Int } == [160])
        #expect(try listed(index)[0]["stream"] is NSNull)

        let named = try index.run("info", file)
        #expect(named.output.contains("stream 0, mpeg4, 160×120"), "\(named.output)")
        #expect(named.output.contains("\"Second camera\"") && named.output.contains("main, indexed"))
        let streams = try index.run("info", file, "--json").json()["streams"] as? [[String: Any]] ?? []
        #expect(streams.map { $0["stream"] as? Int } == [0, 1])
        #expect(streams.map { $0["indexed"] as? Bool } == [true, false])

        let chosen = try index.run("index", file, "--stream", "1", "--json")
        #expect(try chosen.json()["indexed"] as? Int == 1, "\(chosen.errors)")
        #expect(try chosen.json()["with_other_streams"] as? [String] == [file])
        func expectSecond(_ path: String) throws {
            let video = try #require(try listed(index).first { $0["path"] as? String == path })
            #expect(video["width"] as? Int == 96 && video["stream"] as? Int == 1)
        }
        try expectSecond(file)

        // Whoever looks through the folder again leaves it at that, also where the file was touched or renamed.
        #expect(try index.run("index", films, "--json").json()["unchanged"] as? Int == 1)
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: file)
        #expect(try index.run("index", films, "--json").json()["indexed"] as? Int == 0)
        try expectSecond(file)
        let renamed = films + "/renamed.mkv"
        try FileManager.default.moveItem(atPath: file, toPath: renamed)
        #expect(try index.run("index", films, "--json").json()["moved"] as? Int == 1)
        try expectSecond(renamed)

        // A copy is a file of its own, whose main stream counts.
        try FileManager.default.copyItem(atPath: renamed, toPath: file)
        #expect(try index.run("index", films, "--json").json()["indexed"] as? Int == 1)
        try expectSecond(renamed)
        #expect(try listed(index).map { $0["width"] as? Int } == [160, 96])
        // And the choice can be changed.
        _ = try index.run("index", renamed, "--stream", "0")
        #expect(try listed(index).map { $0["width"] as? Int } == [160, 160])
    }

    /// A choice is of a content: what takes its place may have no such stream.
    @Test func anotherContentIsReadByItsMainStream() throws {
        let index = try TestIndex()
        let films = try make(index.folder)
        let file = films + "/angles.mkv"
        #expect(try index.run("index", file, "--stream", "1").status == 0)
        try FileManager.default.removeItem(atPath: file)
        try FFmpeg.run(["-f", "lavfi", "-i", "testsrc2=s=128x72:r=10:d=4", "-c:v", "mpeg4", file])
        let again = try index.run("index", films, "--json").json()
        #expect(again["failed"] as? Int == 0 && again["indexed"] as? Int == 1)
        let video = try #require(try listed(index).first)
        #expect(video["width"] as? Int == 128 && video["stream"] is NSNull)
    }

    /// The main stream by its number is the file as it is: it is no content of its own.
    @Test func theMainStreamGoesByTheFileAlone() throws {
        let index = try TestIndex()
        let films = try make(index.folder)
        let file = films + "/angles.mkv"
        func fingerprint() throws -> String? { try listed(index).first?["fingerprint"] as? String }
        #expect(try index.run("index", file, "--stream", "0", "--json").json()["indexed"] as? Int == 1)
        let plain = try #require(try fingerprint())
        #expect(!plain.contains(":"))
        #expect(try listed(index)[0]["stream"] is NSNull)
        for options in [[], ["--stream", "0"]] {
            let run = try Running.run(["index", file, "--json"] + options + index.options)
            #expect(try run.json()["unchanged"] as? Int == 1, "\(options)")
        }
        func search(_ options: String...) throws -> String {
            let run = try Running.run(["search", file, "--json"] + options + index.options)
            let matches = try run.json()["matches"] ?? []
            let bytes = try JSONSerialization.data(withJSONObject: matches, options: .sortedKeys)
            return String(decoding: bytes, as: UTF8.self)
        }
        for mode in [["--mode", "matched"], ["--mode", "iid", "--samples", "4"]] {
            #expect(try search(mode[0], mode[1]) == search(mode[0], mode[1], "--stream", "0"), "\(mode)")
        }
        // And it is the way back from another one.
        _ = try index.run("index", file, "--stream", "1")
        #expect(try fingerprint() == plain + ":1")
        _ = try index.run("index", file, "--stream", "0")
        #expect(try fingerprint() == plain)
        #expect(try listed(index).map { $0["width"] as? Int } == [160])
    }

    @Test func aSearchTakesTheStreamThatItIsAskedFor() throws {
        let index = try TestIndex()
        let films = try make(index.folder)
        let file = films + "/angles.mkv"
        _ = try index.run("index", file, "--stream", "1")
        func distance(_ options: String...) throws -> Double {
            let outcome = try Running.run(["search", file, "--json"] + options + index.options)
            let matches = try outcome.json()["matches"] as? [[String: Any]]
            return try #require(matches?.first?["distance"] as? Double, "\(outcome.errors)")
        }
        #expect(try distance() == 0)
        #expect(try distance("--stream", "1") == 0)
        #expect(try distance("--stream", "0") > 0.01)
        // A part is one of the stream that is indexed.
        #expect(
            try distance("--from", "0", "--to", "2") < distance("--from", "0", "--to", "2", "--stream", "0"))
    }

    @Test func whatCannotBeChosenIsSaidAndChangesNothing() throws {
        let index = try TestIndex()
        let films = try make(index.folder)
        let file = films + "/angles.mkv"
        _ = try index.run("index", file)
        let missing = try index.run("index", file, "--stream", "7")
        #expect(
            missing.status == 1 && missing.errors.contains("stream 7 is no video stream"), "\(missing.errors)"
        )
        #expect(missing.errors.contains("0, 1"))
        #expect(try listed(index).map { $0["width"] as? Int } == [160])
        let folder = try index.run("index", films, "--stream", "0")
        #expect(folder.status != 0 && folder.errors.contains("goes with one file"), "\(folder.errors)")
        #expect(try index.run("search", file, "--stream", "-1").status == 64)
        #expect(try index.run("search", file, "--stream", "7").status == 1)
    }
}
