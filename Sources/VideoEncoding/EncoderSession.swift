import Base
import Distributions
import Synchronization
import VideoDecoding

/// Runs the network; owned by one thread at a time.
///
/// Every clip runs on one thread, through the same kernels; several threads take several clips. A clip's Gaussian depends
/// on nothing but the clip: not on the batch it came in, the thread count or timing. A few clips run together
/// where that is faster (`InferenceProgram.favouredBatch`) and as many are there; layers spread over threads
/// would wait for the slowest thread some twenty times a clip, which beside a busy decoder costs more than it gains.
/// A clip that comes alone leaves the other threads nothing else to do: its layers are spread, with the same result.
public final class EncoderSession {
    /// The model.
    public let encoder: VideoEncoder
    /// Clips at work at once.
    public let threads: Int
    private let lanes: [EncodingLane]
    /// For clips that come alone: one whose layers are spread over all threads; made for the first of them.
    private var wideLane: EncodingLane?

    init(encoder: VideoEncoder, threads: Int) throws(ModelError) {
        self.encoder = encoder
        self.threads = max(1, threads)
        var lanes: [EncodingLane] = []
        for _ in 0..<self.threads { lanes.append(try EncodingLane(encoder: encoder, threads: 1)) }
        self.lanes = lanes
    }

    private func laneForLoneClip() throws(ModelError) -> EncodingLane {
        if threads == 1 { return lanes[0] }
        if let wideLane { return wideLane }
        let lane = try EncodingLane(encoder: encoder, threads: threads)
        wideLane = lane
        return lane
    }

    /// One Gaussian per clip, in order; any number of clips.
    ///
    /// Mean and log variance are rounded to float16, as the index stores them. Throws where the network gives
    /// values that are not finite, or where the engine fails.
    public func encode(_ clips: [Clip]) throws(ModelError) -> [Gaussian] {
        if clips.count == 1 { return [try laneForLoneClip().encodeWithFeature(clips[0]).gaussian] }
        return try drain(ClipQueue(clips: clips), clipCount: clips.count).map(\.gaussian)
    }

    /// Reads and encodes a file, or a range of it.
    ///
    /// - Parameters:
    ///   - stream: the number of the stream to read; nil for the file's main one.
    ///   - stride: seconds from the start of one clip to the next; nil for the model's.
    ///   - admitsPictures: whether a still picture is a video of one frame.
    ///   - overlapped: whether decoding has a thread of its own beside the encoding ones. False where several
    ///     sessions share the processor and each should use one thread.
    ///   - findsPanels: whether the video's panels are wanted.
    ///   - progress: gets the share of the video's running time that was read, 0 to 1, with each clip, where the video says how
    ///     long it is; on the thread that decodes.
    public func encode(
        path: String, range: TimeRange? = nil, stream: Int? = nil, stride: Double? = nil,
        admitsPictures: Bool = false, timeLimit: Double = 600, decoderThreads: Int = 1,
        overlapped: Bool = true, findsPanels: Bool = false,
        isCancelled: @escaping @Sendable () -> Bool = { false },
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) throws(VideoError) -> EncodedVideo {
        var options = readingOptions(
            FileToEncode(
                path: path, timeLimit: timeLimit, decoderThreads: decoderThreads, stream: stream),
            isCancelled)
        options.range = range
        options.admitsPictures = admitsPictures
        options.plan.clipStride = stride ?? options.plan.clipStride
        if overlapped || findsPanels {
            return try encodeOverlapped(
                path: path, options: options, findsPanels: findsPanels, progress)[0]
        }
        var result: Result<EncodedVideo, VideoError>?
        var sequence = FileSequence([(path, options)], lane: lanes[0]) { progress($1) }
        sequence.run { result = $1 }
        guard let result else { preconditionFailure("a file was read without a result") }
        return try result.get()
    }

