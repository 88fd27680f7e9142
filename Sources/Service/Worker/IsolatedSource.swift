import Glibc
import Indexing
import Ingestion
import VideoDecoding
import VideoEncoding

/// Encodes files in worker processes, which may crash, hang or run out of memory without harm to the run.
package struct IsolatedSource: VideoSource {
    /// The program that has the worker's command.
    let executable: String
    let modelFolder: String
    /// D of the model, which the workers' answers must have.
    let dimension: Int
    /// Bytes of address space of a worker.
    let memory: UInt64
    /// Seconds without a sign of life, which is asked for every second, after which a decoder is taken to hang; and seconds
    /// beyond a file's time limit after which it is given up, whatever signs there are.
    let patience: Double

    package init(
        executable: String, modelFolder: String, dimension: Int, memory: UInt64 = 4 << 30,
        patience: Double = 120
    ) {
        self.executable = executable
        self.modelFolder = modelFolder
        self.dimension = dimension
        self.memory = memory
        self.patience = patience
    }

    package func fingerprint(path: String) throws(VideoError) -> String {
        try ContentFingerprint.of(path: path)
    }

    package func makeWorker(threads: Int) throws(IndexError) -> any VideoWorker {
        IsolatedWorker(source: self, threads: threads)
    }

    /// The command line that `WorkerCommand` of the program reads.
    func arguments(threads: Int) -> [String] {
        [
            "mixtape", "worker", "--many", "--model", modelFolder,
            "--memory", "\(memory)", "--threads", "\(threads)",
        ]
    }
}

/// A worker process of one thread of a run; the process is started for the first file, and anew after one that it did
/// not survive.
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
            var asked: [(FileToEncode, RegularFile)] = []
            for place in places { asked.append((files[place], try opened[place].get())) }
            try ask(asked)
        } catch {
            fail(error, from: 0)
        }
        for (place, file) in files.enumerated() {
            let result = Result { () throws(VideoError) in
                _ = try opened[place].get()
                do throws(VideoError) {
                    return try answer(file.path, isCancelled)
                } catch {
                    if running == nil { fail(error, from: place + 1) }
                    throw error
                }
            }
            deliver(place, result)
        }
    }

    /// Hands files over, in order, to the worker, or where there is none or it is gone, to a new one.
    private func ask(_ files: [(FileToEncode, RegularFile)]) throws(VideoError) {
        guard let first = files.first else { return }
        func tell(_ worker: RunningWorker) -> Bool {
            files.enumerated().allSatisfy { number, one in
                worker.ask(
                    WorkerFileRequest(
                        timeLimit: one.0.timeLimit, decoderThreads: one.0.decoderThreads,
                        hasNext: number + 1 < files.count), one.1, slack: source.patience)
            }
        }
        var worker: RunningWorker
        if let running { worker = running } else { worker = try start(first.0.path) }
        if !tell(worker) {
            // It went while it had nothing to do.
            running = nil
            worker = try start(first.0.path)
            guard tell(worker) else { throw failure(first.0.path, worker.end()) }
        }
        running = worker
    }

    /// What the worker says of the next file.
    private func answer(
        _ path: String, _ isCancelled: @escaping @Sendable () -> Bool
    ) throws(VideoError) -> EncodedVideo {
        guard let worker = running else { preconditionFailure("nobody was asked") }
        let answer = worker.answer(patience: source.patience, isCancelled: isCancelled)
        if case .lines(let bytes) = answer,
            let outcome = EncodedLines.read(bytes, dimension: source.dimension)
        {
            switch outcome {
            case .success(let video): return video
            case .failure(let error):
                let reason = VideoError.Reason(rawValue: error.reason) ?? .decoderFailed
                throw VideoError(path: path, reason: reason, detail: error.message)
            }
        }
        running = nil
        let ending = worker.end()
        switch answer {
        case .cancelled: throw VideoError(path: path, reason: .cancelled, detail: "cancelled")
        case .silent:
            throw VideoError(
                path: path, reason: .decoderFailed,
                detail: "the decoder hangs: it gave no sign of life for \(Int(source.patience)) seconds")
        case .tooLate:
            throw VideoError(
                path: path, reason: .decoderFailed,
                detail: "the decoder came to no end in the time that the file has")
        case .ended, .lines, .tooMuch: throw failure(path, ending)
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
            detail: "the decoder did not survive it (\(ending ?? "it gave no answer")): the file is damaged, "
                + "or needs more than \(source.memory >> 30) GB of memory")
    }
}
