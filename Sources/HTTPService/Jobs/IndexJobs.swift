import Base
import Service
import Synchronization

/// Index runs that clients have asked for: one at a time, since an index has one writer.
final class IndexJobs: Sendable {
    /// What is known of a job.
    struct Job: Sendable {
        enum State: String, Sendable, CaseIterable { case waiting, running, done, failed, cancelled }

        var id: Int
        var folders: [String]
        var state = State.waiting
        /// The last progress, as the protocol's notifications tell it.
        var progress: JSONValue?
        /// How it ended, where it is done.
        var result: JSONValue?
        /// Why it failed.
        var error: JSONValue?

        var hasEnded: Bool { state != .waiting && state != .running }

        var json: JSONValue {
            [
                "id": .number(id), "folders": .array(folders.map { .string($0) }),
                "state": .string(state.rawValue), "progress": progress ?? .null, "result": result ?? .null,
                "error": error ?? .null,
            ]
        }
    }

    private struct Entry {
        var job: Job
        let cancellation = Cancellation()
        var followers: [Int: AsyncStream<Job>.Continuation] = [:]
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        var next = 1
        var nextFollower = 0
        var isClosed = false
    }

    /// Runs one index request.
    typealias Running = @Sendable (JSONValue, RequestContext) throws(RPCError) -> JSONValue

    private let run: Running
    private let describe: @Sendable (RPCError) -> JSONValue
    private let limit: Int
    private let queue: WorkQueue
    private let state = Mutex(State())
    /// Ended jobs that can still be asked about.
    private static let remembered = 50

    /// - Parameter describe: what clients are told of an error.
    init(limit: Int, run: @escaping Running, describe: @escaping @Sendable (RPCError) -> JSONValue) {
        self.run = run
        self.describe = describe
        self.limit = limit
        queue = WorkQueue(label: "http.index", threads: 1, maximumWaiting: limit)
    }

    /// Jobs that have not ended.
    var active: Int { state.withLock { state in state.entries.values.count { !$0.job.hasEnded } } }

    /// All jobs that are remembered, the newest first.
    func all() -> [Job] {
        state.withLock { state in state.entries.values.map(\.job) }.sorted { $0.id > $1.id }
    }

    /// The job with that number.
    func job(_ id: Int) -> Job? { state.withLock { $0.entries[id]?.job } }

    /// Takes a run over; nil where too many wait, or the service ends.
    func submit(folders: [String], parameters: JSONValue) -> Job? {
        let made = state.withLock { state -> (Job, Cancellation)? in
            guard !state.isClosed, state.entries.values.count(where: { !$0.job.hasEnded }) < limit else {
                return nil
            }
            let entry = Entry(job: Job(id: state.next, folders: folders))
            state.entries[state.next] = entry
            state.next += 1
            let ended = state.entries.values.filter(\.job.hasEnded).map(\.job.id).sorted()
            for id in ended.dropLast(Self.remembered) { state.entries[id] = nil }
            return (entry.job, entry.cancellation)
        }
        guard let (job, cancellation) = made else { return nil }
        // There is room for as many as the limit lets pass.
        _ = queue.submit { self.work(job.id, parameters, cancellation) }
        return job
    }

    /// Ends a job; what was stored by then stays. The job, or nil where there is none of that number.
    func cancel(_ id: Int) -> Job? {
        guard let entry = state.withLock({ $0.entries[id] }) else { return nil }
        entry.cancellation.cancel()
        if entry.job.state == .waiting { change(id) { if $0.state == .waiting { $0.state = .cancelled } } }
        return job(id)
    }

    /// Ends all jobs and takes no more; who follows them is told.
    func close() {
        let ids = state.withLock { state in
            state.isClosed = true
            return state.entries.keys.sorted()
        }
        for id in ids { _ = cancel(id) }
        // Outside of the lock: who ends a stream is told so at once, and takes the lock to leave the list.
        let followers = state.withLock { state in
            ids.flatMap { id in state.entries[id]?.followers.sorted { $0.key < $1.key }.map(\.value) ?? [] }
        }
        for follower in followers { follower.finish() }
    }

    /// A job's states from now on, the present one first; ends with the job.
    func follow(_ id: Int) -> AsyncStream<Job>? {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Job.self, bufferingPolicy: .bufferingNewest(4))
        let follower = state.withLock { state -> Int? in
            guard let job = state.entries[id]?.job else { return nil }
            continuation.yield(job)
            if job.hasEnded || state.isClosed {
                continuation.finish()
                return -1
            }
            state.nextFollower += 1
            state.entries[id]?.followers[state.nextFollower] = continuation
            return state.nextFollower
        }
        guard let follower else { return nil }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.entries[id]?.followers.removeValue(forKey: follower) }
        }
        return stream
    }

    private func work(_ id: Int, _ parameters: JSONValue, _ cancellation: Cancellation) {
        if cancellation.isCancelled { return change(id) { $0.state = .cancelled } }
        change(id) { $0.state = .running }
        let context = RequestContext(
            isCancelled: { cancellation.isCancelled },
            progress: { progress in self.change(id) { $0.progress = progress } })
        do throws(RPCError) {
            let result = try run(parameters, context)
            change(id) { job in
                job.state = .done
                job.result = result
            }
        } catch {
            let description = describe(error)
            change(id) { job in
                job.state = error.code == .cancelled ? .cancelled : .failed
                if job.state == .failed { job.error = description }
            }
        }
    }

    private func change(_ id: Int, _ body: (inout Job) -> Void) {
        let told = state.withLock { state -> (Job, [AsyncStream<Job>.Continuation])? in
            guard var entry = state.entries[id] else { return nil }
            if !entry.job.hasEnded { body(&entry.job) }
            let followers = entry.followers.sorted { $0.key < $1.key }.map(\.value)
            if entry.job.hasEnded { entry.followers = [:] }
            state.entries[id] = entry
            return (entry.job, followers)
        }
        guard let (job, followers) = told else { return }
        for follower in followers {
            follower.yield(job)
            if job.hasEnded { follower.finish() }
        }
    }
}
