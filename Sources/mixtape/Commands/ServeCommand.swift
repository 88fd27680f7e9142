import ArgumentParser
import Glibc
import Service

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answer requests: JSON-RPC on standard input and output, or a page and an API over HTTP.",
        discussion: """
            Without --http: one request per line. Methods: \
            \(Method.allCases.map(\.rawValue).joined(separator: ", ")). --schema prints the JSON \
            Schema of all requests and replies. Requests run side by side, unless --in-order or a request's "after" makes \
            them wait. At the end of the input, running requests finish, and the exit code is 0. With --mcp, an assistant \
            gets these methods as tools.

              mixtape serve --in-order < requests.jsonl

            With --http: the page is at http://127.0.0.1:8377/, and the API's description at /openapi.json. \
            The log goes to standard error: as text on a terminal, otherwise as one JSON object per line. Ctrl-C lets \
            running requests finish.
            """)

    @Flag(
        help:
            "Answer requests one by one, in their order; only cancel is answered at once."
    )
    var inOrder = false

    @Flag(help: "Print the JSON Schema of all requests and replies, and exit.")
    var schema = false

    @Flag(
        help:
            "Serve an assistant by the Model Context Protocol on standard input and output: tools that search, and read the index."
    )
    var mcp = false

    @Flag(help: "With --mcp: tools that write the index, too.")
    var allowChanges = false

    @OptionGroup var places: LibraryOptions
    @OptionGroup(title: "HTTP") var http: HTTPServeOptions

    func validate() throws {
        try http.validateTogether()
        if inOrder, http.isAsked || mcp {
            throw ValidationError(
                "--in-order: goes with requests on standard input, not with --http or --mcp")
        }
        if mcp, http.isAsked {
            throw ValidationError("--mcp: goes with standard input alone, not with --http")
        }
        if allowChanges, !mcp { throw ValidationError("--allow-changes: goes with --mcp") }
    }

    func run() throws {
        if schema { return Terminal.data(lines: ProtocolSchema.text) }
        var http = http
        if !inOrder, !mcp { try http.takeEnvironment() }
        ServiceMemory.settle(processors: Settings.current.processors)
        let (library, folders) = try http.isAsked ? places.libraryAndFolders() : (places.library(), [])
        Interrupts.catchSignals()
        // A client that goes away shows as an error of a write, and ends the service quietly.
        signal(SIGPIPE, SIG_IGN)
        let handler = RequestHandler(library: library)
        if http.isAsked {
            try http.serve(handler, places, folders: folders)
        } else {
            let ending = mcp ? serveTools(handler) : serveLines(handler)
            if ending == .stopped { throw Interrupts.exitCode }
            if case .inputFailed(let failure) = ending {
                throw CommandError(
                    message: "standard input: \(failure)",
                    hint: "mixtape serve reads requests from it, one a line")
            }
        }
    }

    private func serveTools(_ handler: RequestHandler) -> LineServer.Ending {
        ToolServer(handler: handler, version: ProgramVersion.text, allowsChanges: allowChanges).run(
            input: STDIN_FILENO, output: STDOUT_FILENO, threads: Settings.current.processors,
            shouldStop: Interrupts.wereReceived)
    }

    private func serveLines(_ handler: RequestHandler) -> LineServer.Ending {
        var limits = Connection.Limits()
        limits.searches = Settings.current.processors
        let server = LineServer(handler: handler, limits: limits, inOrder: inOrder)
        return server.run(
            input: STDIN_FILENO, output: STDOUT_FILENO, shouldStop: Interrupts.wereReceived)
    }
}
