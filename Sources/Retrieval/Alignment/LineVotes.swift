import Glibc

/// Votes of pairs of near clips for the lines through them, by offset and speed.
struct LineVotes {
    /// Votes a step of 2^(1/6): a run of half a minute at a speed between two of them stays within a clip of one.
    private static let speeds = (-6...6).map { pow(2, Double($0) / 6) }
    /// A clip votes with so many at most.
    private static let pairsPerClip = 32
    /// Lines that are looked at closely.
    private static let leaderCount = 24
    /// Bins a speed; more than a week of video needs.
    private static let mostBins = Double(1 << 20)

    private struct Pair {
        var query: Int
        var target: Int
        var vote: Double
    }

    private var pairs: [Pair] = []
    /// For each speed, votes by offset.
    private var votes: [[Double]]
    private let lowest: [Double]
    private let step: Double
    private let queryMiddles: [Double]
    private let targetMiddles: [Double]

    init(_ evidence: LineEvidence) {
        let (query, target) = (evidence.query.middles, evidence.target.middles)
        queryMiddles = query
        targetMiddles = target
        let (firstQuery, lastQuery) = (query[0], query[query.count - 1])
        let (firstTarget, lastTarget) = (target[0], target[target.count - 1])
        // A file whose times jump by years gets coarser bins, not more of them than memory has room for.
        let span = lastTarget - firstTarget + 2 * (lastQuery - firstQuery)
        let step = max(evidence.target.length / 4, span / Self.mostBins)
        self.step = step
        lowest = Self.speeds.map { firstTarget - $0 * lastQuery - 2 * step }
        votes = zip(Self.speeds, lowest).map { speed, lowest in
            Array(repeating: 0, count: Int((lastTarget - speed * firstQuery - lowest) / step) + 4)
        }
        let limit = evidence.options.maximumClipDistance
        for i in query.indices where evidence.queryWeights[i] > 0 {
            for j in evidence.distances.nearest(to: i, within: limit, atMost: Self.pairsPerClip) {
                let weight =
                    min(evidence.queryWeights[i], evidence.targetWeights[j]) * evidence.query.shares[i]
                let vote = weight * evidence.options.evidence(evidence.distances[i, j])
                if vote > 0 { pairs.append(Pair(query: i, target: j, vote: vote)) }
            }
        }
        for pair in pairs { count(pair, 1) }
    }

    private mutating func count(_ pair: Pair, _ sign: Double) {
        for s in votes.indices {
            let offset = targetMiddles[pair.target] - Self.speeds[s] * queryMiddles[pair.query]
            votes[s][Int((offset - lowest[s]) / step)] += sign * pair.vote
        }
    }

    /// The lines with the most votes within half a clip, of each neighbourhood one; most votes first.
    func leaders() -> [AlignmentLine] {
        var leaders: [(votes: Double, speed: Int, bin: Int)] = []
        for s in votes.indices {
            let bins = votes[s]
            func sum(_ bin: Int) -> Double {
                bins[max(0, bin - 1)...min(bins.count - 1, bin + 1)].reduce(0, +)
            }
            var before = 0.0
            var here = sum(0)
            for bin in bins.indices {
                let after = bin + 1 < bins.count ? sum(bin + 1) : 0
                if here > 1e-9, here > before, here >= after { leaders.append((here, s, bin)) }
                (before, here) = (here, after)
            }
        }
        leaders.sort { (-$0.votes, $0.speed, $0.bin) < (-$1.votes, $1.speed, $1.bin) }
        return leaders.prefix(Self.leaderCount).map { leader in
            AlignmentLine(
                offset: lowest[leader.speed] + (Double(leader.bin) + 0.5) * step,
                speed: Self.speeds[leader.speed])
        }
    }

    /// Takes back the votes of the pairs along a run.
    mutating func takeBack(_ run: LineRun, _ evidence: LineEvidence) {
        let reach = 1.25 * evidence.target.length
        var kept: [Pair] = []
        for pair in pairs {
            let expected = run.line.target(at: queryMiddles[pair.query])
            let isOnRun =
                (run.first...run.last).contains(pair.query)
                && abs(targetMiddles[pair.target] - expected) < reach
            if isOnRun { count(pair, -1) } else { kept.append(pair) }
        }
        pairs = kept
    }
}
