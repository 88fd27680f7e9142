import ArgumentParser
import Foundation
import Library

struct EncodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode",
        abstract: "Turn paths on standard input into mixtures on standard output, one per line.",
        discussion: """
            For other engines, such as Spark's pipe, Ray or GNU parallel: each line is a path, a JSON string or an object with \
            "path". Each answer is an object that mixtape import reads. The answer has "error" if the file cannot be read.
            """)

    @OptionGroup var model: ModelOption

    @OptionGroup var reading: FileOptions

    /// Bytes: no path has as many, and what else an object says is passed over.
    private static let longestLine = 1 << 20

    func run() throws {
        let library = try model.places.library(inProcess: reading.inProcess)
        Interrupts.catchSignals()
        let input = LineInput(descriptor: STDIN_FILENO, maximumLength: Self.longestLine)
        try library.encodeLines(
            workers: reading.workers, timeLimit: reading.timeLimit,
            next: { () throws(LineInput.Failure) in
                try input.next(shouldStop: Interrupts.wereReceived)
            },
            write: { Terminal.data(lines: $0 + "\n") }, isCancelled: Interrupts.wereReceived)
    }
}

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Load the output of mixtape encode from standard input into an index.",
        discussion:
            "Makes the index if it does not exist; needs no model. Replaces videos with the same paths, unless the index holds another stream of the same file, which was chosen."
    )

    @OptionGroup var places: LibraryOptions

    @OptionGroup var wait: WaitOption

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let library = try places.library()
        Interrupts.catchSignals()
        let input = LineInput(descriptor: STDIN_FILENO, maximumLength: VideoLibrary.longestImportedLine)
        let summary = try library.importLines(
            waitingSeconds: wait.seconds,
            next: { () throws(LineInput.Failure) in
                try input.next(shouldStop: Interrupts.wereReceived)
            },
            progress: { Terminal.note("\($0) lines") }, isCancelled: Interrupts.wereReceived)
        if json { return Terminal.data(summary.json) }
        let kept = summary.kept > 0 ? ", \(summary.kept) kept (another stream of the file is chosen)" : ""
        Terminal.data("\(summary.stored) stored, \(summary.failed) failed\(kept)")
    }
}
