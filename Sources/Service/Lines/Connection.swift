import Base
import Dispatch
import Synchronization

/// One client's conversation: lines in, lines out, requests running side by side between, or one after the other.
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
        /// Answered requests that later ones can still name in `after`.
        public var remembered = 10_000

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
        var earlier: EarlierRequests
        /// Requests that wait for those that they come after, and in no queue.
        var held = 0
    }

    /// Runs one request to its end; `RequestHandler.run` outside of tests.
    package typealias Answering = @Sendable (Method, JSONValue?, RequestContext) throws(RPCError) -> JSONValue

    private let answering: Answering
    private let limits: Limits
    /// Whether requests are answered in the order in which they came.
    private let isInOrder: Bool
    private let send: @Sendable (String) -> Void
    private let searches: WorkQueue
    /// One at a time: these take the writer's lock.
    private let writers: WorkQueue
    private let lookups: WorkQueue
    private let watches: WorkQueue
    /// One at a time: each uses every processor.
    private let surveys: WorkQueue
    /// Everything, one at a time, where requests are answered in order.
    private let turns: WorkQueue
    /// Lets go of requests whose earlier ones have been answered.
    private let releases = DispatchQueue(label: "mixtape.release")
    private let unfinished = DispatchGroup()
    private let state: Mutex<State>

    /// A conversation whose replies go to `send`, without line breaks.
    ///
    /// - Parameter inOrder: answers requests one after the other, in the order in which they came.
    package init(
        answering: @escaping Answering, limits: Limits = Limits(), inOrder: Bool = false,
        send: @escaping @Sendable (String) -> Void
    ) {
        self.answering = answering
        self.limits = limits
        isInOrder = inOrder
        self.send = send
        state = Mutex(State(earlier: EarlierRequests(remembered: limits.remembered)))
        searches = WorkQueue(label: "search", threads: limits.searches, maximumWaiting: limits.waiting)
        writers = WorkQueue(label: "write", threads: 1, maximumWaiting: limits.waiting)
        lookups = WorkQueue(label: "lookup", threads: 1, maximumWaiting: limits.waiting)
        watches = WorkQueue(label: "watch", threads: limits.watches, maximumWaiting: 0)
        surveys = WorkQueue(label: "survey", threads: 1, maximumWaiting: limits.waiting)
        // `isFull` keeps it short: refusing what has to wait for its turn anyway would break the order.
        turns = WorkQueue(label: "turn", threads: 1, maximumWaiting: .max)
    }

    /// Takes one line; blank ones are skipped.
    public func receive(line: [UInt8]) {
        if line.isBlankLine { return }
        let message: JSONValue
        do {
            message = try JSONValue(parsing: line)
        } catch {
            let text = "not JSON: \(error.message), at byte \(error.offset)"
            return refuse(RPCError(.parseError, text))
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
        refuse(error)
    }

    /// Whether so many requests wait for their turn that no more lines should be read for now.
    var isFull: Bool { isInOrder && turns.waiting >= limits.waiting }

    /// Cancels everything that waits or runs.
    public func cancelAll() {
        for cancellation in state.withLock({ Array($0.switches.values) }) { cancellation.cancel() }
    }

    /// Cancels what would run for ever.
    package func cancelEndless() {
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

    /// What is said of a line that is no request.
    private func refuse(_ error: RPCError) {
        inTurn { [send] in send(RPCReply.error(error, id: .null).serialized()) }
    }

    /// Says what needs no work: at once, or after everything that came before.
    private func inTurn(_ work: @escaping @Sendable () -> Void) {
        guard isInOrder else { return work() }
        unfinished.enter()
        _ = turns.submit { [unfinished] in
            work()
            unfinished.leave()
        }
    }

    /// JSON-RPC 2.0 §6: one array of replies once all have ended, none for notifications.
    private func receiveBatch(_ elements: [JSONValue]) {
        guard !elements.isEmpty, elements.count <= limits.batch else {
            let text =
                elements.isEmpty
                ? "an empty batch"
                : "a batch of \(elements.count) requests; at most \(limits.batch) go together"
            return refuse(RPCError(.invalidRequest, text))
        }
        let batch = ReplyBatch { [send] replies in send(JSONValue.array(replies).serialized()) }
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
            return inTurn { reply(RPCReply.error(error.error, id: error.id)) }
        }
        let ending = RequestEnding()
        // A notification runs like a request, and nothing is said of how it ended.
        let answer: Answer = { result in
            defer { ending.finish() }
            guard let id = request.id else { return onSilence() }
            switch result {
            case .success(let value): reply(RPCReply.result(value, id: id))
            case .failure(let error): reply(RPCReply.error(error, id: id))
            }
        }
        guard let method = Method(rawValue: request.method) else {
            state.withLock { state in
                if let key = request.key, state.requests[key] == nil { state.earlier.add(key, ending) }
            }
            let names = Method.allCases.map(\.rawValue).joined(separator: ", ")
            let name = request.method.utf8.count <= 60 ? "\"\(request.method)\"" : "of that long name"
            return inTurn {
                answer(.failure(RPCError(.methodNotFound, "no method \(name); there are \(names)")))
            }
        }
        let cancellation = Cancellation()
        do {
            let earlier = try register(
                method, request, ending, Entry(cancellation: cancellation) { answer(.failure(.cancelled)) })
            start(method, request, after: earlier, cancellation, answer: answer)
        } catch {
            inTurn { answer(.failure(error)) }
        }
    }

    private typealias Answer = @Sendable (Result<JSONValue, RPCError>) -> Void

    /// Writes down what is going to run, and finds the requests that it has to wait for.
    private func register(
        _ method: Method, _ request: RPCRequest, _ ending: RequestEnding, _ entry: Entry
    ) throws(RPCError) -> [RequestEnding] {
        let key = request.key
        let outcome = state.withLock { state -> Result<[RequestEnding], RPCError> in
            if method != .cancel, let key, state.requests[key] != nil {
                return .failure(
                    RPCError(.invalidRequest, "id: another request with this id has not ended yet"))
            }
            // Whatever becomes of it, it will have been answered.
            defer { if let key { state.earlier.add(key, ending) } }
            var earlier: [RequestEnding] = []
            for id in request.after {
                guard let known = state.earlier.ending(of: id.serialized()) else {
                    return .failure(.unknownEarlier(id, remembered: limits.remembered))
                }
                if !known.isOver { earlier.append(known) }
            }
            if !earlier.isEmpty, !isInOrder {
                guard state.held < limits.waiting else {
                    return .failure(.busy("\(limits.waiting) requests are waiting"))
                }
                state.held += 1
            }
            if method == .cancel { return .success(earlier) }
            if let key { state.requests[key] = entry }
            let switchKey = ObjectIdentifier(entry.cancellation)
            state.switches[switchKey] = entry.cancellation
            if method == .watch { state.endless.insert(switchKey) }
            return .success(earlier)
        }
        return try outcome.get()
    }

    private func start(
        _ method: Method, _ request: RPCRequest, after earlier: [RequestEnding], _ cancellation: Cancellation,
        answer: @escaping Answer
    ) {
        let key = request.key
        unfinished.enter()
        let work: @Sendable () -> Void = { [self] in
            defer { unfinished.leave() }
            // A request cancelled while it waited was answered then.
            guard begin(key, cancellation) else { return forget(key, cancellation) }
            let result = run(method, request, cancellation)
            forget(key, cancellation)
            answer(result)
        }
        let turnAway: @Sendable (String) -> Void = { [self] reason in
            defer { unfinished.leave() }
            guard begin(key, cancellation) else { return forget(key, cancellation) }
            forget(key, cancellation)
            answer(.failure(.busy(reason)))
        }
        let enqueue: @Sendable () -> Void = { [self] in
            // What was let in to wait for others is not turned away after that.
            let isAccepted = queue(for: method).submit(
                work, always: !earlier.isEmpty && method != .watch)
            if isAccepted { return }
            turnAway(
                method == .watch
                    ? "\(limits.watches) watches are running" : "\(limits.waiting) requests are waiting")
        }
        if isInOrder, method != .cancel {
            _ = turns.submit { [self] in
                // What waits for a watch steps out of the order, as the watch did: it might wait for ever.
                guard earlier.allSatisfy(\.isOver) else {
                    guard hold() else { return turnAway("\(limits.waiting) requests are waiting") }
                    return RequestEnding.whenAllOver(earlier, on: releases) { [self] in
                        state.withLock { $0.held -= 1 }
                        if method == .watch { enqueue() } else { _ = turns.submit(work) }
                    }
                }
                // A watch has no end that others could wait for.
                if method == .watch { enqueue() } else { work() }
            }
            return
        }
        let isHeld = !earlier.isEmpty && !isInOrder
        RequestEnding.whenAllOver(earlier, on: releases) { [self] in
            if isHeld { state.withLock { $0.held -= 1 } }
            guard method == .cancel else { return enqueue() }
            answer(cancel(request.params))
            unfinished.leave()
        }
    }

    /// Takes in one more request that waits for others in no queue; false where there are too many.
    private func hold() -> Bool {
        state.withLock { state in
            guard state.held < limits.waiting else { return false }
            state.held += 1
            return true
        }
    }

    private func queue(for method: Method) -> WorkQueue {
        switch method {
        case .search, .thumbnail, .streams: searches
        case .duplicates: surveys
        case .index, .remove, .rejectDuplicates, .restoreDuplicates: writers
        case .watch: watches
        case .info, .version, .videos, .projection, .duplicateDecisions, .cancel: lookups
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
