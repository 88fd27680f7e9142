import Base
import Distributions

/// Holds what two videos look like against each other, where an alignment says that they correspond.
///
/// 1. Pictures of the query within the segment are laid over those of the target at the corresponding times.
/// 2. From several starts (as they are, mirrored, enlarged, reduced, where coarse pictures change alike, bars left
///    out) the best few are tuned: time, place, size and speed in ever smaller steps, as long as pictures and changes agree better.
/// 3. Under the best warp the changes over time are correlated, and the detail of the mean pictures, each as a share of what is
///    attainable: what is seen larger or between two moments agrees by less though it is the same.
public struct Verifier: Sendable {
    /// Pictures of a segment that are compared, spread evenly over it.
    private static let mostPictures = 24
    /// With fewer, changes mean nothing.
    private static let fewestPictures = 3
    /// Enlargements of the query that a search begins with, beside its own size.
    private static let zooms = [0.8, 1.25]
    /// Starts that are enlarged and reduced, and those that are tuned.
    private static let zoomedStarts = 5
    private static let tunedStarts = 2
    /// Where not even the best start agrees as well as this, none is tuned.
    private static let leastStart = 0.1
    /// Where the changes at a start agree less than this after the first round of tuning, it is given up.
    private static let leastTuned = 0.45
    /// From such an agreement of the changes on no further start is tuned.
    static let clear = 0.9
    /// The first steps of the tuning, in the order of `PictureWarp.Number`.
    private static let steps = [0.125, 0.1, 0.1, 0.1, 0.1, 0.06]
    private static let halvings = 4

    /// A verifier.
    public init() {}

    /// Nil where too few pictures correspond.
    public func agreement(
        _ query: PictureTrack, _ target: PictureTrack, along segment: AlignedSegment
    ) -> Agreement? {
        let chosen = Self.pictures(of: query, in: segment.query)
        guard chosen.count >= Self.fewestPictures else { return nil }
        let comparison = PictureComparison(query, target, chosen: chosen)
        let time = segment.target.start + segment.speed * (comparison.middle - segment.query.start)
        let coarse = max(1, chosen.count / 10)
        var starts: [(goal: Double, score: PictureScore, warp: PictureWarp)] = []
        func consider(_ warp: PictureWarp) {
            guard let score = comparison.score(warp, step: coarse) else { return }
            starts.append((score.goal, score, warp))
        }
        let places =
            [(time: time, speed: segment.speed)]
            + PictureOffsets.best(query, target, along: segment, chosen: chosen).map {
                (time: $0.offset + $0.speed * comparison.middle, speed: $0.speed)
            }
        for boxes in Self.boxes(query, target) {
            for isMirrored in [false, true] {
                for place in places {
                    consider(
                        Self.start(
                            boxes.query, boxes.target, time: place.time, speed: place.speed,
                            isMirrored: isMirrored))
                }
            }
        }
        for (scaleX, scaleY) in Self.cuts(query, target) {
            for isMirrored in [false, true] {
                for place in places {
                    consider(
                        PictureWarp(
                            time: place.time, speed: place.speed, scaleX: scaleX, shiftX: 0, scaleY: scaleY,
                            shiftY: 0, isMirrored: isMirrored, cut: scaleX / scaleY))
                }
            }
        }
        starts.sort { $0.goal > $1.goal }
        for start in starts.prefix(Self.zoomedStarts) {
            for zoom in Self.zooms { consider(start.warp.enlarged(by: zoom, about: target.content)) }
        }
        starts.sort { $0.goal > $1.goal }
        guard let first = starts.first else { return nil }
        var best: (score: PictureScore, warp: PictureWarp) = (first.score, first.warp)
        if first.goal >= Self.leastStart {
            var found: [(score: PictureScore, warp: PictureWarp)] = []
            for start in Self.apart(starts.map(\.warp)).prefix(Self.tunedStarts) {
                if let tuned = Self.tuned(start, comparison) { found.append(tuned) }
                if found.last?.score.change ?? 0 >= Self.clear { break }
            }
            if let tuned = found.max(by: { $0.score.goal < $1.score.goal }) { best = tuned }
        }
        return Agreement(
            change: Self.share(best.score.change, of: comparison.attainableChange(best.warp)),
            steps: comparison.steps(best.warp),
            detail: DetailComparison(query, target, segment, best.warp).map {
                Self.share($0.correlation, of: $0.attainable)
            } ?? 0,
            motion: best.score.motion.squareRoot(), pictures: best.score.count, speed: best.warp.speed)
    }

