import Dispatch
import Synchronization

/// One client's conversation: lines in, lines out, requests running side by side between.
///
/// The owner calls `receive` from one thread; replies leave through `send` from any thread, one call a
/// line, in the order in which the requests end.
public final class Connection: Sendable {
    /// Bounds that keep one client from taking the machine.
    public struct Limits: Sendable {
        /// Bytes of one line, its line break not counted.
        public var lineLength = 1 << 20
        /// Searches that run at once.
        public var searches = 2
        /// Folders' watches that run at once; further ones are refused as busy.
        public var watches = 4
        /// Requests that wait for a free thread, a kind; further ones are refused as busy.
        public var waiting = 1000
        /// Requests in one batch.
        public var batch = 1000

        /// The defaults.
        public init() {}
    }

    private struct Entry {
        var cancellation: Cancellation
        var hasStarted = false
        /// Answers a request that never began.
        var answerCancelled: @Sendable () -> Void
    }

    private struct State {
        /// What is waiting or running, by the id's JSON text.
        var requests: [String: Entry] = [:]
        /// Every switch that `cancelAll` must throw, notifications' among them.
        var switches: [ObjectIdentifier: Cancellation] = [:]
        /// Those of requests that have no end of their own.
        var endless: Set<ObjectIdentifier> = []
    }

    /// Runs one request to its end; `RequestHandler.run` outside of tests.
    package typealias Answering = @Sendable (Method, JSONValue?, RequestContext) throws(RPCError) -> JSONValue

    private let answering: Answering
    private let limits: Limits
    private let send: @Sendable (String) -> Void
    private let searches: WorkQueue
    /// One at a time: these take the writer's lock.
    private let writers: WorkQueue
    private let lookups: WorkQueue
    private let watches: WorkQueue
    /// One at a time: each uses every processor.
    private let surveys: WorkQueue
    private let unfinished = DispatchGroup()
    private let state = Mutex(State())

    /// A conversation whose replies go to `send`, without line breaks.
    public convenience init(
        handler: RequestHandler, limits: Limits = Limits(), send: @escaping @Sendable (String) -> Void
    ) {
        self.init(answering: handler.run, limits: limits, send: send)
    }

    package init(
        answering: @escaping Answering, limits: Limits = Limits(), send: @escaping @Sendable (String) -> Void
    ) {
        self.answering = answering
        self.limits = limits
        self.send = send
        searches = WorkQueue(label: "search", threads: limits.searches, maximumWaiting: limits.waiting)
        writers = WorkQueue(label: "write", threads: 1, maximumWaiting: limits.waiting)
        lookups = WorkQueue(label: "lookup", threads: 1, maximumWaiting: limits.waiting)
        watches = WorkQueue(label: "watch", threads: limits.watches, maximumWaiting: 0)
        surveys = WorkQueue(label: "survey", threads: 1, maximumWaiting: limits.waiting)
    }

