import Distributions
import Glibc
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

/// Decides by their clips whether two videos are duplicates: whether nearly all that the shorter one says is in the other,
/// however changed, or at least half of it, all but unchanged.
///
/// What the shorter one says and the other doesn't show counts as clips as far apart as clips can be that correspond, and so does
/// one clip for every segment: chance makes many short ones out of two videos that have nothing to do with each other. The
/// mean over all of it of log(1 + d), as a distance, is what a limit is set to. At most half may be missing all the
/// same, since shared intros, title cards and endings make no duplicates; half of what it says and not of its time, since
/// black and empty pictures are in everything (`ClipInformation`).
struct PairAlignment: Sendable {
    /// Clips lie as much farther apart than whole videos that are as likely to be copies, since means even out. Measured by
    /// `tools/groups` with the default model: with clips up to 47 apart where wholes are up to 24.
    static let clipScale = 2.0
    /// As far apart, in the same unit, are clips that correspond at most: 83 where wholes are up to 24, as in searches.
    private static let farthestClip = 3.5
    /// Larger than where parts are searched for: the limit is on all segments together.
    private static let largestShare = 0.75
    /// The least share of the shorter video.
    private static let leastShare = 0.5
    /// An excerpt is all of the shorter video, within this, and no more than this of the longer one.
    private static let excerptShare = 0.8

    private let aligner: Aligner
    /// Of the mean distance over what the shorter one says.
    private let limit: Double

    /// - Parameter maximumDistance: on the scale of whole videos.
    init(maximumDistance: Double) {
        limit = maximumDistance * Self.clipScale
        aligner = Aligner(
            AlignmentOptions(
                maximumClipDistance: max(maximumDistance * Self.farthestClip, 1e-6), minimumEvidence: 1e-9,
                largestShare: Self.largestShare))
    }

    /// Nil where the two are no duplicates.
    ///
    /// - Parameters:
    ///   - first, second: their clips' weights are those of what speaks for a match.
    ///   - information: what all of the first and all of the second says; more than the weights add up to where clips that
    ///     others share speak for no match.
    func evidence(
        _ first: ClipTrack, _ second: ClipTrack, information: (first: Double, second: Double)
    ) -> PairEvidence? {
        let isFirstShorter = first.extent.duration <= second.extent.duration
        let (shorter, longer) = isFirstShorter ? (first, second) : (second, first)
        let total = isFirstShorter ? information.first : information.second
        guard total > 0 else { return nil }
        let segments = aligner.segments(query: shorter, target: longer)
        let shared = segments.reduce(0) { $0 + $1.information }
        guard shared >= Self.leastShare * total, meanDistance(segments, shared, of: total) <= limit
        else { return nil }
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

    /// Over all that the shorter video says, and a clip for every segment.
    private func meanDistance(_ segments: [AlignedSegment], _ shared: Double, of total: Double) -> Double {
        let near = segments.reduce(0) { $0 + $1.information * log1p($1.distance) }
        let missing = max(0, total - shared) + Double(segments.count)
        let far = missing * log1p(aligner.options.maximumClipDistance)
        return expm1((near + far) / (shared + missing))
    }
}

extension ClipTrack {
    /// How many clips that say all they can the track is worth.
    var information: Double {
        zip(weights, ClipTimes(intervals).shares).reduce(0) { $0 + $1.0 * $1.1 }
    }
}
