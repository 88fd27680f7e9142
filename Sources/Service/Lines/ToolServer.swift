import Base
import Dispatch
import Synchronization

/// Serves an assistant by the Model Context Protocol, revision 2025-06-18 and the two before it, over two file descriptors: a
/// JSON-RPC message a line. Tools run side by side; other requests are answered at once.
public struct ToolServer: Sendable {
    private let handler: RequestHandler
    private let version: String
    private let catalogue: ToolCatalogue
    /// The newest first, which whoever asks for another one is offered.
    private static let revisions = ["2025-06-18", "2025-03-26", "2024-11-05"]
    private static let lineLength = 1 << 20
    private static let mostWaiting = 100

    /// A server of the library that the handler answers for.
    ///
    /// - Parameters:
    ///   - version: of the program.
    ///   - allowsChanges: whether there are tools that write the index.
    public init(handler: RequestHandler, version: String, allowsChanges: Bool) {
        self.handler = handler
        self.version = version
        catalogue = ToolCatalogue(allowsChanges: allowsChanges)
    }

    /// Blocks until the input ends and every call is answered, until nobody reads the output, or until `shouldStop` says so; the
    /// last two cancel what runs. SIGPIPE must be ignored in the process.
    public func run(
        input: Int32, output: Int32, threads: Int, shouldStop: @escaping @Sendable () -> Bool = { false }
    ) -> LineServer.Ending {
        let session = Session(
            server: self, writer: LineWriter(output: output),
            queue: WorkQueue(label: "tools", threads: threads, maximumWaiting: Self.mostWaiting))
        let reader = LineReader(input: input, output: output, maximumLength: Self.lineLength)
        let ending = reader.read(shouldStop: { shouldStop() || session.writer.isClosed }) { piece in
            switch piece {
            case .bytes(let line): session.receive(line)
            case .tooLong:
                session.refuse(
                    RPCError(.parseError, "a line has at most \(Self.lineLength) bytes"), id: .null)
            }
        }
        switch ending {
        case .endOfInput, .failed:
            while session.running.wait(timeout: .now() + 0.1) == .timedOut {
                if shouldStop() || session.writer.isClosed { break }
            }
        case .outputClosed, .stopped: break
        }
        session.cancelAll()
        session.running.wait()
        if shouldStop() { return .stopped }
        switch ending {
        case .endOfInput: return .endOfInput
        case .failed(let failure): return .inputFailed(failure)
        case .outputClosed, .stopped: return .outputClosed
        }
    }

    /// One client.
    private final class Session: Sendable {
        let server: ToolServer
        let writer: LineWriter
        let queue: WorkQueue
        /// Calls that are not answered yet.
        let running = DispatchGroup()
        /// By the id as JSON text.
        private let calls = Mutex<[String: Cancellation]>([:])

        init(server: ToolServer, writer: LineWriter, queue: WorkQueue) {
            self.server = server
            self.writer = writer
            self.queue = queue
        }

        func receive(_ line: [UInt8]) {
            if line.isBlankLine { return }
            let message: JSONValue
            do {
                message = try JSONValue(parsing: line)
            } catch {
                return refuse(RPCError(.parseError, "not JSON: \(error)"), id: .null)
            }
            guard message["jsonrpc"] == "2.0", let method = message["method"]?.stringValue else {
                // What a client answers is not asked for here.
                if message["result"] != nil || message["error"] != nil { return }
                return refuse(RPCError(.invalidRequest, "expected a JSON-RPC 2.0 request"), id: .null)
            }
            guard let id = message["id"], id != .null else {
                if method == "notifications/cancelled", let id = message["params"]?["requestId"] {
                    calls.withLock { $0[id.serialized()] }?.cancel()
                }
                return
            }
            switch method {
            case "initialize": reply(server.welcome(message["params"]), id: id)
            case "ping": reply([:], id: id)
            case "tools/list": reply(server.catalogue.json, id: id)
            case "tools/call": call(message["params"], id: id)
            default: refuse(RPCError(.methodNotFound, "there is no method \"\(method)\""), id: id)
            }
        }

