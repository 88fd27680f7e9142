import Foundation
import TestSupport
import Testing

/// What the man pages add to the program's own definitions.
@Suite struct ManualTests {
    /// Whoever adds a command shows how it is used: without that, `tools/package` makes no page of it.
    @Test func everyCommandHasAnExample() throws {
        let dump = try Running.run(["--experimental-dump-help"]).json()
        let manual = try String(
            contentsOfFile: Repository.path + "/tools/packaging/manual.txt", encoding: .utf8)
        let pages = ("\n" + manual).components(separatedBy: "\n# ")
        var seen = 0
        func look(_ command: [String: Any], _ path: String) {
            let below = (command["subcommands"] as? [[String: Any]] ?? []).filter {
                $0["shouldDisplay"] as? Bool == true && $0["commandName"] as? String != "help"
            }
            for each in below { look(each, "\(path) \(each["commandName"] ?? "")") }
            guard below.isEmpty else { return }
            seen += 1
            let page = pages.first { $0.hasPrefix(path + "\n") }
            let shows = ["\n    ", " | "].contains { page?.contains($0 + path) == true }
            #expect(shows, "\(path)")
        }
        look(dump["command"] as? [String: Any] ?? [:], "mixtape")
        #expect(seen > 20)
    }
}
