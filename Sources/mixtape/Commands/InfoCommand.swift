import ArgumentParser
import Service

struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Say what the index holds.")

    @OptionGroup var places: LibraryOptions

    @Flag(help: "List the files that could not be indexed, and why.")
    var failures = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let info = try places.library().info(listingFailures: failures)
        if json { return Terminal.data(info.json) }
        var lines = [
            "index   \(Terminal.printable(info.folder)), format \(info.formatVersion), "
                + "\(TimeText.fixed(Double(info.bytes) / 1e6, decimals: 1)) MB",
            "model   \(info.model.name), \(info.model.dimension) dimensions, "
                + "fingerprint \(info.model.fingerprint.prefix(12))",
            "videos  \(info.counts.ready) ready, \(info.counts.failed - (info.notVideos ?? 0)) failed"
                + (info.notVideos.map { $0 > 0 ? ", \($0) not videos" : "" } ?? ""),
            "clips   \(info.counts.clips)",
        ]
        lines += info.roots.map { "folder  \(Terminal.printable($0))" }
        if let shared = info.shared {
            lines.append("queue   \(shared.waiting) waiting, \(shared.underWay) under way")
            lines += shared.recall.map { point in
                "search  \(point.count) candidates find \(TimeText.fixed(100 * point.recall, decimals: 1)) % of the "
                    + "nearest ten, in \(TimeText.fixed(1000 * point.seconds, decimals: 0)) ms "
                    + "(\(point.queries) queries, \(point.videos) videos)"
            }
        }
        lines += info.leftOut.map { LeftOutText.parts($0).map { "left out  " + $0 } } ?? []
        for failure in info.failures ?? [] {
            let path = Terminal.printable(failure.identity.path)
            lines.append("failed  \(path): \(Terminal.printable(failure.message)) (\(failure.reason))")
        }
        Terminal.data(lines.joined(separator: "\n"))
    }
}