        func cancelAll() {
            for cancellation in calls.withLock({ Array($0.values) }) { cancellation.cancel() }
        }

        func refuse(_ error: RPCError, id: JSONValue) {
            writer.write(RPCReply.error(error, id: id).serialized())
        }

        private func reply(_ result: JSONValue, id: JSONValue) {
            writer.write(RPCReply.result(result, id: id).serialized())
        }

        private func call(_ params: JSONValue?, id: JSONValue) {
            guard let name = params?["name"]?.stringValue, let method = server.catalogue.method(name) else {
                let names = server.catalogue.methods.map(\.rawValue).joined(separator: ", ")
                return refuse(RPCError(.invalidParameters, "name: there are the tools \(names)"), id: id)
            }
            let (key, cancellation) = (id.serialized(), Cancellation())
            let isNew = calls.withLock { calls in
                if calls[key] != nil { return false }
                calls[key] = cancellation
                return true
            }
            guard isNew else {
                return refuse(RPCError(.invalidRequest, "the id \(key) is in use"), id: id)
            }
            let token = params?["_meta"]?["progressToken"]
            let context = RequestContext(
                isCancelled: { cancellation.isCancelled },
                progress: { [writer] progress in
                    guard let token, let told = ToolServer.progress(progress, token) else { return }
                    writer.write(told.serialized())
                })
            running.enter()
            let isTaken = queue.submit { [self] in
                let result = server.result(of: method, params?["arguments"], context)
                calls.withLock { $0[key] = nil }
                // A client that has cancelled a call does not wait for its answer.
                if !cancellation.isCancelled { reply(result, id: id) }
                running.leave()
            }
            if !isTaken {
                calls.withLock { $0[key] = nil }
                running.leave()
                refuse(.busy("\(ToolServer.mostWaiting) calls are waiting"), id: id)
            }
        }
    }

    /// The result of `initialize`.
    private func welcome(_ params: JSONValue?) -> JSONValue {
        let asked = params?["protocolVersion"]?.stringValue ?? ""
        return [
            "protocolVersion": .string(Self.revisions.contains(asked) ? asked : Self.revisions[0]),
            "capabilities": ["tools": [:]],
            "serverInfo": ["name": "mixtape", "version": .string(version)],
            "instructions": """
            Searches a library of videos by example: a video file, or a part of one, finds the videos that show the \
            same footage, or look alike. shares_footage says whether the pictures were found to be the same recording; \
            a small distance alone says that videos look alike.
            """,
        ]
    }

    /// What a tool answers; its errors are for the assistant to read.
    private func result(of method: Method, _ arguments: JSONValue?, _ context: RequestContext) -> JSONValue {
        do {
            let answer = try handler.run(method, arguments, context: context)
            return [
                "content": [Self.content(answer, of: method)], "structuredContent": answer, "isError": false,
            ]
        } catch {
            let hint = error.data?["hint"]?.stringValue.map { "\n" + $0 } ?? ""
            return ["content": [["type": "text", "text": .string(error.message + hint)]], "isError": true]
        }
    }

    private static func content(_ answer: JSONValue, of method: Method) -> JSONValue {
        if method == .thumbnail, let data = answer["data"], let type = answer["media_type"] {
            return ["type": "image", "data": data, "mimeType": type]
        }
        return ["type": "text", "text": .string(answer.serialized())]
    }

    /// A notification of how far an index run, or a search for duplicates, is.
    private static func progress(_ progress: JSONValue, _ token: JSONValue) -> JSONValue? {
        guard let done = progress["share"] ?? progress["bytes_done"] else { return nil }
        let total: JSONValue = progress["share"] == nil ? progress["bytes_total"] ?? .null : 1
        return [
            "jsonrpc": "2.0", "method": "notifications/progress",
            "params": [
                "progressToken": token, "progress": done, "total": total, "message": progress["phase"] ?? "",
            ],
        ]
    }
}