    /// Reads a file, or a range of it, once, and encodes it as it looks in each of several views.
    ///
    /// - Parameters:
    ///   - views: at least one.
    ///   - stride: seconds from the start of one clip to the next; nil for the model's.
    /// - Returns: a video per view, in order.
    public func encode(
        path: String, views: [PictureView], range: TimeRange? = nil, stream: Int? = nil,
        stride: Double? = nil, timeLimit: Double = 600, decoderThreads: Int = 1,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(VideoError) -> [EncodedVideo] {
        var options = readingOptions(
            FileToEncode(path: path, timeLimit: timeLimit, decoderThreads: decoderThreads, stream: stream),
            isCancelled)
        options.range = range
        options.views = views
        options.plan.clipStride = stride ?? options.plan.clipStride
        return try encodeOverlapped(path: path, options: options) { _ in }
    }

    /// Reads and encodes files; gives each one's result, in order, as soon as it is there.
    ///
    /// With one thread, decoding and encoding take turns, and short files' clips run together. A file's result is the same in
    /// any company.
    ///
    /// - Parameters:
    ///   - progress: gets a file's place in `files` and the share of its running time that was read, 0 to 1, with each clip,
    ///     where the file says how long it is; on the thread that decodes.
    ///   - deliver: gets the file's place in `files`.
    public func encode(
        _ files: [FileToEncode], isCancelled: @escaping @Sendable () -> Bool = { false },
        progress: @escaping @Sendable (Int, Double) -> Void = { _, _ in },
        deliver: (Int, Result<EncodedVideo, VideoError>) -> Void
    ) {
        if threads == 1 {
            let read = files.map { ($0.path, readingOptions($0, isCancelled)) }
            var sequence = FileSequence(read, lane: lanes[0], progress: progress)
            sequence.run(deliver)
            return
        }
        for (place, file) in files.enumerated() {
            let result = Result { () throws(VideoError) in
                try encode(
                    path: file.path, stream: file.stream, timeLimit: file.timeLimit,
                    decoderThreads: file.decoderThreads,
                    isCancelled: isCancelled, progress: { progress(place, $0) })
            }
            deliver(place, result)
        }
    }

    private func readingOptions(
        _ file: FileToEncode, _ isCancelled: @escaping @Sendable () -> Bool
    ) -> ReadingOptions {
        ReadingOptions(
            plan: encoder.configuration.plan, geometry: encoder.configuration.geometry, range: nil,
            stream: file.stream, timeLimit: file.timeLimit, timeLimitGrowth: 1, threads: file.decoderThreads,
            isCancelled: isCancelled)
    }

    static func video(
        _ path: String, _ facts: StreamFacts?, _ clips: [EncodedClip], panels: [PictureRegion] = []
    ) throws(VideoError) -> EncodedVideo {
        guard let facts, !clips.isEmpty else {
            throw VideoError(path: path, reason: .noFrames, detail: "the video has no frames")
        }
        var video = EncodedVideo(
            facts: facts, intervals: clips.map(\.interval),
            mixture: GaussianMixture(components: clips.map(\.gaussian)), signatures: clips.map(\.signature))
        video.panels = panels
        return video
    }

    static func failure(_ error: ModelError, _ path: String) -> VideoError {
        VideoError(path: path, reason: .encodingFailed, detail: "cannot be encoded: \(error.message)")
    }

    /// What a thread read that decodes beside those that encode.
    private struct WhatWasRead {
        var facts: StreamFacts
        var order = ClipOrder()
        var panels: [PictureRegion] = []
    }

    /// A video per view.
    private func encodeOverlapped(
        path: String, options: ReadingOptions, findsPanels: Bool = false,
        _ progress: @escaping @Sendable (Double) -> Void
    ) throws(VideoError) -> [EncodedVideo] {
        // Two clips, or batches of them, ahead of each lane: enough to bridge an uneven decoder, little enough to be small.
        let queue = ClipQueue(capacity: 2 * threads * lanes[0].favouredBatch)
        let outcome = Mutex<Result<WhatWasRead, VideoError>?>(nil)
        let (views, frameBytes) = (options.views.count, options.geometry.frameBytes)
        return try withoutActuallyEscaping(
            { @Sendable in
                let result = Result<WhatWasRead, VideoError> { () throws(VideoError) in
                    let reader = try ClipReader(path: path, options: options)
                    if views == 1, Self.isOneClip(reader.facts, options) { queue.expectOneClip() }
                    var read = WhatWasRead(facts: reader.facts)
                    var finder = findsPanels ? PanelFinder(options.geometry) : nil
                    while let clip = try reader.next() {
                        if let share = reader.facts.share(before: clip.interval.stop) { progress(share) }
                        guard read.order.mustEncode(clip) else { continue }
                        finder?.add(clip)
                        guard clip.views(views, frameBytes: frameBytes).allSatisfy(queue.push) else { break }
                    }
                    read.facts = reader.facts
                    read.panels = finder?.panels() ?? []
                    return read
                }
                outcome.withLock { $0 = result }
                if case .failure = result { queue.abandon() } else { queue.finish() }
            },
            do: { (decode) throws(VideoError) in
                let thread = JoinedThread(decode)
                let drained = Result<[EncodedClip], ModelError> { () throws(ModelError) in
                    try drain(queue, clipCount: nil)
                }
                thread.join()
                guard let read = try outcome.withLock({ $0 })?.get() else {
                    preconditionFailure("the decoder left no result")
                }
                let results: [EncodedClip]
                do throws(ModelError) {
                    results = try drained.get()
                } catch {
                    throw Self.failure(error, path)
                }
                return try (0..<views).map { (view) throws(VideoError) in
                    let own = Swift.stride(from: view, to: results.count, by: views).map { results[$0] }
                    return try Self.video(path, read.facts, read.order.all(own), panels: read.panels)
                }
            })
    }

    /// Whether a video is so short, by what its file says, that no second clip will come.
    private static func isOneClip(_ facts: StreamFacts, _ options: ReadingOptions) -> Bool {
        guard let duration = facts.duration else { return false }
        let plan = options.plan
        let read = options.range.map { min($0.stop, duration) - $0.start } ?? duration
        return read < plan.clipStride + min(plan.clipStride, plan.clipDuration) / 2
    }

    /// Lets every lane take clips until the queue ends; the results are in the order of the clips.
    private func drain(_ queue: ClipQueue, clipCount: Int?) throws(ModelError) -> [EncodedClip] {
        if clipCount == nil, threads > 1, queue.waitForFirst() == .alone {
            return try drainLone(queue)
        }
        let work = LaneWork(lanes: lanes, queue: queue)
        let helpers = (1..<max(1, min(threads, clipCount ?? threads))).map { lane in
            JoinedThread { work.run(lane) }
        }
        work.run(0)
        for helper in helpers { helper.join() }
        return try work.results()
    }

    /// The same, clip after clip, where one clip was expected.
    private func drainLone(_ queue: ClipQueue) throws(ModelError) -> [EncodedClip] {
        var results: [EncodedClip] = []
        while let clip = queue.pop()?.clips.first {
            do throws(ModelError) {
                let gaussian = try laneForLoneClip().encodeWithFeature(clip).gaussian
                results.append(EncodedClip(clip, gaussian, encoder.configuration))
            } catch {
                queue.abandon()
                throw error
            }
        }
        return results
    }

    /// The lanes at work on one queue. Unchecked: each lane is used by the one thread of its number.
    private final class LaneWork: @unchecked Sendable {
        private let lanes: [EncodingLane]
        private let queue: ClipQueue
        private let state = Mutex<(done: [(index: Int, clip: EncodedClip)], failure: ModelError?)>(([], nil))

        init(lanes: [EncodingLane], queue: ClipQueue) {
            self.lanes = lanes
            self.queue = queue
        }

        func run(_ lane: Int) {
            let batch = lanes[lane].favouredBatch
            while let (first, clips) = queue.pop(batch: batch, takers: lanes.count) {
                do throws(ModelError) {
                    let encoded = try lanes[lane].encodeWithSignatures(clips)
                    let results = encoded.enumerated().map { (first + $0, $1) }
                    state.withLock { $0.done += results }
                } catch {
                    state.withLock { $0.failure = $0.failure ?? error }
                    queue.abandon()
                }
            }
        }

        func results() throws(ModelError) -> [EncodedClip] {
            let (done, failure) = state.withLock { $0 }
            if let failure { throw failure }
            return done.sorted { $0.index < $1.index }.map(\.clip)
        }
    }
}
