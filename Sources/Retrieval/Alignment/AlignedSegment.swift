import Base
import Distributions

/// Parts of two videos that correspond.
public struct AlignedSegment: Sendable, Equatable {
    /// Of the query, in seconds.
    public var query: TimeRange
    /// Of the target, in seconds.
    public var target: TimeRange
    /// Bhattacharyya distance between corresponding clips: the mean over the segment of log(1 + d), as a distance, clips
    /// counting by what they say.
    public var distance: Double
    /// The distance at which two whole videos share footage as probably as the segments' (`AlignmentOptions`).
    public var partDistance: Double
    /// Seconds of the target that pass in a second of the query.
    public var speed: Double
    /// Σ weight · log((1 + D)/(1 + d)) over the segment's clips, D being the farthest that clips can lie apart and
    /// still correspond: the evidence for the segment. Grows with its length and its closeness.
    public var evidence: Double
    /// Σ of the weights: how many fully telling clips the segment is worth.
    public var information: Double
    /// How far what is seen agrees; nil where that was not looked at.
    public var agreement: Agreement?

    /// By how much the target's time is ahead of the query's where the segment starts, in seconds.
    public var offset: Double { target.start - query.start }

    /// A segment of these parts.
    public init(
        query: TimeRange, target: TimeRange, distance: Double, partDistance: Double, speed: Double,
        evidence: Double, information: Double
    ) {
        self.query = query
        self.target = target
        self.distance = distance
        self.partDistance = partDistance
        self.speed = speed
        self.evidence = evidence
        self.information = information
    }

    /// The same, with query and target in each other's place.
    public var reversed: AlignedSegment {
        AlignedSegment(
            query: target, target: query, distance: distance, partDistance: partDistance, speed: 1 / speed,
            evidence: evidence, information: information)
    }

    /// Best first: by evidence, then by place.
    static func precedes(_ a: AlignedSegment, _ b: AlignedSegment) -> Bool {
        (-a.evidence, a.target.start, a.query.start) < (-b.evidence, b.target.start, b.query.start)
    }
}

extension TimeRange {
    /// Seconds that both hold.
    func overlap(_ other: TimeRange) -> Double {
        max(0, min(stop, other.stop) - max(start, other.start))
    }
}