    /// Where less than this is attainable, a correlation says no more than it would there.
    private static let leastAttainable = 0.5

    /// A correlation as a share of what it would be for the same footage, −1…1.
    private static func share(_ correlation: Double, of attainable: Double) -> Double {
        min(max(correlation / max(attainable, leastAttainable), -1), 1)
    }

    /// Those that do not begin where an earlier one does: they would be tuned to the same place.
    private static func apart(_ warps: [PictureWarp]) -> [PictureWarp] {
        var kept: [PictureWarp] = []
        for warp in warps
        where kept.allSatisfy({
            $0.isMirrored != warp.isMirrored || abs($0.time - warp.time) > 0.3
                || abs($0.speed / warp.speed - 1) > 0.05
                || abs($0.scaleX / warp.scaleX - 1) > 0.4
        }) { kept.append(warp) }
        return kept
    }

    /// Places of the query's pictures in a range: all, or as many at even distances.
    private static func pictures(of query: PictureTrack, in range: TimeRange) -> [Int] {
        let inside = query.times.indices.filter {
            query.times[$0] >= range.start && query.times[$0] < range.stop
        }
        guard inside.count > mostPictures else { return inside }
        return (0..<mostPictures).map { inside[$0 * inside.count / mostPictures] }
    }

    /// What of the query may lie on what of the target: what is within bars, and all, since a plain background looks like bars.
    private static func boxes(_ query: PictureTrack, _ target: PictureTrack)
        -> [(query: PictureBox, target: PictureBox)]
    {
        let own = query.content == .whole ? [PictureBox.whole] : [query.content, .whole]
        let others = target.content == .whole ? [PictureBox.whole] : [target.content, .whole]
        return own.flatMap { own in others.map { (own, $0) } }
    }

    /// Where one picture has another shape than the other: the scales by which the query is the middle of the target, as high or as wide,
    /// and the target that of the query.
    private static func cuts(_ query: PictureTrack, _ target: PictureTrack) -> [(Double, Double)] {
        guard let own = query.shape, let other = target.shape, !(0.8...1.25).contains(own / other) else {
            return []
        }
        return [(own / other, 1), (1, other / own)]
    }

    /// A part of the query on a part of the target.
    private static func start(
        _ query: PictureBox, _ target: PictureBox, time: Double, speed: Double, isMirrored: Bool
    ) -> PictureWarp {
        let scaleX = target.halfWidth / query.halfWidth
        let scaleY = target.halfHeight / query.halfHeight
        return PictureWarp(
            time: time, speed: speed, scaleX: scaleX,
            shiftX: target.x - scaleX * (isMirrored ? -query.x : query.x),
            scaleY: scaleY, shiftY: target.y - scaleY * query.y, isMirrored: isMirrored)
    }

    /// The best warp near a start, by trying each number a step up and down.
    private static func tuned(
        _ start: PictureWarp, _ comparison: PictureComparison
    ) -> (score: PictureScore, warp: PictureWarp)? {
        var best = (score: PictureScore?.none, warp: start)
        for halving in 0..<halvings {
            let size = 1 / Double(1 << halving)
            // Large steps are judged by every other picture.
            let thinned = halving < halvings / 2 ? 2 : 1
            best.score = comparison.score(best.warp, step: thinned)
            guard best.score != nil else { return nil }
            if halving == halvings / 2 { shift(&best, comparison) }
            for (number, step) in zip(PictureWarp.Number.allCases, steps) {
                for direction in [1.0, -1] {
                    var hasMoved = false
                    while true {
                        let warp = best.warp.moved(number, by: direction * step * size)
                        guard let score = comparison.score(warp, step: thinned),
                            score.goal > (best.score?.goal ?? .infinity) + 1e-6
                        else { break }
                        best = (score, warp)
                        hasMoved = true
                    }
                    if hasMoved { break }
                }
            }
            if halving == 0, let score = best.score, score.motion > 1, score.change < leastTuned { break }
        }
        return comparison.score(best.warp).map { ($0, best.warp) }
    }
}

extension Verifier {
    /// Seconds by which a place may be beside the right one without a slope that leads there: pictures that change at once, as
    /// slides do, agree or don't.
    private static let jumps = [-0.375, -0.25, -0.125, 0.125, 0.25, 0.375]

    private static func shift(
        _ best: inout (score: PictureScore?, warp: PictureWarp), _ comparison: PictureComparison
    ) {
        let start = best.warp
        for jump in jumps {
            var warp = start
            warp.time += jump
            if let score = comparison.score(warp), score.goal > best.score?.goal ?? .infinity {
                best = (score, warp)
            }
        }
    }
}
