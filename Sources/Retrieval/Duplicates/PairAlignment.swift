import Distributions
import VideoDecoding

/// How two videos correspond, clip by clip.
struct PairEvidence: Sendable, Equatable {
    /// How far apart corresponding clips lie, on the scale of whole videos' distances.
    var distance: Double
    /// The part of the longer one that the shorter one is an excerpt of; nil where it is none.
    var interval: TimeRange?
    /// Whether the shorter one is the first of the two.
    var isFirstShorter: Bool
}

/// Decides by their clips whether two videos are duplicates: whether what they share is at least half of what the shorter
/// one says.
///
/// Half, since shared intros, title cards and endings make no duplicates; of what it says and not of its time, since black
/// and empty pictures are in everything (`ClipInformation`).
struct PairAlignment: Sendable {
    /// Clips lie as much farther apart than whole videos that are as likely to be copies, since means even out. Measured by
    /// `tools/groups` with the default model: with clips up to 126 apart where wholes are up to 35.
    static let clipScale = 3.56
    /// Larger than where parts are searched for: a match must be made of segments that are half of a video.
    private static let largestShare = 0.75
    /// The least share of the shorter video.
    private static let leastShare = 0.5
    /// An excerpt is all of the shorter video, within this, and no more than this of the longer one.
    private static let excerptShare = 0.8

    private let aligner: Aligner

    /// - Parameter maximumDistance: on the scale of whole videos.
    init(maximumDistance: Double) {
        aligner = Aligner(
            AlignmentOptions(
                maximumClipDistance: max(maximumDistance * Self.clipScale, 1e-6), minimumEvidence: 1e-9,
                largestShare: Self.largestShare))
    }

    /// Nil where the two are no duplicates.
    func evidence(_ first: ClipTrack, _ second: ClipTrack) -> PairEvidence? {
        let isFirstShorter = first.extent.duration <= second.extent.duration
        let (shorter, longer) = isFirstShorter ? (first, second) : (second, first)
        let total = shorter.information
        guard total > 0 else { return nil }
        let segments = aligner.segments(query: shorter, target: longer)
        let shared = segments.reduce(0) { $0 + $1.information }
        guard shared >= Self.leastShare * total else { return nil }
        let distance = segments.reduce(0) { $0 + $1.information * $1.distance } / shared
        var interval: TimeRange?
        let target = segments.map(\.target)
        if let start = target.map(\.start).min(), let stop = target.map(\.stop).max(),
            shared >= Self.excerptShare * total,
            stop - start <= Self.excerptShare * longer.extent.duration
        {
            interval = TimeRange(start: start, stop: stop)
        }
        return PairEvidence(
            distance: distance / Self.clipScale, interval: interval, isFirstShorter: isFirstShorter)
    }
}

extension ClipTrack {
    /// How many clips that say all they can the track is worth.
    var information: Double {
        zip(weights, ClipTimes(intervals).shares).reduce(0) { $0 + $1.0 * $1.1 }
    }
}
