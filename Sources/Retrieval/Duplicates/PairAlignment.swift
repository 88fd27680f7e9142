import Base
import Distributions
import Glibc
import Indexing

/// How two videos correspond, clip by clip.
struct PairEvidence: Sendable, Equatable {
    /// How far apart corresponding clips lie, on the scale of whole videos' distances.
    var distance: Double
    /// The part of the longer video that the shorter one is an excerpt of; nil if it is not an excerpt.
    var interval: TimeRange?
    /// Whether the shorter one is the first of the two.
    var isFirstShorter: Bool
    /// What looking at the corresponding parts said.
    var verification = Verification.unavailable
    /// How much of the shorter one was found in the other, 0…1: of its time or of what it says, whichever is more.
    var shown = 0.0
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
    /// `tools/measure/groups` with the default model: with clips up to 47 apart where wholes are up to 24.
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
    private let judge: FootageJudge?
    /// Of the mean distance over what the shorter one says.
    private let limit: Double

    /// - Parameters:
    ///   - maximumDistance: on the scale of whole videos.
    ///   - judge: of what is seen; nil for distances alone.
    init(maximumDistance: Double, judge: FootageJudge? = nil) {
        self.judge = judge
        limit = maximumDistance * Self.clipScale
        aligner = Aligner(
            AlignmentOptions(
                maximumClipDistance: max(maximumDistance * Self.farthestClip, 1e-6), minimumEvidence: 1e-9,
                largestShare: Self.largestShare))
    }

    /// Two videos that may be duplicates by their clips, and what was seen of it.
    struct Candidate: Sendable {
        /// How far apart their corresponding clips lie, on the scale of whole videos' distances, whatever was seen of them.
        let distance: Double
        fileprivate var segments: [AlignedSegment]
        fileprivate var isFirstShorter: Bool
        /// What all of the shorter one says.
        fileprivate var total: Double
        fileprivate var shorter: TimeRange
        fileprivate var longerDuration: Double

        /// Whether anything is left that corresponds.
        var corresponds: Bool { !segments.isEmpty }

        /// The agreement of the segment that holds the most; nil where pictures were not compared.
        var agreement: Agreement? { segments.first?.agreement }
    }

    /// Nil where the two are no duplicates by their clips. Where there is a judge, and the two cannot be looked at or don't
    /// correspond by what is seen, the candidate has no evidence.
    ///
    /// - Parameters:
    ///   - first, second: the weights of their clips are for evidence of a match.
    ///   - information: what all of the first and all of the second says; more than the weights add up to where clips that
    ///     others share are no evidence for a match.
    ///   - pictures: what the first (true) or the second (false) looks like; asked for where there is a judge.
    func candidate(
        _ first: ClipTrack, _ second: ClipTrack, information: (first: Double, second: Double),
        pictures: (Bool) throws(IndexError) -> PictureTrack? = { _ in nil }
    ) throws(IndexError) -> Candidate? {
        let isFirstShorter = first.extent.duration <= second.extent.duration
        let (shorter, longer) = isFirstShorter ? (first, second) : (second, first)
        let total = isFirstShorter ? information.first : information.second
        guard total > 0 else { return nil }
        var segments = aligner.segments(query: shorter, target: longer)
        guard isEnough(segments, of: total) else { return nil }
        let distance = Self.distance(segments)
        if let judge {
            if let own = try pictures(isFirstShorter), let other = try pictures(!isFirstShorter) {
                segments = Verifier().lookedAt(segments, own, other) {
                    judge.maySay($0.distance / Self.clipScale, .agreement($1))
                }
            } else {
                segments = []
            }
            if !isEnough(segments, of: total) { segments = [] }
        }
        return Candidate(
            distance: distance, segments: segments, isFirstShorter: isFirstShorter, total: total,
            shorter: shorter.extent, longerDuration: longer.extent.duration)
    }

