import ArgumentParser
import Base
import Ingestion
import Library

struct IndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Index folders, or update the index.",
        discussion: """
            Reads new and changed files, recognises renamed ones by their content, and forgets deleted ones. \
            Interrupt it at any time: what is stored is kept, and the next run continues from there. \
            Leaves out hidden files, recycle bins, and folders with .nomedia or an empty .mixtapeignore. A \
            .mixtapeignore with lines names patterns to leave out below it.
            """)

    @Argument(
        help: .init("Folders of videos, or single files.", valueName: "FOLDER"), completion: .file())
    var folders: [String]

    @OptionGroup var places: LibraryOptions

    @OptionGroup var options: IndexOptions

    @Flag(help: "Try files again that failed earlier.")
    var retryFailed = false

    @OptionGroup var stream: StreamOption

    @OptionGroup var wait: WaitOption

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let library = try places.library(inProcess: options.inProcess)
        var request = options.request(folders)
        request.retryFailed = retryFailed
        request.stream = stream.number
        request.waitingSeconds = wait.seconds
        Interrupts.catchSignals()
        let display = ProgressDisplay()
        let summary: IndexSummary
        do {
            defer { display.clear() }
            summary = try library.index(
                request, progress: display.show, isCancelled: Interrupts.wereReceived)
        }
        try Self.show(summary, json: json)
        // A slip of the pen in a nightly job must not pass for success.
        if !summary.progress.missingRoots.isEmpty, !options.prune { throw ExitCode.failure }
    }

    /// Prints how a run ended; throws where it was interrupted.
    static func show(_ summary: IndexSummary, json: Bool) throws {
        if summary.progress.isCancelled {
            Terminal.note(
                "interrupted after \(summary.progress.done) of \(summary.progress.total) files; "
                    + "what was stored is kept")
            Terminal.hint("run the same command again to continue")
            throw Interrupts.exitCode
        }
        for problem in summary.progress.problems {
            Terminal.note(
                "warning: \(Terminal.printable(problem.path)): \(Terminal.printable(problem.detail))")
        }
        if summary.progress.kept > 0 {
            Terminal.hint(
                "\(summary.progress.kept) videos are missing with their folder or disk and were kept; "
                    + "--prune forgets them")
        }
        if json { Terminal.data(summary.json) } else { Terminal.data(text(summary.progress)) }
        if let line = LeftOutText.line(summary.progress.leftOut) { Terminal.note(line) }
        showOtherStreams(summary.progress.withOtherStreams.sorted())
        if summary.progress.failed > 0 {
            Terminal.hint("`mixtape info --failures` says which files failed and why")
        }
    }

    private static func showOtherStreams(_ paths: [String]) {
        guard let first = paths.first else { return }
        let files = paths.count == 1 ? "holds" : "and \(paths.count - 1) more hold"
        Terminal.note("\(Terminal.printable(first)) \(files) further films beside the one that was indexed")
        Terminal.hint("`mixtape info FILE` names them; `mixtape index FILE --stream N` indexes another one")
    }

    static func text(_ progress: IndexProgress) -> String {
        let counts = [
            (progress.indexed, "indexed"), (progress.unchanged, "unchanged"), (progress.moved, "renamed"),
            (progress.copied, progress.copied == 1 ? "identical copy" : "identical copies"),
            (progress.removed, "removed"), (progress.failed - progress.notVideos, "failed"),
            (progress.notVideos, progress.notVideos == 1 ? "not a video" : "not videos"),
        ]
        let shown = counts.enumerated().filter { $0.offset == 0 || $0.element.0 > 0 }
        return shown.map { "\($0.element.0) \($0.element.1)" }.joined(separator: ", ")
            + " in \(progress.elapsed.fixed(1)) s"
    }
}
