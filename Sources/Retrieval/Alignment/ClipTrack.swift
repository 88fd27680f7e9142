import Base
import Distributions
import Glibc

/// A video, or a part of one, as the aligner sees it: its clips in the order of time.
public struct ClipTrack: Sendable, Equatable {
    /// Seconds, by rising start; clips may overlap and may leave gaps.
    public let intervals: [TimeRange]
    /// One a clip.
    public let gaussians: [Gaussian]
    /// How much each clip says, in 0…1 (`ClipInformation`).
    public let weights: [Double]

    /// A track of these clips; all say as much as a clip can where no weights are given.
    public init(intervals: [TimeRange], gaussians: [Gaussian], weights: [Double]? = nil) {
        precondition(!gaussians.isEmpty, "a track has a clip")
        precondition(intervals.count == gaussians.count, "a clip has an interval")
        precondition(weights.map { $0.count == gaussians.count } ?? true, "a clip has a weight")
        precondition(
            zip(intervals, intervals.dropFirst()).allSatisfy { $0.start <= $1.start }, "clips go by time")
        self.intervals = intervals
        self.gaussians = gaussians
        self.weights = weights ?? Array(repeating: 1, count: gaussians.count)
    }

    /// From the first clip's start to where the last one stops.
    public var interval: TimeRange {
        TimeRange(start: intervals[0].start, stop: intervals.reduce(0) { max($0, $1.stop) })
    }

    /// The same clips, saying as much as this.
    public func weighted(_ weights: [Double]) -> ClipTrack {
        ClipTrack(intervals: intervals, gaussians: gaussians, weights: weights)
    }

    /// Every so-many-th clip, from the first on.
    func every(_ step: Int) -> ClipTrack {
        guard step > 1 else { return self }
        let chosen = Array(stride(from: 0, to: gaussians.count, by: step))
        return ClipTrack(
            intervals: chosen.map { intervals[$0] }, gaussians: chosen.map { gaussians[$0] },
            weights: chosen.map { weights[$0] })
    }

    /// Both tracks' clips in the order of time; of two in the same place the first track's.
    public func adding(_ other: ClipTrack) -> ClipTrack {
        let added = other.intervals.indices.filter { i in
            !intervals.contains { abs($0.start - other.intervals[i].start) < 1e-3 }
        }
        let all =
            intervals.indices.map { (intervals[$0], gaussians[$0], weights[$0]) }
            + added.map { (other.intervals[$0], other.gaussians[$0], other.weights[$0]) }
        let sorted = all.sorted { $0.0.start < $1.0.start }
        return ClipTrack(
            intervals: sorted.map(\.0), gaussians: sorted.map(\.1), weights: sorted.map(\.2))
    }

    /// D.
    var dimension: Int { gaussians[0].dimension }

    /// From the first clip's start to the last stop of any clip.
    public var extent: TimeRange {
        TimeRange(start: intervals[0].start, stop: intervals.reduce(-.infinity) { max($0, $1.stop) })
    }
}

/// When clips are, and what a run of them stands for.
struct ClipTimes: Sendable {
    /// The middle of each clip, seconds, rising.
    let middles: [Double]
    /// How much time each clip alone stands for, in lengths of a clip: clips that overlap share theirs.
    let shares: [Double]
    let extent: TimeRange
    /// The typical length of a clip, seconds.
    let length: Double
    private let starts: [Double]
    private let stops: [Double]

    init(_ intervals: [TimeRange]) {
        starts = intervals.map(\.start)
        stops = intervals.map(\.stop)
        middles = intervals.map { ($0.start + $0.stop) / 2 }
        let lengths = intervals.map(\.duration).sorted()
        let length = max(lengths[lengths.count / 2], 1e-3)
        self.length = length
        extent = TimeRange(start: starts[0], stop: stops.max() ?? starts[0])
        let middles = middles
        shares = middles.indices.map { i in
            let before = i == 0 ? length : min(length, middles[i] - middles[i - 1])
            let after = i == middles.count - 1 ? length : min(length, middles[i + 1] - middles[i])
            return (before + after) / 2 / length
        }
    }

    /// The time that clips first…last stand for. Where the clip beyond an end isn't part of the run, the border
    /// lies between the middles of the two: a clip belongs to what most of it shows.
    func interval(_ first: Int, _ last: Int) -> TimeRange {
        func border(_ inner: Int, _ outer: Int, _ own: Double) -> Double {
            guard middles.indices.contains(outer), abs(middles[outer] - middles[inner]) < 1.5 * length else {
                return own
            }
            return (middles[outer] + middles[inner]) / 2
        }
        return TimeRange(
            start: border(first, first - 1, starts[first]), stop: border(last, last + 1, stops[last]))
    }
}
