import ArgumentParser

struct RejectDuplicatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reject", abstract: "Remember that videos are not duplicates of each other.",
        discussion: """
            Given three or more videos, no two of them are. They never share a group again, even if the files are moved \
            or renamed, until you restore them.
            """)

    @OptionGroup var videos: DecidedVideos

    func validate() throws { try videos.check() }

    func run() throws {
        let count = try videos.places.library().rejectDuplicates(
            paths: videos.paths, waitingSeconds: videos.wait.seconds)
        if videos.json { return Terminal.data(["decided": .number(count)]) }
        Terminal.data("\(count) \(count == 1 ? "pair" : "pairs") remembered as no match")
    }
}

struct RestoreDuplicatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Forget that videos are not duplicates.")

    @OptionGroup var videos: DecidedVideos

    func validate() throws { try videos.check() }

    func run() throws {
        let count = try videos.places.library().restoreDuplicates(
            paths: videos.paths, waitingSeconds: videos.wait.seconds)
        if videos.json { return Terminal.data(["restored": .number(count)]) }
        Terminal.data("\(count) \(count == 1 ? "decision" : "decisions") forgotten")
    }
}

/// The videos that a decision is about.
struct DecidedVideos: ParsableArguments {
    @Argument(help: .init("Two or more videos of the index.", valueName: "VIDEO"), completion: .file())
    var paths: [String]

    @OptionGroup var places: LibraryOptions

    @OptionGroup var wait: WaitOption

    @Flag(help: "Print the result as JSON.")
    var json = false

    func check() throws {
        guard (2...1000).contains(paths.count) else { throw ValidationError("expected 2 to 1000 videos") }
    }
}

struct DuplicateDecisionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decisions", abstract: "List the pairs that were rejected.")

    @OptionGroup var places: LibraryOptions

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let list = try places.library().duplicateDecisions()
        if json { return Terminal.data(list.json) }
        if list.entries.isEmpty { return Terminal.note("no pair was rejected") }
        let lines = list.entries.map { entry in
            "no match  \(Self.name(entry.first, entry.decision.first))  "
                + Self.name(entry.second, entry.decision.second)
        }
        Terminal.data(lines.joined(separator: "\n"))
    }

    /// The first file of a content, and how many more there are; the fingerprint where there is none.
    private static func name(_ paths: [String], _ fingerprint: String) -> String {
        guard let first = paths.first else { return "(gone: \(fingerprint.prefix(12)))" }
        return Terminal.printable(first) + (paths.count > 1 ? " (and \(paths.count - 1) more)" : "")
    }
}
