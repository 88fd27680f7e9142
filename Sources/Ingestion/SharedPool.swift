import Base
import Glibc
import Indexing
import Synchronization
import VideoEncoding

/// What each thread of a worker on a shared queue does with the next content.
final class SharedPool: Sendable {
    /// A content that crashed this many workers is not given to another.
    private static let mostAttempts = 3

    private struct Leases {
        /// The contents that this process encodes.
        var held: [String: ContentClaim] = [:]
        /// Those of them that another worker took over.
        var lost: Set<String> = []
        /// Those of them that crashed a worker, to be retried; the first is next.
        var suspects: [ContentClaim] = []
        /// Threads that have a content, or ask for one.
        var active = 0
        /// Whether a thread tries a suspect, while no other may have a content.
        var isAlone = false
        var nextRenewal = ContinuousClock.now
        var nextQuestion = ContinuousClock.now
    }
    private let run: IndexRun
    private let queue: any ContentQueue
    private let leases = Mutex(Leases())

    init(run: IndexRun, queue: any ContentQueue) {
        self.run = run
        self.queue = queue
    }

    /// One thread's work: content after content until none is open, or the run is stopped. Where others encode the last ones,
    /// it waits: they may not come to their end.
    func work() {
        let threads = max(1, processorCount / run.workerCount)
        var worker: (any VideoWorker)?
        while !run.keeper.isStopped {
            do throws(IndexError) {
                if try encodeNext(with: &worker, threads: threads) { continue }
                // An idle one takes memory that a suspect may need.
                worker = nil
                if try retrySuspect() { continue }
                if try queue.state().open == 0, !run.options.waitsForMore { return }
                usleep(200_000)
            } catch {
                run.keeper.fail(error)
            }
        }
    }

    /// Takes a content from the queue and encodes it; false if there is none now, or a suspect is tried.
    private func encodeNext(with worker: inout (any VideoWorker)?, threads: Int) throws(IndexError) -> Bool {
        let mayStart = leases.withLock { leases in
            if !leases.isAlone { leases.active += 1 }
            return !leases.isAlone
        }
        guard mayStart else { return false }
        defer { leases.withLock { $0.active -= 1 } }
        guard let claim = try queue.claim() else { return false }
        leases.withLock { leases in
            // It may be one that this process had before, and lost.
            leases.lost.remove(claim.fingerprint)
            leases.suspects.removeAll { $0.fingerprint == claim.fingerprint }
            leases.held[claim.fingerprint] = claim
        }
        if worker == nil { worker = try run.source.makeWorker(threads: threads) }
        if let worker, try encode(claim, with: worker, threads: threads) { letGo(claim) }
        return true
    }

    /// Retries a content that crashed a worker, when this process encodes nothing else, with a new worker
    /// and all processors; one that crashes it again is recorded as failed. False if there is none, or other
    /// threads are at work.
    private func retrySuspect() throws(IndexError) -> Bool {
        let suspect = leases.withLock { leases -> ContentClaim? in
            guard leases.active == 0, !leases.isAlone, let suspect = leases.suspects.first else { return nil }
            leases.isAlone = true
            return suspect
        }
        guard let suspect else { return false }
        defer { leases.withLock { $0.isAlone = false } }
        let worker = try run.source.makeWorker(threads: processorCount)
        if try encode(suspect, with: worker, threads: processorCount, isLastTry: true) { letGo(suspect) }
        return true
    }

    /// Forgets a content that is settled. What a cancelled run holds is given back at its end.
    private func letGo(_ claim: ContentClaim) {
        if run.keeper.isStopped { return }
        leases.withLock { leases in
            leases.held[claim.fingerprint] = nil
            leases.lost.remove(claim.fingerprint)
            leases.suspects.removeAll { $0.fingerprint == claim.fingerprint }
        }
    }

    /// Renews the leases when a third of their time is over, and asks how far all workers are once a second.
    func tick(report: () -> Void) {
        let now = ContinuousClock.now
        let (renews, asks) = leases.withLock { leases in
            let due = (leases.nextRenewal <= now && !leases.held.isEmpty, leases.nextQuestion <= now)
            if due.0 { leases.nextRenewal = now + .seconds(queue.lease / 3) }
            if due.1 { leases.nextQuestion = now + .seconds(1) }
            return due
        }
        do throws(IndexError) {
            if renews {
                let held = leases.withLock { Set($0.held.keys) }
                let renewed = try queue.renew()
                leases.withLock { $0.lost.formUnion(held.subtracting(renewed).intersection($0.held.keys)) }
            }
            if asks { show(try queue.state()) }
        } catch {
            run.keeper.fail(error)
        }
        report()
    }

