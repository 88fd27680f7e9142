import ArgumentParser
import Base
import Cleanup
import Glibc

struct ApplyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Do what a plan says with duplicates.",
        discussion: """
            Checks both files again before each step, and leaves a file alone where anything changed. Every step is in a \
            journal before it is taken; interrupted, the same command goes on.

              mixtape duplicates --plan plan.json
              mixtape apply plan.json
              mixtape undo
            """)

    @Argument(
        help: .init("A plan of `mixtape duplicates --plan`.", valueName: "PLAN.json"), completion: .file())
    var plan: String

    @OptionGroup var places: LibraryOptions

    @OptionGroup var wait: WaitOption

    @Flag(help: "Do not ask.")
    var yes = false

    @Flag(help: "Check everything and do nothing.")
    var dryRun = false

    @Option(
        help: .init(
            "How the kept files are looked at: full (equal files byte for byte, others decoded from end to end) or quick (size, time and fingerprint).",
            valueName: "HOW"))
    var verify = KeptVerification.full

    @Option(
        help: .init("The journal. (default: one for this plan in the user's data folder)", valueName: "FILE"),
        completion: .file())
    var journal: String?

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let library = try places.library()
        let journal = dryRun ? "" : try journal ?? Journals.path(ofPlan: plan)
        var options = ApplicationOptions(journal: journal, dataHome: Settings.current.dataHome)
        options.verification = verify
        options.isDryRun = dryRun
        let application = try PlanApplication(path: plan, options: options)
        let contents = application.contents
        let before = application.doneBefore
        Terminal.note(PlanText.totals(contents) + (before > 0 ? "; \(before) done before" : ""))
        if !dryRun, !yes, contents.steps.count != before, try !Self.agrees() {
            throw CommandError(message: "nothing was done")
        }
        Interrupts.catchSignals()
        let display = CountDisplay(total: contents.steps.count, noun: "files")
        let result: CleanupResult
        do {
            defer { display.clear() }
            result = try application.run(
                library, waitingSeconds: wait.seconds, progress: display.show,
                isCancelled: Interrupts.wereReceived)
        }
        if json {
            Terminal.data(
                CleanupText.json(result, verb: "done", dryRun ? [] : [.init("journal", .string(journal))]))
        } else {
            let verb = dryRun ? "could be done" : "done"
            Terminal.data("\(result.done.count) \(verb), \(SizeText.rough(result.bytesFreed)) to be freed")
        }
        let canTakeBack = contents.steps.contains { $0.action != .delete }
        if !dryRun, canTakeBack, !result.done.isEmpty {
            Terminal.hint("`mixtape undo \(journal)` takes it back")
        }
        try CleanupText.end(result)
    }

    /// Asks whoever sits at the terminal.
    private static func agrees() throws -> Bool {
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandError(
                message: "there is nobody to ask: standard input is no terminal",
                hint: "--yes goes on without a question, --dry-run does nothing")
        }
        _ = Terminal.write("go on? [y/N] ", to: STDERR_FILENO)
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }
}

extension KeptVerification: ExpressibleByArgument {}

struct UndoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo",
        abstract: "Take back what `mixtape apply` did.",
        discussion: """
            Files come back from the trash or the other folder, and links become files of their own again. What was deleted for \
            good stays so. The last step is taken back first; interrupted, the same command goes on.
            """)

    @Argument(
        help: .init("A journal of `mixtape apply`. (default: the last one)", valueName: "JOURNAL"),
        completion: .file())
    var journal: String?

    @OptionGroup var places: LibraryOptions

    @OptionGroup var wait: WaitOption

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let library = try places.library()
        let undo =
            try journal.map { path throws(CleanupError) in try JournalUndo(path: path) } ?? Journals.last()
        Interrupts.catchSignals()
        let display = CountDisplay(total: undo.count, noun: "files")
        let (result, unknown): (CleanupResult, [String])
        do {
            defer { display.clear() }
            (result, unknown) = try undo.run(
                library, waitingSeconds: wait.seconds, progress: display.show,
                isCancelled: Interrupts.wereReceived)
        }
        if json {
            let list = JSONValue.array(unknown.map { .string($0) })
            Terminal.data(CleanupText.json(result, verb: "undone", [.init("not_in_index", list)]))
        } else {
            Terminal.data("\(result.done.count) taken back")
        }
        if let first = unknown.first {
            let folder = Path.folder(of: first)
            Terminal.hint("`mixtape index \(folder)` brings \(unknown.count) of them back into the index")
        }
        try CleanupText.end(result)
    }
}

/// Where journals are unless the user names one.
enum Journals {
    private static func folder() throws(CommandError) -> String {
        guard let data = Settings.current.dataFolder else {
            throw CommandError(
                message: "there is no place for journals: neither HOME nor XDG_DATA_HOME is set",
                hint: "name the journal's file")
        }
        return data + "/journals"
    }

    /// Of this very plan: one that was edited since has another.
    static func path(ofPlan plan: String) throws -> String {
        let folder = try folder()
        do {
            try Folder.make(folder)
        } catch {
            throw CommandError(
                message: "\(folder): \(error.description)", hint: "name a journal with --journal")
        }
        return "\(folder)/\(try PlanApplication.hash(ofPlan: plan).prefix(16)).jsonl"
    }

    /// The journal that was written last, of those of which something can be taken back.
    static func last() throws -> JournalUndo {
        let folder = try folder()
        let byTime = (Folder.names(in: folder) ?? []).filter { $0.hasSuffix(".jsonl") }
            .map { "\(folder)/\($0)" }
            .compactMap { path in FileStatus(path: path).map { (path: path, time: $0.modified) } }
            .sorted { ($1.time, $1.path) < ($0.time, $0.path) }
        for (path, _) in byTime {
            let undo = try JournalUndo(path: path)
            if undo.canTakeBack { return undo }
        }
        throw CommandError(
            message: "\(folder): no journal of which anything can be taken back",
            hint: "name the journal that `mixtape apply` was given with --journal")
    }
}

/// What became of a plan or a journal, for people and programs.
enum CleanupText {
    static func json(_ result: CleanupResult, verb: String, _ more: [JSONValue.Member]) -> JSONValue {
        let refused = result.refused.map { refused -> JSONValue in
            ["file": .string(refused.path), "why": .string(refused.why)]
        }
        return .object(
            [
                .init(verb, .number(result.done.count)), .init("bytes_freed", .number(result.bytesFreed)),
                .init("refused", .array(refused)), .init("cancelled", .bool(result.isCancelled)),
            ] + more)
    }

    /// Names the files that stay as they are, and ends the program accordingly.
    static func end(_ result: CleanupResult) throws {
        if result.isCancelled { throw Interrupts.exitCode }
        if result.refused.isEmpty { return }
        let most = 20
        for refused in result.refused.prefix(most) { Terminal.note(Terminal.printable(refused.why)) }
        if result.refused.count > most {
            Terminal.note("and \(result.refused.count - most) more; --json lists them")
        }
        throw CommandError(
            message:
                "\(result.refused.count) \(result.refused.count == 1 ? "file was" : "files were") left alone",
            hint: nil)
    }
}
