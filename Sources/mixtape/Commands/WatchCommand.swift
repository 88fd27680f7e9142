import ArgumentParser
import Ingestion
import Library
import Synchronization

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Update the index, then follow folders until interrupted.",
        discussion: """
            Updates the index as mixtape index does, and then follows the folders: new and changed files are indexed \
            once they are complete, renamed files recognised, deleted files forgotten. Prints a line for each run that \
            changed something. Changes that other machines make on network folders are not seen.
            """)

    @Argument(
        help: .init("Folders to watch, with the folders in them.", valueName: "FOLDER"),
        completion: .directory)
    var folders: [String]

    @OptionGroup var places: LibraryOptions

    @Option(
        help: .init(
            "Seconds without a change after which a file, or a burst of changes, counts as complete.",
            valueName: "S"))
    var quiet = 1.0

    @OptionGroup var options: IndexOptions

    @Flag(help: "Print one line of JSON per run.")
    var json = false

    func validate() throws {
        guard (0.01...3600).contains(quiet) else { throw ValidationError("--quiet: expected 0.01 to 3600") }
    }

    func run() throws {
        let library = try places.library(inProcess: options.inProcess)
        var watching = WatchOptions()
        watching.quiet = quiet
        watching.patience = max(watching.patience, quiet)
        Interrupts.catchSignals()
        let display = ProgressDisplay()
        defer { display.clear() }
        let json = json
        let wasShown = Atomic(false)
        try library.watch(
            options.request(folders), options: watching,
            report: { event in
                switch event {
                case .watching(let folders):
                    Terminal.note(
                        "watching \(folders) \(folders == 1 ? "folder" : "folders"); Ctrl-C ends it")
                case .progress(let progress):
                    if progress.phase == .encoding { display.show(progress) }
                case .updated(let progress):
                    // Runs that found nothing to do go without a word, but for the first, which may be waited for.
                    let isFirst = !wasShown.exchange(true, ordering: .relaxed)
                    guard isFirst || progress.changedAnything else { return }
                    display.clear()
                    Self.show(progress, json: json)
                case .indexIsBusy: Terminal.note("another program writes the index; will try again")
                }
            }, isCancelled: Interrupts.wereReceived)
        throw Interrupts.exitCode
    }

    private static func show(_ progress: IndexProgress, json: Bool) {
        for problem in progress.problems {
            Terminal.note(
                "warning: \(Terminal.printable(problem.path)): \(Terminal.printable(problem.detail))")
        }
        if let line = LeftOutText.line(progress.leftOut) { Terminal.note(line) }
        if json {
            Terminal.data(IndexSummary(progress: progress).json.serialized())
        } else {
            Terminal.data(IndexCommand.text(progress))
        }
    }
}

extension IndexProgress {
    /// Whether the run stored or removed anything.
    fileprivate var changedAnything: Bool { indexed + moved + copied + failed + removed > 0 }
}
