import Distributions
import Glibc

/// What counts as a correspondence.
///
/// The numbers were measured with the default model on copies altered as for `tools/measure/copies` (`tools/measure/groups`) and on excerpts of 3
/// to 10 seconds in long videos (`tools/measure/segments`). Where whole videos up to 24 apart are more likely than not to share
/// footage, clips of copies lie 0 to 56 apart, half of them within 10, and those of other videos seldom below 75.
/// The shares of D below were fitted with an earlier model, on whose scale D was 200; they held in `tools/measure/segments` with
/// the present one, and were not fitted again.
public struct AlignmentOptions: Sendable, Equatable {
    /// D: clips farther apart than this are evidence against a segment.
    public var maximumClipDistance: Double
    /// The most evidence against a segment that one clip can be, below 0. The closer to 0, the longer the gaps a segment may
    /// span.
    public var leastEvidence: Double
    /// Segments with less evidence are dropped.
    public var minimumEvidence: Double
    /// The evidence that a speed of 2 or of ½ costs, so that of equally good lines the one at speed 1 wins.
    public var speedCost: Double
    /// Segments farther apart than this share of D are no segments; 0.65, of which one in five is right, where nothing else
    /// speaks for them.
    public var largestShare: Double
    /// At most so many segments.
    public var limit: Int

    /// What suits the default model, but for the distance, which `init(evenDistance:)` takes from the calibration.
    public init(
        maximumClipDistance: Double = 200, leastEvidence: Double = -1.5, minimumEvidence: Double = 0.5,
        speedCost: Double = 5, largestShare: Double = 0.65, limit: Int = 10
    ) {
        precondition(maximumClipDistance > 0 && leastEvidence < 0 && speedCost >= 0, "options are in range")
        self.maximumClipDistance = maximumClipDistance
        self.leastEvidence = leastEvidence
        self.minimumEvidence = minimumEvidence
        self.speedCost = speedCost
        self.largestShare = largestShare
        self.limit = limit
    }

    /// Options for a model by whose calibration two whole videos at this distance are as likely as not to share footage.
    public init(evenDistance: Double) {
        self.init(maximumClipDistance: max(Self.clipsPerWhole * evenDistance, 1e-3))
    }

    /// Clips are farther apart than the means of whole videos, which even out.
    private static let clipsPerWhole = 3.5
    /// A segment is as likely as not right where its distance is this share of D.
    private static let evenShare = 0.55

    /// The evidence that clips at a distance show the same, log((1 + D)/(1 + d)); below 0 if it is against it.
    func evidence(_ distance: Double) -> Double {
        max(leastEvidence, log((1 + maximumClipDistance) / (1 + distance)))
    }

    /// The distance at which two whole videos share footage as probably as the segments do, for evidence summed over
    /// clips that say so much.
    ///
    /// Short segments fit by chance more often: one more clip that says nothing, at D, is added to all. The log odds fall
    /// twice as fast in the logarithm of that distance as in that of whole videos: the nearest of other videos crowd about
    /// 0.75·D.
    func partDistance(evidence: Double, information: Double) -> Double {
        let share = share(evidence, information) / Self.evenShare
        return share * share * maximumClipDistance / Self.clipsPerWhole
    }

    /// Whether that much makes a segment.
    func isEnough(evidence: Double, information: Double) -> Bool {
        evidence >= minimumEvidence && share(evidence, information) <= largestShare
    }

    private func share(_ evidence: Double, _ information: Double) -> Double {
        max(0, (1 + maximumClipDistance) * exp(-evidence / (information + 1)) - 1) / maximumClipDistance
    }
}

/// Finds the parts of two videos that correspond, from their clips' Gaussians alone.
///
/// Where two videos share footage, the matrix of distances between their clips has a dense diagonal. Its slope is the
/// ratio of the speeds, anything from ½ to 2; where it begins and ends is where the shared parts do.
///
/// 1. Every clip of the query votes with its nearest clips of the target for the lines that lead through the two, for each of
///    thirteen speeds (a Hough transform in offset and speed).
/// 2. The lines with the most votes are looked at closely: along a line, the distance of each clip of the query to what
///    the target shows at that time, between two clips of the target their mixture, is turned into evidence, and the run of
///    clips whose evidence adds up to the most is taken. Clips that do not fit count against a run, but a bounded amount,
///    so that a run goes on over short gaps.
/// 3. The best run's offset and speed are tuned in ever smaller steps until neither makes it better.
/// 4. It becomes a segment, its votes are taken back, and the search goes on for the next one, until too little evidence is
///    left. A segment that lies on earlier ones in both videos is left out.
///
/// Borders are as fine as the clips: they lie where a clip that fits stands beside one that does not. Encoding the query at
/// a stride finer than a clip makes them finer.
public struct Aligner: Sendable {
    /// What counts.
    public let options: AlignmentOptions

