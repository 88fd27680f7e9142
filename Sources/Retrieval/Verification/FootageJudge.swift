import Base
import Distributions
import Indexing

/// Says how probably two videos share footage, by their distance and by what looking at them said.
public struct FootageJudge: Sendable {
    private let score: @Sendable (Double, Verification) -> Double
    private let threshold: Double
    private let lowest: Double?
    private let farthestCandidate: Double

    /// - Parameters:
    ///   - farthestCandidate: the largest distance of whole videos at which it is worth looking whether they share footage.
    ///   - threshold: the score from which on two videos are said to share footage.
    ///   - lowest: the lowest score that is wanted at all; nil for any.
    ///   - score: in 0…1, of a distance on the scale of whole videos.
    public init(
        threshold: Double, lowest: Double? = nil, farthestCandidate: Double = 0,
        score: @escaping @Sendable (Double, Verification) -> Double
    ) {
        self.threshold = threshold
        self.lowest = lowest
        self.farthestCandidate = farthestCandidate
        self.score = score
    }

    /// For a model without scores: no pair counts as shared footage.
    public static let distanceAlone = FootageJudge(threshold: 1) { _, _ in 0 }

    /// Whether the two share footage.
    func shares(_ distance: Double, _ verification: Verification) -> Bool {
        score(distance, verification) >= threshold
    }

    /// Whether looking closer may say that the two share footage.
    func maySay(_ distance: Double, _ verification: Verification) -> Bool {
        verification.agreement != nil && score(distance, verification) >= threshold / 2
    }

    /// Whether two videos are so near that it is worth looking whether they share footage.
    func isCandidate(_ distance: Double) -> Bool { distance <= farthestCandidate }

    /// Whether the pair is wanted.
    func admits(_ distance: Double, _ verification: Verification) -> Bool {
        lowest.map { score(distance, verification) >= $0 } ?? true
    }
}

extension VideoIndex {
    /// What a video of the index looks like; nil where that is not kept, or the video is another by now.
    func pictures(of video: IndexedVideo) throws(IndexError) -> PictureTrack? {
        let stored = try mixtureIfThere(ofVideo: video.id, fingerprint: video.identity.fingerprint)
        return try stored.flatMap { (stored) throws(IndexError) in
            try pictures(of: video, intervals: stored.intervals)
        }
    }

    /// The same where the intervals of the video's clips were read before.
    func pictures(of video: IndexedVideo, intervals: [TimeRange]) throws(IndexError) -> PictureTrack? {
        var pictures = PictureTrack(
            intervals: intervals,
            signatures: try signatures(ofVideo: video.id, fingerprint: video.identity.fingerprint))
        pictures?.shape = video.facts.shape
        return pictures
    }
}

extension Verifier {
    /// Segments that are looked at.
    private static let mostSegments = 2

    /// Looks at the first segments, leaves in each what was found, and gives the best.
    /// - Parameter isNear: looks at the whole query where there is no segment, and leaves one where it agrees.
    func verify(
        _ segments: inout [AlignedSegment], _ query: PictureTrack, _ target: PictureTrack, isNear: Bool
    ) -> Verification {
        if segments.isEmpty {
            guard isNear, let found = agreement(query, target, along: .whole(query, target)) else {
                return .nothingCorresponds
            }
            return .agreement(found)
        }
        var best: Agreement?
        for place in segments.indices.prefix(Self.mostSegments) {
            segments[place].agreement = agreement(query, target, along: segments[place])
            if let found = segments[place].agreement, found.change > best?.change ?? -2 { best = found }
            if best?.change ?? 0 >= Self.clear { break }
        }
        return best.map { .agreement($0) } ?? .nothingCorresponds
    }

    /// Segments of a pair of duplicates that are looked at.
    private static let mostSegmentsOfPair = 4

    /// The segments that hold the most, those first, with what looking at them said; others are left out.
    ///
    /// - Parameter maySay: whether looking closer may say that a segment is shared.
    func lookedAt(
        _ segments: [AlignedSegment], _ query: PictureTrack, _ target: PictureTrack,
        maySay: (AlignedSegment, Agreement) -> Bool
    ) -> [AlignedSegment] {
        segments.sorted { $0.information > $1.information }.prefix(Self.mostSegmentsOfPair).compactMap {
            segment in
            var segment = segment
            guard var found = agreement(query, target, along: segment) else { return nil }
            if maySay(segment, found) { found = fromBothSides(found, query, target, along: segment) }
            segment.agreement = found
            return segment
        }
    }
}

extension AlignedSegment {
    /// All of two videos, from the start on, at the same speed.
    static func whole(_ query: PictureTrack, _ target: PictureTrack) -> AlignedSegment {
        AlignedSegment(
            query: query.extent, target: target.extent, distance: 0, partDistance: 0, speed: 1, evidence: 0,
            information: 0)
    }
}
