import Foundation
import Testing
import TestSupport

/// Several queries, several examples and filters, on the command line.
@Suite struct SearchManyTests {
    func paths(_ result: [String: Any]) -> [String] {
        (result["matches"] as? [[String: Any]] ?? []).compactMap { $0["path"] as? String }
    }

    @Test func severalVideosAreAnsweredALineEach() throws {
        let index = try CommandTests.indexed.get()
        let videos = [4, 9].map(index.material.video)
        let outcome = try index.run("search", videos[0], videos[1], "--json", "--limit", "2")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.lines.map(paths).compactMap(\.first) == videos)
        #expect(outcome.lines.map { paths($0).count } == [2, 2])
        let table = try index.run("search", videos[0], videos[1], "--limit", "1")
        #expect(table.output.split(separator: "\n").count == 6 && table.output.contains(videos[1]))
    }

    @Test func aListGoesOnAfterWhatIsNoVideo() throws {
        let index = try CommandTests.indexed.get()
        let broken = index.folder.path + "/broken.mp4"
        try "no video".write(toFile: broken, atomically: true, encoding: .utf8)
        let list = [index.material.video(1), broken, "", "/no/such.mp4", index.material.video(2)]
        let outcome = try index.run(
            "search", "--batch", "-", "--json", "--limit", "1", input: list.joined(separator: "\n"))
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("2 of 4 videos could not be searched for"), "\(outcome.errors)")
        let lines = outcome.lines
        #expect(lines.map(paths) == [[list[0]], [], [], [list[4]]])
        let errors = lines.compactMap { $0["error"] as? [String: Any] }
        #expect(
            errors.compactMap { ($0["data"] as? [String: Any])?["reason"] as? String } == [
                "unrecognised_format", "not_found",
            ])
        #expect(lines[1]["video"] as? String == broken)
        let none = try index.run("search", "--batch", "/no/such/list")
        #expect(none.status == 1 && none.errors.contains("/no/such/list"))
    }

    @Test func filtersAreOptions() throws {
        let index = try CommandTests.indexed.get()
        func found(_ options: String...) throws -> [String] {
            let outcome = try Running.run(
                ["search", index.material.video(0), "--json", "--limit", "100"] + options + index.options)
            #expect(outcome.status == 0, "\(outcome.errors)")
            return try paths(outcome.json()).sorted()
        }
        #expect(try found("--path", "video0[3-5]*") == [3, 4, 5].map(index.material.video))
        #expect(
            try found("--path", "video0*", "--path", "video1?.mp4", "--not-path", "*[02468].mp4").count == 10)
        #expect(try found("--path", index.material.videos).count == 30)
        #expect(try found("--min-duration", "0:03").isEmpty)
        #expect(try found("--max-duration", "2.5").count == 30)
        #expect(try found("--min-size", "1G").isEmpty)
        #expect(try found("--max-size", "10M").count == 30)
        #expect(try found("--modified-after", "2020-01-01").count == 30)
        #expect(try found("--modified-before", "2020-01-01T00:00:00Z").isEmpty)
    }

    @Test func examplesAreOptions() throws {
        let index = try CommandTests.indexed.get()
        let own = index.material.video(0)
        let outcome = try index.run(
            "search", own, "--like", index.material.video(1), "--unlike", index.material.video(2),
            "--exclude-self", "--json",
            "--limit", "40")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let result = try outcome.json()
        #expect(paths(result).count == 27)
        #expect((result["query"] as? [String: Any])?["unlike"] as? [String] == [index.material.video(2)])
    }

    @Test(arguments: [
        "search", "search a --path [", "search a --min-size 5x", "search a --min-size -1",
        "search a --modified-after 2026",
        "search a --modified-before 2026-02-30", "search a --modified-before 2026-01-01T25:00",
        "search a --max-duration x",
        "search a --unlike b --mode iid",
    ])
    func aWrongOptionIsSaid(line: String) throws {
        let outcome = try Running.run(line.split(separator: " ").map(String.init))
        #expect(outcome.status == 64)
    }
}
