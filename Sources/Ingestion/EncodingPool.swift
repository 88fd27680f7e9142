import Base
import Glibc
import Indexing
import Synchronization
import VideoEncoding

/// The files that wait for encoding, and what each thread does with the next.
final class EncodingPool: Sendable {
    private struct Queue {
        /// Reversed: the next is the last.
        var waiting: [EncodingTask]
        var active = 0
        /// Files that crashed a worker; each is retried.
        var suspects: [EncodingTask] = []
    }
    private let run: IndexRun
    private let queue: Mutex<Queue>
    private let processors = processorCount
    /// Files that a thread takes at once at most: enough that most batches of clips are full.
    private static let mostTogether = 8
    /// Bytes of such files: a longer one fills batches by itself.
    private static let mostBytesTogether: Int64 = 16 << 20

    init(run: IndexRun, tasks: [EncodingTask]) {
        self.run = run
        queue = Mutex(Queue(waiting: tasks.reversed()))
    }

    /// One thread's work: file after file until none waits or the run is stopped. A task that comes back (copies of
    /// a file that changed) finds the thread that put it there still at work.
    func work() {
        var workers: [Int: any VideoWorker] = [:]
        while !run.keeper.isStopped, let (tasks, threads) = take() {
            do throws(IndexError) {
                if workers[threads] == nil { workers[threads] = try run.source.makeWorker(threads: threads) }
                if let worker = workers[threads] { encode(tasks, with: worker, threads: threads) }
            } catch {
                run.keeper.fail(error)
            }
            queue.withLock { $0.active -= 1 }
        }
    }

    /// Whether some file crashed a worker.
    var hasSuspects: Bool { queue.withLock { !$0.suspects.isEmpty } }

    /// Retries the files that crashed a worker, one at a time, when nothing else takes memory; those that
    /// no worker survives again are recorded as failed, and met again when they change or when it is asked for.
    func retrySuspects() {
        let suspects = queue.withLock { queue in
            defer { queue.suspects = [] }
            return queue.suspects
        }
        for task in suspects where !run.keeper.isStopped {
            do throws(IndexError) {
                let worker = try run.source.makeWorker(threads: processors)
                encode([task], with: worker, threads: processors, isLastTry: true)
            } catch {
                run.keeper.fail(error)
            }
            // Copies of a file that changed.
            work()
        }
    }

    /// The next files, and how many processors they may use: where fewer files are left than threads, those share all
    /// processors. Several small ones, fewer of them the fewer are left, so that all threads end together.
    private func take() -> ([EncodingTask], threads: Int)? {
        queue.withLock { queue in
            guard let first = queue.waiting.popLast() else { return nil }
            queue.active += 1
            let atOnce = min(run.workerCount, queue.waiting.count + queue.active)
            let threads = max(1, processors / max(1, atOnce))
            var tasks = [first]
            var bytes = first.file.size
            let most = threads > 1 ? 1 : min(Self.mostTogether, queue.waiting.count / (4 * atOnce))
            while tasks.count < most, let next = queue.waiting.last,
                bytes + next.file.size <= Self.mostBytesTogether
            {
                bytes += next.file.size
                tasks.append(next)
                queue.waiting.removeLast()
            }
            return (tasks, threads)
        }
    }

    private func encode(
        _ tasks: [EncodingTask], with worker: any VideoWorker, threads: Int, isLastTry: Bool = false
    ) {
        let keeper = run.keeper
        func begin(_ place: Int) {
            if place < tasks.count { keeper.read(tasks[place].file.path, bytes: tasks[place].file.size) }
        }
        let files = tasks.map {
            FileToEncode(
                path: $0.file.path, timeLimit: run.options.timeLimit, decoderThreads: threads,
                stream: ChosenStream.number(in: $0.fingerprint))
        }
        begin(0)
        worker.encode(files, isCancelled: { keeper.isStopped }) { place, share in
            keeper.read(tasks[place].file.path, bytes: tasks[place].file.size, share: share)
        } deliver: { place, result in
            keeper.stopReading(tasks[place].file.path)
            do throws(IndexError) {
                try take(result, of: tasks[place], isLastTry: isLastTry)
            } catch {
                keeper.fail(error)
            }
            begin(place + 1)
        }
    }

    private func take(
        _ result: Result<EncodedVideo, VideoError>, of task: EncodingTask, isLastTry: Bool
    ) throws(IndexError) {
        if case .failure(let error) = result {
            if error.reason == .cancelled { return }
            if error.reason == .decoderFailed, !isLastTry {
                return queue.withLock { $0.suspects.append(task) }
            }
        }
        defer { run.keeper.finish(bytes: task.file.size) }
        if let change = task.identity.changeWhileReading {
            try fail(task, fingerprint: task.unread, reason: change.reason, message: change.message)
            return
        }
        switch result {
        case .success(let video): try store(video, task)
        case .failure(let error):
            try fail(
                task, fingerprint: error.isOfContent ? task.fingerprint : task.unread,
                reason: error.reason.rawValue, message: error.detail)
        }
    }

    private func store(_ video: EncodedVideo, _ task: EncodingTask) throws(IndexError) {
        let id: Int64
        do throws(IndexError) {
            id = try run.index.store(
                task.identity, facts: video.facts, intervals: video.intervals, mixture: video.mixture,
                signatures: video.signatures)
        } catch {
            // The index refuses values that are no numbers, and names the video: that is this file's failure.
            guard error.reason == .failed, error.path == task.file.path else { throw error }
            try fail(
                task, fingerprint: task.fingerprint, reason: VideoError.Reason.encodingFailed.rawValue,
                message: error.message)
            return
        }
        for copy in task.copies { try run.index.storeCopy(of: id, as: copy) }
        run.keeper.update {
            $0.indexed += 1
            $0.copied += task.copies.count
            $0.done += 1 + task.copies.count
            $0.clips += video.intervals.count
            $0.note(video.facts, of: task.file.path)
        }
    }

    /// Records a failure; copies of the file may fare better, and are tried one by one.
    private func fail(_ task: EncodingTask, fingerprint: String, reason: String, message: String)
        throws(IndexError)
    {
        try run.index.storeFailure(
            task.file.identity(fingerprint: fingerprint), reason: reason, message: message)
        run.keeper.update {
            $0.noteFailure(reason)
            $0.done += 1
        }
        guard let next = task.copies.first else { return }
        let file = ScannedFile(
            path: next.path, size: next.size, modified: next.modified, device: next.device,
            statusChanged: next.statusChanged, problem: nil)
        let retry = EncodingTask(
            file: file, fingerprint: task.fingerprint, copies: Array(task.copies.dropFirst()))
        run.keeper.add(bytes: retry.file.size)
        queue.withLock { $0.waiting.append(retry) }
    }

}

extension VideoError {
    /// What was no matter of content is tried again in the next run.
    var isOfContent: Bool {
        ![Reason.notFound, .notAFile, .permissionDenied, .readFailed, .decoderUnavailable].contains(reason)
    }
}

extension FileIdentity {
    /// What happened to the file between the scan and now, if anything: its embeddings would be those of neither.
    var changeWhileReading: (reason: String, message: String)? {
        switch FileStatus.of(path, followingLinks: true) {
        case .failure(let error):
            return error.code == ENOENT || error.code == ENOTDIR
                ? (VideoError.Reason.notFound.rawValue, "the file was deleted or moved while it was read")
                : (VideoError.Reason.readFailed.rawValue, error.message)
        case .success(let status):
            if status.size == size && status.modified == modified { return nil }
            return (
                "changed_while_reading", "the file changed while it was read; the next run reads it again"
            )
        }
    }
}
