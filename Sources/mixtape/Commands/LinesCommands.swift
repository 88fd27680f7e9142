import ArgumentParser
import Foundation
import Service

struct EncodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode",
        abstract: "Turn paths on standard input into mixtures on standard output, a line each.",
        discussion: """
            For other engines, such as Spark's pipe, Ray or GNU parallel: each line is a path, a JSON string or an object with \
            "path"; each answer is an object that mixtape import reads. A file that cannot be read is answered with "error".
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
        abstract: "Load what mixtape encode wrote, from standard input, into an index.",
        discussion: "Makes the index where there is none; needs no model. What is at a path is replaced.")

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
        Terminal.data("\(summary.stored) stored, \(summary.failed) failed")
    }
}
