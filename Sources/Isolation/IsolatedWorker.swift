import Base
import Glibc
import VideoEncoding

/// A worker process of one thread, of a run or of a service; the process is started for the first file, and anew after one
/// that it did not survive.
package final class IsolatedWorker {
    private let source: IsolatedSource
    private let threads: Int
    private var running: RunningWorker?

    package init(source: IsolatedSource, threads: Int) {
        self.source = source
        self.threads = threads
    }

    /// Reads and encodes a whole file.
    package func encode(
        path: String, timeLimit: Double, decoderThreads: Int, isCancelled: @escaping @Sendable () -> Bool
    ) throws(VideoError) -> EncodedVideo {
        var result: Result<EncodedVideo, VideoError>?
        let file = FileToEncode(path: path, timeLimit: timeLimit, decoderThreads: decoderThreads)
        encode([file], isCancelled: isCancelled, progress: { _, _ in }) { result = $1 }
        guard let result else { preconditionFailure("a file was read without a result") }
        return try result.get()
    }

    /// Files that come together are asked for at once: the worker answers them in order. Those that it has not answered when
    /// it dies may all have been its death.
    package func encode(
        _ files: [FileToEncode], isCancelled: @escaping @Sendable () -> Bool,
        progress: @escaping @Sendable (Int, Double) -> Void,
        deliver: (Int, Result<EncodedVideo, VideoError>) -> Void
    ) {
        var opened: [Result<RegularFile, VideoError>] = files.map { file in
            Result { () throws(VideoError) in try RegularFile(path: file.path) }
        }
        let places = files.indices.filter { (try? opened[$0].get()) != nil }
        func fail(_ error: VideoError, from first: Int) {
            for place in places where place >= first {
                opened[place] = .failure(
                    VideoError(path: files[place].path, reason: error.reason, detail: error.detail))
            }
        }
        do throws(VideoError) {
            var asked: [(WorkerFileRequest, RegularFile)] = []
            for place in places {
                let request = WorkerFileRequest(
                    stream: files[place].stream, timeLimit: files[place].timeLimit,
                    decoderThreads: files[place].decoderThreads,
                    fingerprint: source.modelFingerprint, hasNext: place != places.last)
                asked.append((request, try opened[place].get()))
            }
            try ask(asked)
        } catch {
            fail(error, from: 0)
        }
        for (place, file) in files.enumerated() {
            let result = Result { () throws(VideoError) in
                let size = try opened[place].get().size
                var reader = EncodedAnswer.Reader(
                    dimension: source.dimension,
                    mostClips: ClipCount.inFile(bytes: size, stride: source.clipStride))
                do throws(VideoError) {
                    return try answer(
                        file.path, isCancelled,
                        mostBytes: EncodedAnswer.mostBytes(dimension: source.dimension)
                    ) { reading in
                        // Nobody reads a file any more that was answered.
                        if places.indices.contains(reading.place), places[reading.place] >= place {
                            progress(places[reading.place], reading.share)
                        }
                    } read: {
                        reader.take($0)
                    }
                } catch {
                    if running == nil { fail(error, from: place + 1) }
                    throw error
                }
            }
            deliver(place, result)
        }
    }

    /// Asks for one file, and waits for what is made of it.
    ///
    /// - Parameters:
    ///   - mostBytes: that a message may have behind its header.
    ///   - read: makes out what the worker says, a message at a time.
    func answer<Answer>(
        _ file: RegularFile, _ request: WorkerFileRequest, mostBytes: Int,
        isCancelled: @escaping @Sendable () -> Bool, read: (WorkerMessage) -> Heard<Answer>
    ) throws(VideoError) -> Answer {
        try ask([(request, file)])
        return try answer(file.path, isCancelled, mostBytes: mostBytes, read: read)
    }

    /// Hands files over, in order, to the worker, or where there is none or it is gone, to a new one.
    private func ask(_ files: [(WorkerFileRequest, RegularFile)]) throws(VideoError) {
        guard let path = files.first?.1.path else { return }
        func tell(_ worker: RunningWorker) -> Bool {
            files.allSatisfy { worker.ask($0, $1, slack: source.limits.slack) }
        }
        var worker: RunningWorker
        if let running { worker = running } else { worker = try start(path) }
        if !tell(worker) {
            // It went while it had nothing to do.
            running = nil
            worker = try start(path)
            guard tell(worker) else { throw failure(path, worker.end(patience: Self.lastWords)) }
        }
        running = worker
    }

    /// Seconds in which a process that has closed its output may be on its way out.
    private static let lastWords = 0.1

    /// What the worker says of the next file. It is not listened to beyond the first message that could not stand there.
    private func answer<Answer>(
        _ path: String, _ isCancelled: @escaping @Sendable () -> Bool, mostBytes: Int,
        progress: (WorkerSign.Reading) -> Void = { _ in }, read: (WorkerMessage) -> Heard<Answer>
    ) throws(VideoError) -> Answer {
        guard let worker = running else { preconditionFailure("nobody was asked") }
        var answer: RunningWorker.Answer
        listening: while true {
            answer = worker.next(
                patience: source.limits.patience, mostBytes: mostBytes, isCancelled: isCancelled,
                progress: progress)
            guard case .message(let message) = answer else { break listening }
            switch read(message) {
            case .more: continue
            case .end(let result):
                worker.settle()
                return try result.mapError { $0.error(of: path) }.get()
            case .nonsense: break listening
            }
        }
        running = nil
        var patience = 0.0
        if case .ended = answer { patience = Self.lastWords }
        let ending = worker.end(patience: patience)
        switch answer {
        case .cancelled: throw VideoError(path: path, reason: .cancelled, detail: "cancelled")
        case .silent:
            throw VideoError(
                path: path, reason: .decoderFailed,
                detail: "the decoder hangs: it was silent for \(Int(source.limits.patience)) seconds")
        case .tooLate:
            // Without slack it is the file's own limit; with it the worker should have ended the reading.
            guard source.limits.slack > 0 else { throw Self.tooLong(path) }
            throw VideoError(
                path: path, reason: .decoderFailed,
                detail: "the decoder did not finish within the file's time limit")
        case .ended, .message, .nonsense: throw failure(path, ending)
        }
    }

    private func start(_ path: String) throws(VideoError) -> RunningWorker {
        do throws(WorkerFailure) {
            return try RunningWorker(source.program, source.settings(threads: threads))
        } catch {
            // No matter of the file: it is tried again in the next run.
            throw VideoError(path: path, reason: .decoderUnavailable, detail: error.message)
        }
    }

    private func failure(_ path: String, _ ending: RunningWorker.Ending?) -> VideoError {
        if ending == .signal(SIGXCPU) { return Self.tooLong(path) }
        return VideoError(
            path: path, reason: .decoderFailed,
            detail:
                "the decoder crashed on it (\(ending?.words ?? "it gave no answer")): the file is damaged, "
                + "or needs more than \(source.limits.memory >> 30) GB of memory")
    }

    private static func tooLong(_ path: String) -> VideoError {
        VideoError(path: path, reason: .timeLimit, detail: "the video took too long to read")
    }
}
