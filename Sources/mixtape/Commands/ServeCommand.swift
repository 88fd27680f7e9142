import ArgumentParser
import Glibc
import Service

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answer JSON-RPC requests, one a line, on standard input and output.",
        discussion: """
            Methods: search, index, watch, remove, info, thumbnail, cancel; Sources/Service/README.md describes them. \
            The end of the input lets what runs finish and exits with 0.
            """)

    @OptionGroup var places: LibraryOptions

    func run() throws {
        let library = try places.library()
        Interrupts.catchSignals()
        // A client that goes away shows as an error of a write, and ends the service quietly.
        signal(SIGPIPE, SIG_IGN)
        var limits = Connection.Limits()
        limits.searches = Settings.current.processors
        let server = LineServer(handler: RequestHandler(library: library), limits: limits)
        let ending = server.run(
            input: STDIN_FILENO, output: STDOUT_FILENO, shouldStop: Interrupts.wereReceived)
        if ending == .stopped { throw Interrupts.exitCode }
    }
}
