import ArgumentParser
import Dispatch
import Glibc
import HTTPService
import NIOCore
import Service

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answer requests: JSON-RPC on standard input and output, or a page and an API over HTTP.",
        discussion: """
            Without --http: one request a line. Methods: \
            \(Method.allCases.map(\.rawValue).joined(separator: ", ")). --schema prints what they take and answer, as JSON \
            Schema. Requests run side by side; --in-order, or a request's own "after", makes them wait for others. \
            The end of the input lets what runs finish and exits with 0.

              mixtape serve --in-order < requests.jsonl

            With --http: the page is at http://127.0.0.1:8377/, and the API's description at /api/openapi.json. \
            Log records go to standard error: for people on a terminal, else one JSON object a line. Ctrl-C lets what \
            runs finish.
            """)

    @Flag(
        help:
            "Answer requests one after the other, in the order in which they come; only cancel is answered at once."
    )
    var inOrder = false

    @Flag(help: "Print the JSON Schema of all requests and replies, and end.")
    var schema = false

    @OptionGroup var places: LibraryOptions
    @OptionGroup(title: "HTTP") var http: HTTPServeOptions

    func validate() throws {
        try http.validateTogether()
        if inOrder, http.http != nil {
            throw ValidationError("--in-order: goes with standard input alone, not with --http")
        }
    }

    func run() throws {
        if schema { return Terminal.data(lines: ProtocolSchema.text) }
        ServiceMemory.settle(processors: Settings.current.processors)
        let (library, folders) =
            try http.http == nil ? (places.library(), []) : places.libraryAndFolders()
        Interrupts.catchSignals()
        // A client that goes away shows as an error of a write, and ends the service quietly.
        signal(SIGPIPE, SIG_IGN)
        let handler = RequestHandler(library: library)
        guard let address = http.http else { return try serveLines(handler) }
        try serve(handler, try http.options(at: address, places, folders: folders))
    }

    private func serveLines(_ handler: RequestHandler) throws {
        var limits = Connection.Limits()
        limits.searches = Settings.current.processors
        let server = LineServer(handler: handler, limits: limits, inOrder: inOrder)
        let ending = server.run(
            input: STDIN_FILENO, output: STDOUT_FILENO, shouldStop: Interrupts.wereReceived)
        if ending == .stopped { throw Interrupts.exitCode }
    }

    private func serve(_ handler: RequestHandler, _ options: HTTPOptions) throws {
        let server = HTTPServer(handler: handler, options: options)
        let ended = DispatchSemaphore(value: 0)
        Task.detached {
            do {
                try await server.run(shouldStop: Interrupts.wereReceived)
            } catch let error as IOError where error.errnoCode == EADDRINUSE {
                Terminal.report(
                    "\(options.address): another program listens at this address already",
                    hint: "choose another port with --http (0 takes any that is free), or end that program")
            } catch {
                Terminal.report("\(options.address): \(error)", hint: "choose another address with --http")
            }
            ended.signal()
        }
        ended.wait()
        guard Interrupts.wereReceived() else { throw ExitCode.failure }
        throw Interrupts.exitCode
    }
}
