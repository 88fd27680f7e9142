import Foundation
import TestSupport
import Testing

/// What pages name is there: files, headings, commands and options.
@Suite struct PageTextTests {
    static let pages: [String] = {
        let folder = Repository.path + "/docs"
        let docs = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { $0.hasSuffix(".md") }.sorted()
        return [
            "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "index/README.md", "models/default/README.md",
        ]
            + docs.map { "docs/\($0)" }
    }()

    /// The anchors of a page's headings, as GitHub makes them.
    private func anchors(_ page: String) throws -> Set<String> {
        Set(
            try PageExample.text(page).split(separator: "\n").filter { $0.hasPrefix("#") }.map { line in
                line.drop { $0 == "#" }.dropFirst().lowercased()
                    .filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
                    .replacingOccurrences(of: " ", with: "-")
            })
    }

    @Test(arguments: pages) func everyLinkLeadsSomewhere(page: String) throws {
        for match in try PageExample.text(page).matches(of: /\]\(([^)]+)\)/) {
            let link = String(match.1)
            if link.hasPrefix("http") { continue }
            let parts = link.components(separatedBy: "#")
            let base = URL(fileURLWithPath: "/" + page).deletingLastPathComponent()
            let target =
                parts[0].isEmpty
                ? page : String(base.appendingPathComponent(parts[0]).standardized.path.dropFirst())
            let isThere = FileManager.default.fileExists(atPath: "\(Repository.path)/\(target)")
            #expect(isThere, "\(page) names \(link)")
            if isThere, parts.count > 1 {
                #expect(try anchors(target).contains(parts[1]), "\(page) names \(link)")
            }
        }
    }

    @Test(arguments: pages.filter { $0 != "CHANGELOG.md" })
    func everyCommandAndOptionIsThere(page: String) throws {
        var helps: [[String]: String] = [:]
        let mention = /mixtape(( +[a-z][a-z-]*)( +[a-z][a-z-]*)?)([^`|\n]*)/
        for match in try PageExample.text(page).matches(of: mention) {
            let names = match.1.split(separator: " ").map(String.init)
            guard names[0] != "help" else { continue }
            let groups: Set = ["duplicates", "model", "benchmark"]
            var command = Array(names.prefix(groups.contains(names[0]) ? 2 : 1))
            if command == ["duplicates"] { command.append("find") }
            if helps[command] == nil {
                let outcome = try Running.run(command + ["--help"])
                #expect(outcome.status == 0, "\(page) names mixtape \(command.joined(separator: " "))")
                helps[command] = outcome.output
            }
            let options = String(match.4).matches(of: /--[a-z-]*[a-z]/).map { String($0.0) }
            for option in options {
                #expect(
                    helps[command]?.contains(option) == true,
                    "\(page) names \(option) of mixtape \(command.joined(separator: " "))")
            }
        }
    }
}
