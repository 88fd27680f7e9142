import Foundation
import Testing
import TestSupport

/// What users and scripts see, held as text files. `MIXTAPE_RECORD=1 tools/test --filter SnapshotTests`
/// writes them anew.
@Suite struct SnapshotTests {
    static let folder = Repository.path + "/Tests/CommandLineTests/Snapshots"

    func check(_ text: String, _ name: String) throws {
        let path = "\(Self.folder)/\(name)"
        if ProcessInfo.processInfo.environment["MIXTAPE_RECORD"] == "1" {
            try FileManager.default.createDirectory(atPath: Self.folder, withIntermediateDirectories: true)
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        #expect(text == (try? String(contentsOfFile: path, encoding: .utf8)), "\(name)")
    }

    @Test(arguments: [
        "", "index", "watch", "search", "duplicates", "duplicates find", "duplicates reject", "apply", "undo",
        "serve",
        "info", "remove", "list",
        "export", "demo", "train", "evaluate",
        "model create", "benchmark scan",
    ])
    func help(command: String) throws {
        let words = command.split(separator: " ").map(String.init)
        let outcome = try Running.run(words + ["--help"])
        #expect(outcome.status == 0)
        try check(outcome.output, "help\(words.map { "-" + $0 }.joined()).txt")
    }

    @Test(arguments: [
        ("search", ["search", "VIDEO", "--limit", "1", "--json"]),
        ("info", ["info", "--failures", "--json"]),
        ("duplicates", ["duplicates", "--max-distance", "0", "--json"]),
        ("index", ["index", "VIDEOS", "--json"]), ("export", ["export", "OUT", "--json"]),
    ])
    func json(name: String, arguments: [String]) throws {
        let index = try CommandTests.indexed.get()
        let places = [
            "VIDEO": index.material.video(0), "VIDEOS": index.material.videos,
            "OUT": index.folder.path + "/snapshot",
        ]
        let outcome = try Running.run(arguments.map { places[$0] ?? $0 } + index.options)
        #expect(outcome.status == 0, "\(outcome.errors)")
        try check(Self.shape(try outcome.json()) + "\n", "\(name).json")
    }

    /// The members in order, with what differs from machine to machine made the same: folders, and
    /// numbers that were measured or computed by the model.
    static func shape(_ object: [String: Any]) throws -> String {
        let measured: Set = [
            "elapsed_ms", "uncertainty", "bytes", "id", "change", "steps", "detail", "motion",
            "common_change",
            "common_detail",
        ]
        func simplified(_ value: Any, _ key: String) -> Any {
            switch value {
            case let object as [String: Any]:
                Dictionary(uniqueKeysWithValues: object.map { ($0.key, simplified($0.value, $0.key)) })
            case let array as [Any]: array.map { simplified($0, key) }
            case let text as String where text.hasPrefix("/"): "…/" + (text.split(separator: "/").last ?? "")
            case let text as String where key == "fingerprint": "\(text.count) digits"
            case is NSNumber where measured.contains(key): "a number"
            default: value
            }
        }
        let data = try JSONSerialization.data(
            withJSONObject: simplified(object, ""),
            options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self)
    }
}
