import Distributions
import Indexing
import Retrieval
import VideoDecoding
import VideoEncoding

/// Makes an index of videos that do not exist, for measurements.
public enum SyntheticIndex {
    /// Videos of one transaction.
    private static let batch = 1000

    /// Makes a whole index in an empty or new folder, its moments file included; the same for the same seed.
    ///
    /// - Parameters:
    ///   - encoder: the model that the index is said to be of.
    ///   - clips: of each video.
    ///   - copyEvery: each so-many-th video is nearly the one before it; nil for no copies.
    /// - Throws: `index_failed` where the folder holds an index already; else as opening and storing.
    public static func make(
        folder: String, encoder: VideoEncoder, videos count: Int, clips: Int, seed: UInt64,
        copyEvery: Int? = nil, isCancelled: () -> Bool = { false }
    ) throws(LibraryError) {
        let model = encoder.indexModel
        var generator = SeededGenerator(seed: seed)
        let synthetic = SyntheticVideos(dimension: model.dimension, generator: &generator)
        do throws(IndexError) {
            let index = try VideoIndex.open(writingTo: folder, model: model, durability: .process)
            defer { index.close() }
            guard try index.counts() == IndexCounts(ready: 0, failed: 0, clips: 0) else {
                throw IndexError(
                    reason: .failed, path: folder, message: "the folder holds an index already",
                    hint: "name a new folder")
            }
            var last: GaussianMixture?
            for first in stride(from: 0, to: count, by: batch) {
                if isCancelled() { throw IndexError(reason: .failed, path: folder, message: "interrupted") }
                let some = first..<min(first + batch, count)
                _ = try index.store(
                    some.map { number in
                        let isCopy = copyEvery.map { number % $0 == $0 - 1 } ?? false
                        let mixture =
                            if isCopy, let last { synthetic.draw(near: last, generator: &generator) } else {
                                synthetic.draw(clips: clips, generator: &generator)
                            }
                        last = mixture
                        return video(number, mixture, in: index.folder, &generator)
                    })
            }
            _ = try index.moments()
            if let made = try? encoder.makeSession(threads: 1).emptyClips() { index.store(emptyClips: made) }
        } catch {
            throw LibraryError(error)
        }
    }

    private static func video(
        _ number: Int, _ mixture: GaussianMixture, in folder: String, _ generator: inout SeededGenerator
    ) -> NewVideo {
        let clips = mixture.components.count
        let digits = String(number + 1)
        let name = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        let fingerprint = String(generator.next(), radix: 16)
        return NewVideo(
            identity: FileIdentity(
                path: "\(folder)/synthetic/\(name).mp4",
                fingerprint: String(repeating: "0", count: 64 - fingerprint.count) + fingerprint,
                size: 1_000_000 + Int64(number), modified: 1_700_000_000_000_000_000),
            facts: StreamFacts(
                container: "mov,mp4", codec: "h264", width: 640, height: 360, duration: Double(2 * clips),
                frameRate: 25),
            intervals: (0..<clips).map { TimeRange(start: Double(2 * $0), stop: Double(2 * $0 + 2)) },
            mixture: mixture)
    }
}
