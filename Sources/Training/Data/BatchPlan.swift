internal import Dispatch

import Base

/// Which clips make a step, and how they are drawn: a function of the step alone, whatever thread asks and
/// whatever was asked before.
public struct BatchPlan: Sendable {
    /// Everything to train on.
    public let videos: [CachedVideo]
    /// B, views and N of a batch, after B was reduced to the videos there are.
    public let layout: MixtureLayout
    /// T.
    public let frames: Int
    /// Pixels.
    public let height: Int
    /// Pixels.
    public let width: Int
    private let sampler: BatchSampler
    private let sampling: TemporalSampling
    private let augmentation: Augmentation
    private let clipInterval: Double
    private let seed: UInt64

    /// - Parameters:
    ///   - clipInterval: seconds from one frame of a clip to the next.
    ///   - folder: named in errors.
    public init(
        videos: [CachedVideo], configuration: TrainingConfiguration, frames: Int, height: Int, width: Int,
        clipInterval: Double, folder: String = "the folder", skipped: Int = 0
    ) throws(TrainingError) {
        if videos.isEmpty { throw .noVideos(folder: folder, skipped: skipped) }
        if videos.count == 1 { throw .oneVideo(path: videos[0].path) }
        let batch = configuration.batch
        self.videos = videos
        self.layout = MixtureLayout(
            videos: min(batch.videos, videos.count), views: configuration.objective.views, clips: batch.clips)
        self.frames = frames
        self.height = height
        self.width = width
        self.clipInterval = clipInterval
        sampling = configuration.sampling
        augmentation = configuration.augmentation
        seed = configuration.seed
        sampler = BatchSampler(
            isStill: videos.map(\.isStill), batchSize: layout.videos, stillShare: batch.stillShare, seed: seed
        )
    }

    /// Bytes of one clip.
    public var clipBytes: Int { frames * height * width * 3 }
    /// Bytes of a batch.
    public var batchBytes: Int { layout.rows * clipBytes }
    /// A checksum over the videos' contents, in their order.
    public var dataFingerprint: String {
        String(FNVChecksum.of(videos.map(\.fingerprint).joined(separator: " ")), radix: 16)
    }

    /// Indices of a step's videos.
    public func videos(step: Int) -> [Int] { sampler.videos(step: step) }

    /// Draws a step's clips, rows in the layout's order, [rows, T, height, width, 3].
    public func fill(step: Int, into batch: UnsafeMutableBufferPointer<UInt8>, threads: Int) {
        precondition(batch.count == batchBytes)
        let chosen = videos(step: step)
        let parts = max(1, min(threads, layout.rows))
        let output = Rows(base: batch.baseAddress, size: clipBytes)
        DispatchQueue.concurrentPerform(iterations: parts) { part in
            let renderer = ClipRenderer(width: width, height: height)
            for row in stride(from: part, to: layout.rows, by: parts) {
                draw(row: row, step: step, chosen: chosen, renderer: renderer, into: output.row(row))
            }
        }
    }

    private func draw(
        row: Int, step: Int, chosen: [Int], renderer: ClipRenderer, into output: UnsafeMutablePointer<UInt8>
    ) {
        let (mixture, clip) = row.quotientAndRemainder(dividingBy: layout.clips)
        let (view, place) = mixture.quotientAndRemainder(dividingBy: layout.videos)
        let number = chosen[place]
        let video = videos[number]
        let key = RandomKey.mix(
            seed, .time, UInt64(step), UInt64(number), UInt64(view * layout.clips + clip))
        let indices = sampling.frameIndices(
            frameCount: video.frameCount, frames: frames, step: clipInterval / video.interval, clip: clip,
            clips: layout.clips, key: key)
        renderer.draw(video, indices: indices, augmentation: augmentation, key: key, into: output)
    }

    /// Rows of a batch, each written by one thread only.
    private struct Rows: @unchecked Sendable {
        let base: UnsafeMutablePointer<UInt8>?
        let size: Int

        func row(_ index: Int) -> UnsafeMutablePointer<UInt8> {
            guard let base else { preconditionFailure("a batch has an address") }
            return base + index * size
        }
    }
}
