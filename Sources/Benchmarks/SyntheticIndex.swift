import Base
import Distributions
import Indexing
import Library
import SharedIndexing
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
        do throws(IndexError) {
            let index = try VideoIndex.open(writingTo: folder, model: model, durability: .process)
            defer { index.close() }
            guard try index.counts() == IndexCounts(ready: 0, failed: 0, clips: 0) else {
                throw IndexError(
                    reason: .failed, path: folder, message: "the folder holds an index already",
                    hint: "name a new folder")
            }
            try draw(
                videos: count, clips: clips, seed: seed, copyEvery: copyEvery, dimension: model.dimension,
                in: index.folder, isCancelled
            ) { (videos) throws(IndexError) in _ = try index.store(videos) }
            _ = try index.moments()
            if let made = try? encoder.makeSession(threads: 1).emptyClips() { index.store(emptyClips: made) }
        } catch {
            throw LibraryError(error)
        }
    }

    /// The same in a shared index, below a folder `/synthetic`.
    public static func make(
        in address: PostgresAddress, encoder: VideoEncoder, videos count: Int, clips: Int, seed: UInt64,
        copyEvery: Int? = nil, isCancelled: () -> Bool = { false }
    ) throws(LibraryError) {
        do throws(IndexError) {
            let index = try SharedIndex.open(
                writingTo: PostgresClient(address), model: encoder.indexModel)
            defer { index.close() }
            try draw(
                videos: count, clips: clips, seed: seed, copyEvery: copyEvery,
                dimension: index.model.dimension, in: "", isCancelled
            ) { (videos) throws(IndexError) in _ = try index.store(videos) }
        } catch {
            throw LibraryError(error)
        }
    }

    /// Draws videos and hands them over, many at a time.
    private static func draw(
        videos count: Int, clips: Int, seed: UInt64, copyEvery: Int?, dimension: Int, in folder: String,
        _ isCancelled: () -> Bool, store: ([NewVideo]) throws(IndexError) -> Void
    ) throws(IndexError) {
        var generator = SeededGenerator(seed: seed)
        let synthetic = SyntheticVideos(dimension: dimension, generator: &generator)
        var last: (mixture: GaussianMixture, signatures: [ClipSignature])?
        for first in stride(from: 0, to: count, by: batch) {
            if isCancelled() { throw IndexError(reason: .failed, path: folder, message: "interrupted") }
            let some = first..<min(first + batch, count)
            try store(
                some.map { number in
                    let isCopy = copyEvery.map { number % $0 == $0 - 1 } ?? false
                    let mixture =
                        if isCopy, let last { synthetic.draw(near: last.mixture, generator: &generator) } else
                        {
                            synthetic.draw(clips: clips, generator: &generator)
                        }
                    let signatures =
                        if isCopy, let last, last.signatures.count == mixture.components.count {
                            last.signatures
                        } else {
                            mixture.components.map { _ in signature(&generator) }
                        }
                    last = (mixture, signatures)
                    return video(number, mixture, signatures, in: folder, &generator)
                })
        }
    }

    /// Of a clip in which every cell changes at random.
    private static func signature(_ generator: inout SeededGenerator) -> ClipSignature {
        var bytes: [UInt8] = []
        for value in [Float(0.25), 64] {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
        while bytes.count < ClipSignature.byteCount {
            withUnsafeBytes(of: generator.next().littleEndian) { bytes.append(contentsOf: $0) }
        }
        guard let signature = ClipSignature(bytes: bytes) else {
            preconditionFailure("it has the size and the head of one")
        }
        return signature
    }

    private static func video(
        _ number: Int, _ mixture: GaussianMixture, _ signatures: [ClipSignature], in folder: String,
        _ generator: inout SeededGenerator
    ) -> NewVideo {
        let clips = mixture.components.count
        let digits = String(number + 1)
        let name = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        let fingerprint = String(generator.next(), radix: 16)
        let intervals = (0..<clips).map { (clip: Int) in
            TimeRange(start: Double(2 * clip), stop: Double(2 * clip + 2))
        }
        return NewVideo(
            identity: FileIdentity(
                path: "\(folder)/synthetic/\(name).mp4",
                fingerprint: String(repeating: "0", count: 64 - fingerprint.count) + fingerprint,
                size: 1_000_000 + Int64(number), modified: 1_700_000_000_000_000_000),
            facts: StreamFacts(
                container: "mov,mp4", codec: "h264", width: 640, height: 360, duration: Double(2 * clips),
                frameRate: 25),
            intervals: intervals,
            mixture: mixture, signatures: signatures)
    }
}
