import ArgumentParser
import Base

struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Show what the index holds, or the streams of a file.",
        usage: """
            mixtape info [OPTIONS]
            mixtape info FILE ... [--json]
            """)

    @Argument(
        help: .init("Files whose streams to name, in place of the index.", valueName: "FILE"),
        completion: .file())
    var files: [String] = []

    @OptionGroup var places: LibraryOptions

    @Flag(help: "List the files that could not be indexed or are damaged, and why.")
    var failures = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        if !files.isEmpty { return try nameStreams() }
        let info = try places.library().info(listingFailures: failures)
        if json { return Terminal.data(info.json) }
        let chosen = try places.chosen
        var lines = [
            "index   \(Terminal.printable(info.folder)), format \(info.formatVersion), "
                + "\((Double(info.bytes) / 1e6).fixed(1)) MB",
            "  from  \(chosen.index.reason)",
            "model   \(info.model.name), \(info.model.dimension) dimensions, "
                + "fingerprint \(info.model.fingerprint.prefix(12))",
            "  from  \(Terminal.printable(chosen.model.path)), \(chosen.model.reason)",
            "videos  \(info.counts.ready) ready, \(info.counts.failed - (info.notVideos ?? 0)) failed"
                + (info.notVideos.map { $0 > 0 ? ", \($0) not videos" : "" } ?? ""),
            "clips   \(info.counts.clips)",
        ]
        let damaged = (info.troubled ?? []).filter(\.facts.isDamaged)
        let mended = (info.troubled ?? []).filter(\.facts.areTimesMended)
        if !damaged.isEmpty { lines.append("damaged \(damaged.count) of the ready ones, indexed in part") }
        if !mended.isEmpty {
            lines.append("mended  \(mended.count) of the ready ones, whose time stamps were corrected")
        }
        lines += info.roots.map { "folder  \(Terminal.printable($0))" }
        if let shared = info.shared {
            lines.append("queue   \(shared.waiting) waiting, \(shared.underWay) under way")
            lines += shared.recall.map { point in
                "search  \(point.count) candidates find \((100 * point.recall).fixed(1)) % of the "
                    + "nearest ten, in \((1000 * point.seconds).fixed(0)) ms "
                    + "(\(point.queries) queries, \(point.videos) videos)"
            }
        }
        lines += info.leftOut.map { LeftOutText.parts($0).map { "left out  " + $0 } } ?? []
        for failure in info.failures ?? [] {
            let path = Terminal.printable(failure.identity.path)
            lines.append("failed  \(path): \(Terminal.printable(failure.message)) (\(failure.reason))")
        }
        if failures {
            lines += damaged.map {
                let share = (100 * $0.facts.decodedShare).fixed(0)
                return
                    "damaged  \(Terminal.printable($0.identity.path)): \(share) % of its frames could be decoded"
            }
            lines += mended.map {
                "mended  \(Terminal.printable($0.identity.path)): its time stamps were corrected"
            }
        }
        Terminal.data(lines.joined(separator: "\n"))
    }

    private func nameStreams() throws {
        let library = try places.library()
        Interrupts.catchSignals()
        for file in files {
            let found = try library.streams(of: file, isCancelled: Interrupts.wereReceived)
            if json {
                Terminal.data(found.json)
            } else {
                Terminal.data(StreamText.lines(found).joined(separator: "\n"))
            }
        }
    }
}
