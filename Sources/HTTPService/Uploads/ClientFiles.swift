import Base
import Isolation
import Library
import VideoDecoding
import VideoEncoding

/// Encodes files that clients send or name, each in a worker process of its own; the calling thread waits.
struct ClientFiles: Sendable {
    private let workers: WorkerPool
    private let seconds: Double
    private let threads: Int

    init(_ options: HTTPOptions) {
        let limits = options.limits
        (seconds, threads) = (limits.workerSeconds, max(1, options.processors))
        let source = IsolatedSource(
            program: options.worker, modelFolder: options.modelFolder,
            limits: .clients(
                memory: limits.workerMemory, seconds: seconds, processors: threads,
                longest: limits.videoSeconds))
        workers = WorkerPool(source, mostIdle: 0)
    }

    /// Encodes an open file, or a part of it.
    ///
    /// - Parameters:
    ///   - stream: the number of the stream to read; nil for the file's main one.
    ///   - wanted: how it is to be encoded.
    ///   - start: since when its time runs.
    /// - Throws: what the worker says of the file; `time_limit` where it was ended for the time it took,
    ///   `decoder_failed` where it ended without an answer, as it does at a limit of memory, or by a crash.
    func encode(
        _ file: OpenFile, by encoder: VideoEncoder, _ range: TimeRange?, stream: Int?,
        _ wanted: EncodedQuery.Wanted, since start: ContinuousClock.Instant,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(LibraryError) -> [EncodedVideo] {
        try Self.explaining { () throws(VideoError) in
            try workers.encode(
                path: "/proc/self/fd/\(file.descriptor)", by: encoder, range: range, stream: stream,
                stride: wanted.stride, views: wanted.views, findsPanels: wanted.findsPanels,
                timeLimit: max(0, seconds - (ContinuousClock.now - start).seconds), threads: threads,
                isCancelled: isCancelled)
        }
    }

    /// The streams of pictures in an open file.
    func streams(
        _ file: OpenFile, isCancelled: @escaping @Sendable () -> Bool
    ) throws(LibraryError) -> [VideoStream] {
        try Self.explaining { () throws(VideoError) in
            try workers.streams(path: "/proc/self/fd/\(file.descriptor)", isCancelled: isCancelled)
        }
    }

    private static func explaining<R>(_ body: () throws(VideoError) -> R) throws(LibraryError) -> R {
        do throws(VideoError) {
            return try body()
        } catch {
            if error.reason == .cancelled { throw .cancelled }
            throw LibraryError(
                .video, reason: error.reason.rawValue, message: error.detail, hint: hint(error.reason))
        }
    }

    /// What to do about it, which is not for a worker to say.
    private static func hint(_ reason: VideoError.Reason) -> String? {
        switch reason {
        case .tooLong:
            "choose a part of it, or index it first; mixtape serve --max-seconds S allows longer videos"
        case .timeLimit: "search for a part of it, or a smaller copy"
        case .decoderFailed: "see what FFmpeg reports: ffmpeg -i FILE -f null -"
        default: nil
        }
    }
}