    /// An aligner with these options.
    public init(_ options: AlignmentOptions = AlignmentOptions()) { self.options = options }

    /// The corresponding parts, best first (by evidence); none where nothing corresponds.
    ///
    /// - Parameters:
    ///   - query, target: of one width.
    public func segments(query: ClipTrack, target: ClipTrack) -> [AlignedSegment] {
        precondition(query.dimension == target.dimension, "tracks differ in width")
        let (distances, overflow) = query.intervals.count.multipliedReportingOverflow(
            by: target.intervals.count)
        let stride = overflow ? query.intervals.count : distances / Self.mostDistances + 1
        let query = query.every(stride)
        return segments(
            query: query, target: target, distances: ClipDistances(query: query, target: target))
    }

    /// Distances that are held at once, four bytes each: more than videos of four hours need with each other. Of longer ones
    /// every so-many-th clip of the query is compared, and borders are so much coarser.
    private static let mostDistances = 1 << 26

    /// The same, with the distances at hand.
    func segments(query: ClipTrack, target: ClipTrack, distances: ClipDistances) -> [AlignedSegment] {
        let evidence = LineEvidence(
            distances: distances, query: ClipTimes(query.intervals), target: ClipTimes(target.intervals),
            queryWeights: query.weights, targetWeights: target.weights, options: options)
        var votes = LineVotes(evidence)
        var found: [AlignedSegment] = []
        // Runs that add nothing to those found are passed over, but not for ever.
        for _ in 0..<4 * options.limit where found.count < options.limit {
            guard let run = bestRun(votes.leaders(), evidence), run.evidence >= options.minimumEvidence
            else { break }
            votes.takeBack(run, evidence)
            guard options.isEnough(evidence: run.evidence, information: run.information),
                let segment = evidence.segment(run),
                found.allSatisfy({ Self.isNew(segment, beside: $0) })
            else { continue }
            found.append(segment)
        }
        return found.sorted(by: AlignedSegment.precedes)
    }

    /// Whether half of it lies outside the other, in the query or in the target.
    private static func isNew(_ segment: AlignedSegment, beside other: AlignedSegment) -> Bool {
        2 * segment.query.overlap(other.query) < segment.query.duration
            || 2 * segment.target.overlap(other.target) < segment.target.duration
    }

    private func bestRun(_ lines: [AlignmentLine], _ evidence: LineEvidence) -> LineRun? {
        var best: LineRun?
        func consider(_ line: AlignmentLine) {
            guard let run = evidence.bestRun(line), run.evidence > best?.evidence ?? 0 else { return }
            best = run
        }
        for line in lines {
            // A vote is off by as much as half a clip.
            for step in [0, -1, 1, -2, 2] {
                let shift = Double(step) * evidence.target.length / 4
                consider(AlignmentLine(offset: line.offset + shift, speed: line.speed))
            }
        }
        return best.map { tuned($0, evidence) }
    }

    /// Climbs to the nearest best line: steps of a quarter of a clip, at an end of the run, down to a sixty-fourth.
    private func tuned(_ start: LineRun, _ evidence: LineEvidence) -> LineRun {
        var best = start
        var step = evidence.target.length / 4
        while step >= evidence.target.length / 64 {
            let improved = neighbours(of: best, step: step, evidence)
                .compactMap(evidence.bestRun)
                .max { $0.evidence < $1.evidence }
            if let improved, improved.evidence > best.evidence + 1e-9 {
                best = improved
            } else {
                step /= 2
            }
        }
        return best
    }

    private func neighbours(
        of run: LineRun, step: Double, _ evidence: LineEvidence
    ) -> [AlignmentLine] {
        let middles = evidence.query.middles
        let pivot = (middles[run.first] + middles[run.last]) / 2
        let length = max(middles[run.last] - middles[run.first], evidence.query.length)
        let turn = 2 * step / length
        return [-1.0, 0, 1].flatMap { shift in
            [-1.0, 0, 1].map { rotation in
                let speed = min(max(run.line.speed + rotation * turn, 0.5), 2)
                var line = run.line.turned(to: speed, at: pivot)
                line.offset += shift * step
                return line
            }
        }
    }
}