    /// Nil where the two are no duplicates: what was looked at and does not agree is not shared.
    ///
    /// - Parameter common: how far either video agrees with others.
    func evidence(_ candidate: Candidate, common: Agreement.Common = Agreement.Common()) -> PairEvidence? {
        var segments = candidate.segments
        if let judge {
            for place in segments.indices { segments[place].agreement?.common = common }
            segments.removeAll { segment in
                guard let agreement = segment.agreement else { return true }
                return !judge.shares(segment.distance / Self.clipScale, .agreement(agreement))
            }
            guard isEnough(segments, of: candidate.total) else { return nil }
        }
        let shared = segments.reduce(0) { $0 + $1.information }
        var interval: TimeRange?
        if let place = segments.place(of: candidate.shorter),
            shared >= Self.excerptShare * candidate.total,
            place.duration <= Self.excerptShare * candidate.longerDuration
        {
            interval = place
        }
        return PairEvidence(
            distance: Self.distance(segments), interval: interval, isFirstShorter: candidate.isFirstShorter,
            verification: segments.first?.agreement.map { .agreement($0) } ?? .unavailable,
            shown: min(
                1,
                max(
                    shared / candidate.total,
                    segments.seconds / max(candidate.shorter.duration, .leastNormalMagnitude))))
    }

    /// The mean over all that they hold, on the scale of whole videos' distances.
    private static func distance(_ segments: [AlignedSegment]) -> Double {
        let shared = segments.reduce(0) { $0 + $1.information }
        return segments.reduce(0) { $0 + $1.information * $1.distance } / shared / clipScale
    }

    /// Whether segments are enough of what the shorter video says.
    private func isEnough(_ segments: [AlignedSegment], of total: Double) -> Bool {
        let shared = segments.reduce(0) { $0 + $1.information }
        return shared > 0 && shared >= Self.leastShare * total
            && meanDistance(segments, shared, of: total) <= limit
    }

    /// Over all that the shorter video says, and a clip for every segment.
    private func meanDistance(_ segments: [AlignedSegment], _ shared: Double, of total: Double) -> Double {
        let near = segments.reduce(0) { $0 + $1.information * log1p($1.distance) }
        let missing = max(0, total - shared) + Double(segments.count)
        let far = missing * log1p(aligner.options.maximumClipDistance)
        return expm1((near + far) / (shared + missing))
    }
}

extension [AlignedSegment] {
    /// Of the query, in one of them or more.
    fileprivate var seconds: Double {
        var (covered, end) = (0.0, -Double.infinity)
        for part in map(\.query).sorted(by: { $0.start < $1.start }) where part.stop > end {
            covered += part.stop - Swift.max(part.start, end)
            end = part.stop
        }
        return covered
    }

    /// Where in the longer video the shorter one lies: the segment that holds the most, with those that go on where it ends or
    /// end where it begins. Others are repetitions, and so is what all of the shorter one would not reach, played as that
    /// segment is: the place is a clip longer at most.
    ///
    /// - Parameter shorter: all of the shorter video, which is the segments' query.
    package func place(of shorter: TimeRange) -> TimeRange? {
        guard let main = self.max(by: { $0.information < $1.information }) else { return nil }
        // Seconds by which segments of one line may lie beside it.
        let oneClip = 2.0
        func target(_ query: Double) -> Double { main.target.start + main.speed * (query - main.query.start) }
        let sameLine = filter { abs($0.target.start - target($0.query.start)) <= oneClip }
        let start = sameLine.map(\.target.start).min() ?? main.target.start
        let stop = sameLine.map(\.target.stop).max() ?? main.target.stop
        return TimeRange(
            start: Swift.max(start, Swift.min(main.target.start, target(shorter.start) - oneClip / 2)),
            stop: Swift.min(stop, Swift.max(main.target.stop, target(shorter.stop) + oneClip / 2)))
    }
}

extension ClipTrack {
    /// How many clips that say all they can the track is worth.
    var information: Double {
        zip(weights, ClipTimes(intervals).shares).reduce(0) { $0 + $1.0 * $1.1 }
    }
}