    /// Takes one line; blank ones are skipped.
    public func receive(line: [UInt8]) {
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return }
        let message: JSONValue
        do {
            message = try JSONValue(parsing: line)
        } catch {
            let text = "not JSON: \(error.message), at byte \(error.offset)"
            return reply(RPCReply.error(RPCError(.parseError, text), id: .null))
        }
        if case .array(let elements) = message {
            receiveBatch(elements)
        } else {
            receive(message) { [send] in send($0.serialized()) }
        }
    }

    /// A line went over the limit and is being skipped.
    public func receiveTooLongLine() {
        let error = RPCError(
            .parseError, "the line is longer than \(limits.lineLength) bytes and was skipped",
            data: ["reason": "line_too_long", "limit": .number(limits.lineLength)])
        reply(RPCReply.error(error, id: .null))
    }

    /// Cancels everything that waits or runs.
    public func cancelAll() {
        for cancellation in state.withLock({ Array($0.switches.values) }) { cancellation.cancel() }
    }

    /// Cancels what would run for ever.
    func cancelEndless() {
        let endless = state.withLock { state in state.endless.compactMap { state.switches[$0] } }
        for cancellation in endless { cancellation.cancel() }
    }

    /// Blocks until every request taken has ended and its reply is sent.
    public func waitUntilIdle() {
        unfinished.wait()
    }

    /// The same for at most so many seconds; answers whether everything has ended.
    func waitUntilIdle(seconds: Double) -> Bool {
        unfinished.wait(timeout: .now() + seconds) == .success
    }

    private func reply(_ message: JSONValue) {
        send(message.serialized())
    }

    /// JSON-RPC 2.0 §6: one array of replies once all have ended, none for notifications.
    private func receiveBatch(_ elements: [JSONValue]) {
        guard !elements.isEmpty, elements.count <= limits.batch else {
            let text =
                elements.isEmpty
                ? "an empty batch"
                : "a batch of \(elements.count) requests; at most \(limits.batch) go together"
            return reply(RPCReply.error(RPCError(.invalidRequest, text), id: .null))
        }
        let batch = Batch { [send] replies in send(JSONValue.array(replies).serialized()) }
        for element in elements {
            let place = batch.expect()
            receive(element) {
                batch.add($0, at: place)
            } onSilence: {
                batch.skip(place)
            }
        }
        batch.seal()
    }

    private func receive(
        _ message: JSONValue, reply: @escaping @Sendable (JSONValue) -> Void,
        onSilence: @escaping @Sendable () -> Void = {}
    ) {
        let request: RPCRequest
        do {
            request = try RPCRequest(message)
        } catch {
            return reply(RPCReply.error(error.error, id: error.id))
        }
        // A notification runs like a request, and nothing is said of how it ended.
        let answer: @Sendable (Result<JSONValue, RPCError>) -> Void = { result in
            guard let id = request.id else { return onSilence() }
            switch result {
            case .success(let value): reply(RPCReply.result(value, id: id))
            case .failure(let error): reply(RPCReply.error(error, id: id))
            }
        }
        guard let method = Method(rawValue: request.method) else {
            let names = Method.allCases.map(\.rawValue).joined(separator: ", ")
            let name = request.method.utf8.count <= 60 ? "\"\(request.method)\"" : "of that long name"
            return answer(.failure(RPCError(.methodNotFound, "no method \(name); there are \(names)")))
        }
        if method == .cancel {
            answer(cancel(request.params))
        } else {
            start(method, request, answer: answer)
        }
    }

    private func start(
        _ method: Method, _ request: RPCRequest,
        answer: @escaping @Sendable (Result<JSONValue, RPCError>) -> Void
    ) {
        let cancellation = Cancellation()
        // Null names nothing, so such requests can neither clash nor be cancelled.
        let key = request.id.flatMap { $0 == .null ? nil : $0.serialized() }
        let entry = Entry(cancellation: cancellation) { answer(.failure(.cancelled)) }
        let isNew = state.withLock { state in
            if let key {
                if state.requests[key] != nil { return false }
                state.requests[key] = entry
            }
            state.switches[ObjectIdentifier(cancellation)] = cancellation
            if method == .watch { state.endless.insert(ObjectIdentifier(cancellation)) }
            return true
        }
        guard isNew else {
            return answer(
                .failure(RPCError(.invalidRequest, "id: another request with this id has not ended yet")))
        }
        unfinished.enter()
        let accepted = queue(for: method).submit { [self] in
            defer { unfinished.leave() }
            // A request cancelled while it waited was answered then.
            guard begin(key, cancellation) else { return forget(key, cancellation) }
            let result = run(method, request, cancellation)
            forget(key, cancellation)
            answer(result)
        }
        if !accepted {
            forget(key, cancellation)
            let text =
                method == .watch
                ? "\(limits.watches) watches are running" : "\(limits.waiting) requests are waiting"
            answer(.failure(RPCError(.busy, text + "; send this one later")))
            unfinished.leave()
        }
    }

    private func queue(for method: Method) -> WorkQueue {
        switch method {
        case .search, .thumbnail: searches
        case .duplicates: surveys
        case .index, .remove, .rejectDuplicates, .restoreDuplicates: writers
        case .watch: watches
        case .info, .videos, .projection, .duplicateDecisions, .cancel: lookups
        }
    }

    private func run(
        _ method: Method, _ request: RPCRequest, _ cancellation: Cancellation
    ) -> Result<JSONValue, RPCError> {
        var context = RequestContext(isCancelled: { cancellation.isCancelled })
        if let id = request.id {
            context.progress = { [send] params in
                guard case .object(let members) = params, !cancellation.isCancelled else { return }
                send(RPCReply.progress(.object(members + [.init("id", id)])).serialized())
            }
        }
        // `cancelAll` may have come while the request waited.
        if cancellation.isCancelled { return .failure(.cancelled) }
        do {
            return .success(try answering(method, request.params, context))
        } catch {
            return .failure(error)
        }
    }

    private func begin(_ key: String?, _ cancellation: Cancellation) -> Bool {
        guard let key else { return true }
        return state.withLock { state in
            guard state.requests[key]?.cancellation === cancellation else { return false }
            state.requests[key]?.hasStarted = true
            return true
        }
    }

    /// The id may belong to a newer request by now, which stays.
    private func forget(_ key: String?, _ cancellation: Cancellation) {
        state.withLock { state in
            if let key, state.requests[key]?.cancellation === cancellation { state.requests[key] = nil }
            state.switches[ObjectIdentifier(cancellation)] = nil
            state.endless.remove(ObjectIdentifier(cancellation))
        }
    }

    /// One that runs is told to end and answers for itself; one that waits is answered here.
    private func cancel(_ params: JSONValue?) -> Result<JSONValue, RPCError> {
        let key: String
        do {
            let parameters = try Parameters(params, of: Method.cancel.rawValue, known: ["id"])
            key = try parameters.identifier("id").serialized()
        } catch {
            return .failure(error)
        }
        let entry = state.withLock { state -> Entry? in
            let entry = state.requests[key]
            if entry?.hasStarted == false { state.requests[key] = nil }
            return entry
        }
        entry?.cancellation.cancel()
        if let entry, !entry.hasStarted { entry.answerCancelled() }
        return .success(["cancelled": .bool(entry != nil)])
    }
}

/// Gathers the replies of a batch in the order of its requests.
private final class Batch: Sendable {
    private struct State {
        var replies: [JSONValue?] = []
        var missing = 0
        var isSealed = false
    }
    private let state = Mutex(State())
    private let send: @Sendable ([JSONValue]) -> Void

    init(send: @escaping @Sendable ([JSONValue]) -> Void) { self.send = send }

    func expect() -> Int {
        state.withLock { state in
            state.replies.append(nil)
            state.missing += 1
            return state.replies.count - 1
        }
    }

    func add(_ reply: JSONValue, at place: Int) {
        settle { $0.replies[place] = reply }
    }

    func skip(_ place: Int) {
        settle { _ in }
    }

    /// No further requests come.
    func seal() {
        finish { $0.isSealed = true }
    }

    private func settle(_ change: (inout State) -> Void) {
        finish { state in
            change(&state)
            state.missing -= 1
        }
    }

    private func finish(_ change: (inout State) -> Void) {
        let replies = state.withLock { state -> [JSONValue] in
            change(&state)
            return state.isSealed && state.missing == 0 ? state.replies.compactMap { $0 } : []
        }
        if !replies.isEmpty { send(replies) }
    }
}
