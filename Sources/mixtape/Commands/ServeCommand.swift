import ArgumentParser
import Dispatch
import Glibc
import HTTPService
import Service

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answer requests: JSON-RPC on standard input and output, or a page and an API over HTTP.",
        discussion: """
            Without --http: one request a line. Methods: \
            \(Method.allCases.map(\.rawValue).joined(separator: ", ")); Sources/Service/README.md describes them. \
            The end of the input lets what runs finish and exits with 0.

            With --http: the page is at http://127.0.0.1:8377/; Sources/HTTPService/README.md describes the API. \
            Log records, one JSON object a line, go to standard error. Ctrl-C lets what runs finish.
            """)

    @OptionGroup var places: LibraryOptions
    @OptionGroup(title: "HTTP") var http: HTTPServeOptions

    func validate() throws { try http.validateTogether() }

    func run() throws {
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
        let server = LineServer(handler: handler, limits: limits)
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
            } catch {
                Terminal.report("\(options.address): \(error)", hint: "choose another port with --http")
            }
            ended.signal()
        }
        ended.wait()
        guard Interrupts.wereReceived() else { throw ExitCode.failure }
        throw Interrupts.exitCode
    }
}
