import Base
import Synchronization
import VideoDecoding
import VideoEncoding

/// Worker processes that stay for the next question: what a service, or a search, reads of a file that is not in the index, or
/// what a training or a measurement decodes.
/// A file that crashes its decoder, hangs it or exhausts its memory fails by name; whoever asked goes on.
package final class WorkerPool: Sendable {
    private let source: IsolatedSource
    /// Workers that have nothing to do, the one that was asked last at the end.
    private let idle = Mutex<[Idle]>([])
    /// More than so many are ended when they are done: each that has encoded holds the model.
    private let mostIdle: Int

    /// A worker belongs to one thread at a time; the pool sees to it by taking it out of its list.
    private struct Idle: @unchecked Sendable {
        let worker: IsolatedWorker
        let threads: Int
    }

    /// Starts nothing yet.
    ///
    /// - Parameter mostIdle: worker processes that are kept; with 0 each has one file.
    package init(_ source: IsolatedSource, mostIdle: Int) {
        self.source = source
        self.mostIdle = mostIdle
    }

    /// Reads and encodes a file, or a part of it; of a still picture, a clip in which nothing moves.
    ///
    /// - Parameters:
    ///   - encoder: the model, which the worker loads for itself.
    ///   - stream: the number of the stream to read; nil for the file's main one.
    ///   - stride: seconds from the start of one clip to the next; nil for the model's.
    ///   - views: how its pictures are looked at.
    ///   - findsPanels: whether its panels are wanted.
    ///   - timeLimit: seconds after which the file is given up.
    /// - Returns: a video per view.
    package func encode(
        path: String, by encoder: VideoEncoder, range: TimeRange?, stream: Int? = nil, stride: Double?,
        views: [PictureView] = [.plain], findsPanels: Bool = false, timeLimit: Double = 600, threads: Int,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(VideoError) -> [EncodedVideo] {
        let longest = source.limits.longest
        let request = WorkerFileRequest(
            task: .encode(
                .init(
                    range: range, stride: stride, longest: longest, admitsPictures: true, views: views,
                    findsPanels: findsPanels)),
            stream: stream, timeLimit: timeLimit,
            decoderThreads: threads, fingerprint: encoder.fingerprint)
        let file = try RegularFile(path: path)
        let configuration = encoder.configuration
        let (dimension, stride) = (configuration.dimension, stride ?? configuration.plan.clipStride)
        // The end of a video that is not too long lies within its last clip.
        let mostClips =
            longest.map { ClipCount.inVideo(seconds: $0 + 4, stride: stride) }
            ?? ClipCount.inFile(bytes: file.size, stride: stride)
        var reader = EncodedAnswer.ViewsReader(
            dimension: dimension, mostClips: mostClips, count: views.count)
        return try withWorker(threads: threads) { (worker) throws(VideoError) in
            try worker.answer(
                file, request,
                mostBytes: EncodedAnswer.mostBytes(dimension: dimension), isCancelled: isCancelled
            ) {
                reader.take($0)
            }
        }
    }

    /// A still picture of a file.
    package func thumbnail(
        path: String, at time: Double, options: Thumbnail.Options
    ) throws(VideoError) -> Thumbnail {
        let request = WorkerFileRequest(
            task: .picture(time: time, width: options.width), stream: options.stream,
            timeLimit: options.timeLimit, decoderThreads: 1)
        let file = try RegularFile(path: path)
        return try withWorker(threads: 1) { (worker) throws(VideoError) in
            try worker.answer(
                file, request, mostBytes: PictureAnswer.mostBytes(width: options.width),
                isCancelled: options.isCancelled
            ) {
                PictureAnswer.read($0, width: options.width)
            }
        }
    }

    /// The streams of pictures in a file.
    package func streams(
        path: String, isCancelled: @escaping @Sendable () -> Bool
    ) throws(VideoError) -> [VideoStream] {
        let request = WorkerFileRequest(task: .streams, timeLimit: 60, decoderThreads: 1)
        let file = try RegularFile(path: path)
        return try withWorker(threads: 1) { (worker) throws(VideoError) in
            try worker.answer(
                file, request,
                mostBytes: StreamAnswer.mostBytes, isCancelled: isCancelled, read: StreamAnswer.read)
        }
    }

    /// Lends a worker, its process started or not, for as long as `body` runs.
    func withWorker<R>(
        threads: Int, _ body: (IsolatedWorker) throws(VideoError) -> R
    ) throws(VideoError) -> R {
        let kept = idle.withLock { idle -> Idle? in
            idle.lastIndex { $0.threads == threads }.map { idle.remove(at: $0) }
        }
        let lent = kept ?? Idle(worker: IsolatedWorker(source: source, threads: threads), threads: threads)
        defer {
            // What goes out of the list, and with it its process, does so outside of the lock.
            let surplus = idle.withLock { idle -> Idle? in
                idle.append(lent)
                return idle.count > mostIdle ? idle.removeFirst() : nil
            }
            _ = surplus
        }
        return try body(lent.worker)
    }
}