    private func show(_ state: QueueState) {
        run.keeper.update {
            $0.total = state.queued
            $0.done = state.settled
        }
        run.keeper.note(openBytes: state.openBytes, openFiles: state.open)
    }

    /// Gives back what a stopped run was at.
    func giveBack() throws(IndexError) {
        let (held, suspects) = leases.withLock { leases in
            (Array(leases.held.values), Set(leases.suspects.map(\.fingerprint)))
        }
        for claim in held { try queue.release(claim, wasTried: suspects.contains(claim.fingerprint)) }
        if !run.keeper.isStopped { show(try queue.state()) }
    }

    /// Encodes a content and stores what comes of it.
    ///
    /// - Returns: false where a worker crashed on it and it waits for its second chance.
    private func encode(
        _ claim: ContentClaim, with worker: any VideoWorker, threads: Int, isLastTry: Bool = false
    ) throws(IndexError) -> Bool {
        let isLost: @Sendable () -> Bool = { self.leases.withLock { $0.lost.contains(claim.fingerprint) } }
        // A suspect may have waited for long.
        if isLost() { return true }
        // A scan that found the file changed may have taken it out meanwhile.
        guard let file = claim.files.first else {
            try queue.release(claim, wasTried: false)
            return true
        }
        guard claim.formerAttempts < Self.mostAttempts else {
            try fail(
                claim, file, VideoError.Reason.decoderFailed.rawValue,
                "\(claim.formerAttempts) workers ended while they read it", isOfContent: true)
            return true
        }
        if let change = file.changeWhileReading {
            try fail(claim, file, change.reason, change.message, isOfContent: false)
            return true
        }
        let result = read(file, with: worker, threads: threads, isLost)
        if isLost() { return true }
        if let change = file.changeWhileReading {
            try fail(claim, file, change.reason, change.message, isOfContent: false)
            return true
        }
        switch result {
        case .success(let video): try store(video, claim, file)
        case .failure(let error) where error.reason == .cancelled: break
        case .failure(let error) where error.reason == .decoderFailed && !isLastTry:
            leases.withLock { $0.suspects.append(claim) }
            return false
        case .failure(let error):
            try fail(claim, file, error.reason.rawValue, error.detail, isOfContent: error.isOfContent)
        }
        return true
    }

    private func read(
        _ file: FileIdentity, with worker: any VideoWorker, threads: Int,
        _ isLost: @escaping @Sendable () -> Bool
    ) -> Result<EncodedVideo, VideoError> {
        let keeper = run.keeper
        keeper.read(file.path, bytes: file.size)
        defer { keeper.stopReading(file.path) }
        let asked = FileToEncode(
            path: file.path, timeLimit: run.options.timeLimit, decoderThreads: threads,
            stream: ChosenStream.number(in: file.fingerprint))
        var result: Result<EncodedVideo, VideoError>?
        worker.encode([asked], isCancelled: { keeper.isStopped || isLost() }) { _, share in
            keeper.read(file.path, bytes: file.size, share: share)
        } deliver: {
            result = $1
        }
        guard let result else { preconditionFailure("a file was read without a result") }
        return result
    }

    private func store(
        _ video: EncodedVideo, _ claim: ContentClaim, _ file: FileIdentity
    ) throws(IndexError) {
        let stored: Int?
        do throws(IndexError) {
            stored = try queue.finish(
                claim, facts: video.facts, intervals: video.intervals, mixture: video.mixture,
                signatures: video.signatures)
        } catch {
            // Values that are no numbers are this file's failure.
            guard error.reason == .failed, error.path == file.path else { throw error }
            return try fail(
                claim, file, VideoError.Reason.encodingFailed.rawValue, error.message, isOfContent: true)
        }
        guard let stored else { return }
        // Until the queue is asked again.
        run.keeper.finish(bytes: file.size)
        run.keeper.update {
            $0.indexed += 1
            $0.copied += max(0, stored - 1)
            $0.clips += video.intervals.count
            $0.note(video.facts, of: file.path)
        }
    }

    private func fail(
        _ claim: ContentClaim, _ file: FileIdentity, _ reason: String, _ message: String,
        isOfContent: Bool
    ) throws(IndexError) {
        try queue.fail(claim, file: file, reason: reason, message: message, isOfContent: isOfContent)
        run.keeper.finish(bytes: file.size)
        run.keeper.update { $0.noteFailure(reason) }
    }
}
