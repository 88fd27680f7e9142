import Glibc
import Indexing
import SharedIndexing
import Synchronization
import VideoDecoding
import VideoEncoding

/// What each thread of a worker on a shared queue does with the next content.
final class SharedPool: Sendable {
    /// A content that as many workers did not survive is not given to another.
    private static let mostAttempts = 3

    private struct Leases {
        /// The contents that this process encodes.
        var held: [String: VideoQueue.Claim] = [:]
        /// Those of them that another worker took over.
        var lost: Set<String> = []
        var nextRenewal = ContinuousClock.now
        var nextQuestion = ContinuousClock.now
        /// Files settled when this worker came, and when that was, for the estimate.
        var start: (settled: Int, time: ContinuousClock.Instant)?
    }
    private let run: IndexRun
    private let queue: VideoQueue
    private let leases = Mutex(Leases())

    init(run: IndexRun, queue: VideoQueue) {
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
                if let claim = try queue.claim() {
                    leases.withLock { _ = $0.held.updateValue(claim, forKey: claim.fingerprint) }
                    if worker == nil { worker = try run.source.makeWorker(threads: threads) }
                    if let worker { try encode(claim, with: worker, threads: threads) }
                    // What a cancelled run holds is given back at its end.
                    if !run.keeper.isStopped {
                        leases.withLock {
                            $0.held[claim.fingerprint] = nil
                            $0.lost.remove(claim.fingerprint)
                        }
                    }
                } else if try queue.state().open == 0, !run.options.stays {
                    return
                } else {
                    usleep(200_000)
                }
            } catch {
                run.keeper.fail(error)
            }
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
            if asks { show(try queue.state(), at: now) }
        } catch {
            run.keeper.fail(error)
        }
        report()
    }

    private func show(_ state: VideoQueue.State, at now: ContinuousClock.Instant) {
        let start = leases.withLock { leases in
            if leases.start == nil, state.open > 0 { leases.start = (state.settled, now) }
            return leases.start
        }
        guard let start else { return }
        let seconds = (now - start.time) / .seconds(1)
        let done = state.settled - start.settled
        let left = Double(state.queued - state.settled)
        run.keeper.update {
            $0.total = state.queued
            $0.done = state.settled
            $0.secondsLeft = done >= 2 && seconds >= 2 ? seconds / Double(done) * left : nil
        }
    }

    /// Gives back what a stopped run was at.
    func giveBack() throws(IndexError) {
        let held = leases.withLock { Array($0.held.values) }
        for claim in held { try queue.release(claim, wasTried: false) }
        if !run.keeper.isStopped { show(try queue.state(), at: .now) }
    }

    private func encode(
        _ claim: VideoQueue.Claim, with worker: any VideoWorker, threads: Int
    ) throws(IndexError) {
        // A scan that found the file changed may have taken it out meanwhile.
        guard let file = claim.files.first else { return try queue.release(claim, wasTried: false) }
        guard claim.formerAttempts < Self.mostAttempts else {
            return try fail(
                claim, file, VideoError.Reason.decoderFailed.rawValue,
                "\(claim.formerAttempts) workers ended while they read it", isOfContent: true)
        }
        if let change = file.changeWhileReading {
            return try fail(claim, file, change.reason, change.message, isOfContent: false)
        }
        run.keeper.update { $0.current = file.path }
        let isLost: @Sendable () -> Bool = { self.leases.withLock { $0.lost.contains(claim.fingerprint) } }
        let result = Result { () throws(VideoError) in
            try worker.encode(
                path: file.path, timeLimit: run.options.timeLimit, decoderThreads: threads,
                isCancelled: { self.run.keeper.isStopped || isLost() })
        }
        if isLost() { return }
        if let change = file.changeWhileReading {
            return try fail(claim, file, change.reason, change.message, isOfContent: false)
        }
        switch result {
        case .success(let video): try store(video, claim, file)
        case .failure(let error) where error.reason == .cancelled: return
        case .failure(let error) where error.reason == .decoderFailed && claim.formerAttempts == 0:
            // Once more, by whoever comes to it.
            try queue.release(claim, wasTried: true)
        case .failure(let error):
            try fail(claim, file, error.reason.rawValue, error.detail, isOfContent: error.isOfContent)
        }
    }

    private func store(
        _ video: EncodedVideo, _ claim: VideoQueue.Claim, _ file: FileIdentity
    ) throws(IndexError) {
        let stored: Int?
        do throws(IndexError) {
            stored = try queue.finish(
                claim, facts: video.facts, intervals: video.intervals, mixture: video.mixture)
        } catch {
            // Values that are no numbers are this file's failure.
            guard error.reason == .failed, error.path == file.path else { throw error }
            return try fail(
                claim, file, VideoError.Reason.encodingFailed.rawValue, error.message, isOfContent: true)
        }
        guard let stored else { return }
        run.keeper.update {
            $0.indexed += 1
            $0.copied += max(0, stored - 1)
            $0.clips += video.intervals.count
        }
    }

    private func fail(
        _ claim: VideoQueue.Claim, _ file: FileIdentity, _ reason: String, _ message: String,
        isOfContent: Bool
    ) throws(IndexError) {
        try queue.fail(claim, file: file, reason: reason, message: message, isOfContent: isOfContent)
        run.keeper.update { $0.failed += 1 }
    }
}
