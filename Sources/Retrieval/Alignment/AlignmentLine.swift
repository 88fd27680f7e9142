import Base
import Glibc

/// A way in which the times of a query and a target may correspond: target = offset + speed · query.
struct AlignmentLine: Sendable, Equatable {
    var offset: Double
    var speed: Double

    func target(at query: Double) -> Double { offset + speed * query }

    /// The line of another speed that agrees with this one at a time of the query.
    func turned(to speed: Double, at query: Double) -> AlignmentLine {
        AlignmentLine(offset: target(at: query) - speed * query, speed: speed)
    }
}

/// The part of a line with the most evidence.
struct LineRun: Sendable {
    var line: AlignmentLine
    /// Clips of the query, both ends included.
    var first: Int
    var last: Int
    /// The evidence for it, less the cost of its speed.
    var evidence: Double
    /// As a segment's.
    var distance: Double
    var information: Double
}

/// The evidence that two tracks correspond along lines.
struct LineEvidence: Sendable {
    let distances: ClipDistances
    let query: ClipTimes
    let target: ClipTimes
    let queryWeights: [Double]
    let targetWeights: [Double]
    let options: AlignmentOptions

    /// The contiguous run of the query's clips with the most evidence along a line, in one pass: a sum that has fallen
    /// to 0 is better started again (Bentley 1984). Nil if there is evidence for none.
    func bestRun(_ line: AlignmentLine) -> LineRun? {
        var best: (first: Int, last: Int, sum: Double)?
        var first = 0
        var sum = 0.0
        var place = 0
        for i in query.middles.indices {
            guard let value = value(i, line, &place) else {
                sum = 0
                continue
            }
            if sum <= 0 {
                sum = 0
                first = i
            }
            sum += value.weight * options.evidence(value.distance)
            if sum > best?.sum ?? 0 { best = (first, i, sum) }
        }
        guard let best else { return nil }
        return run(line, best.first, best.last, best.sum)
    }

    private func run(_ line: AlignmentLine, _ first: Int, _ last: Int, _ sum: Double) -> LineRun {
        var distance = 0.0
        var information = 0.0
        var place = 0
        for i in first...last {
            guard let value = value(i, line, &place), value.weight > 0 else { continue }
            distance += value.weight * log1p(min(value.distance, 1e12))
            information += value.weight
        }
        return LineRun(
            line: line, first: first, last: last,
            evidence: sum - options.speedCost * abs(log2(line.speed)),
            distance: information > 0 ? expm1(distance / information) : .infinity, information: information)
    }

    /// The distance of a clip of the query to what the target shows at its time, and how much it counts; nil where the
    /// target shows nothing. `place` is where the former clip was found.
    private func value(
        _ i: Int, _ line: AlignmentLine, _ place: inout Int
    ) -> (distance: Double, weight: Double)? {
        let time = line.target(at: query.middles[i])
        let middles = target.middles
        let reach = target.length / 2
        while place + 1 < middles.count, middles[place + 1] <= time { place += 1 }
        let (j, share): (Int, Double)
        // Of a clip that reaches out of the target, what lies inside counts.
        var inside = 1.0
        if time <= middles[0] || place + 1 == middles.count {
            guard time >= target.extent.start - 0.25 * reach, time <= target.extent.stop + 0.25 * reach else {
                return nil
            }
            (j, share) = (time <= middles[0] ? 0 : place, 0)
            inside = 1 - min(1, abs(time - middles[j]) / target.length)
        } else {
            let gap = middles[place + 1] - middles[place]
            if gap > 3 * reach {
                // Clips with a gap between them; each stands for itself.
                if time - middles[place] <= reach {
                    (j, share) = (place, 0)
                } else if middles[place + 1] - time <= reach {
                    (j, share) = (place + 1, 0)
                } else {
                    return nil
                }
            } else {
                (j, share) = (place, gap > 0 ? (time - middles[place]) / gap : 0)
            }
        }
        let next = min(j + 1, targetWeights.count - 1)
        let weight = min(queryWeights[i], (1 - share) * targetWeights[j] + share * targetWeights[next])
        return (distances.between(i, j, share), weight * inside * query.shares[i])
    }

    /// The run as times of both videos; nil where nothing is left of it inside the target.
    func segment(_ run: LineRun) -> AlignedSegment? {
        var inQuery = query.interval(run.first, run.last)
        var inTarget = TimeRange(
            start: run.line.target(at: inQuery.start), stop: run.line.target(at: inQuery.stop))
        // What would lie before the target's start or behind its stop corresponds to nothing.
        let early = max(0, target.extent.start - inTarget.start)
        let late = max(0, inTarget.stop - target.extent.stop)
        inTarget = TimeRange(start: inTarget.start + early, stop: inTarget.stop - late)
        inQuery = TimeRange(
            start: inQuery.start + early / run.line.speed, stop: inQuery.stop - late / run.line.speed)
        guard inTarget.duration > 0, inQuery.duration > 0 else { return nil }
        return AlignedSegment(
            query: inQuery, target: inTarget, distance: run.distance,
            partDistance: options.partDistance(evidence: run.evidence, information: run.information),
            speed: run.line.speed, evidence: run.evidence, information: run.information)
    }
}
