import Base
import Ingestion
import VideoEncoding

/// A worker process of one thread, of a run or of a service; the process is started for the first file, and anew after one
/// that it did not survive.
final class IsolatedWorker: VideoWorker {
    private let source: IsolatedSource
    private let threads: Int
    private var running: RunningWorker?

    init(source: IsolatedSource, threads: Int) {
        self.source = source
        self.threads = threads
    }

    func encode(
        path: String, timeLimit: Double, decoderThreads: Int, isCancelled: @escaping @Sendable () -> Bool
    ) throws(VideoError) -> EncodedVideo {
        var result: Result<EncodedVideo, VideoError>?
        let file = FileToEncode(path: path, timeLimit: timeLimit, decoderThreads: decoderThreads)
        encode([file], isCancelled: isCancelled) { result = $1 }
        guard let result else { preconditionFailure("a file was read without a result") }
        return try result.get()
    }

    /// Files that come together are asked for at once: the worker answers them in order. Those that it has not answered when
    /// it dies may all have been its death.
    func encode(
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
                var lines = EncodedLines.Reader(
                    dimension: source.dimension,
                    mostClips: ClipCount.inFile(bytes: size, stride: source.clipStride))
                do throws(VideoError) {
                    return try answer(
                        file.path, isCancelled, task: .encodeWhole, dimension: source.dimension
                    ) { reading in
                        // Nobody reads a file any more that was answered.
                        if places.indices.contains(reading.place), places[reading.place] >= place {
                            progress(places[reading.place], reading.share)
                        }
                    } read: {
                        lines.take($0)
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
    ///   - dimension: of the Gaussians that the worker may hand over.
    ///   - take: takes clips that stand before the answer; false is none that could stand there.
    ///   - read: makes out what the worker says, a line at a time.
    func answer<Answer>(
        _ file: RegularFile, _ request: WorkerFileRequest, dimension: Int = 0,
        isCancelled: @escaping @Sendable () -> Bool,
        take: (WorkerOutput.Block) -> Bool = { _ in false }, read: ([UInt8]) -> Heard<Answer>
    ) throws(VideoError) -> Answer {
        try ask([(request, file)])
        return try answer(
            file.path, isCancelled, task: request.task, dimension: dimension, take: take, read: read)
    }

    /// Hands files over, in order, to the worker, or where there is none or it is gone, to a new one.
    private func ask(_ files: [(WorkerFileRequest, RegularFile)]) throws(VideoError) {
        guard let path = files.first?.1.path else { return }
        func tell(_ worker: RunningWorker) -> Bool {
            files.allSatisfy { worker.ask($0, $1, slack: source.patience) }
        }
        var worker: RunningWorker
        if let running { worker = running } else { worker = try start(path) }
        if !tell(worker) {
            // It went while it had nothing to do.
            running = nil
            worker = try start(path)
            guard tell(worker) else { throw failure(path, worker.end()) }
        }
        running = worker
    }

    /// What the worker says of the next file. It is not listened to beyond the first line, or clip, that could not stand there.
    private func answer<Answer>(
        _ path: String, _ isCancelled: @escaping @Sendable () -> Bool, task: WorkerFileRequest.Task,
        dimension: Int, progress: (WorkerSign.Reading) -> Void = { _ in },
        take: (WorkerOutput.Block) -> Bool = { _ in false }, read: ([UInt8]) -> Heard<Answer>
    ) throws(VideoError) -> Answer {
        guard let worker = running else { preconditionFailure("nobody was asked") }
        var answer: RunningWorker.Answer
        listening: while true {
            answer = worker.next(
                patience: source.patience, task: task, dimension: dimension, isCancelled: isCancelled,
                progress: progress)
            switch answer {
            case .block(let block):
                guard take(block) else { break listening }
            case .line(let line):
                switch read(line) {
                case .more: continue
                case .end(.success(let result)):
                    worker.settle()
                    return result
                case .end(.failure(let error)):
                    worker.settle()
                    // The model is no matter of the file: it is tried again in the next run.
                    let reason =
                        ["model_unusable", EncodingWorker.otherModel].contains(error.reason)
                        ? .readFailed : VideoError.Reason(rawValue: error.reason) ?? .decoderFailed
                    throw VideoError(path: path, reason: reason, detail: error.message)
                case .nonsense: break listening
                }
            default: break listening
            }
        }
        running = nil
        let ending = worker.end()
        switch answer {
        case .cancelled: throw VideoError(path: path, reason: .cancelled, detail: "cancelled")
        case .silent:
            throw VideoError(
                path: path, reason: .decoderFailed,
                detail: "the decoder hangs: it was silent for \(Int(source.patience)) seconds")
        case .tooLate:
            throw VideoError(
                path: path, reason: .decoderFailed,
                detail: "the decoder did not finish within the file's time limit")
        case .ended, .line, .block, .tooMuch: throw failure(path, ending)
        }
    }

    private func start(_ path: String) throws(VideoError) -> RunningWorker {
        do throws(LibraryError) {
            return try RunningWorker(
                executable: source.executable, arguments: source.arguments(threads: threads))
        } catch {
            // No matter of the file: it is tried again in the next run.
            throw VideoError(path: path, reason: .readFailed, detail: error.message)
        }
    }

    private func failure(_ path: String, _ ending: String?) -> VideoError {
        VideoError(
            path: path, reason: .decoderFailed,
            detail: "the decoder crashed on it (\(ending ?? "it gave no answer")): the file is damaged, "
                + "or needs more than \(source.memory >> 30) GB of memory")
    }
}
