import VideoEncoding

import Glibc

/// Platt scaling: log odds = offset − slope · log(1 + distance), by maximum likelihood.
package enum CalibrationFit {
    /// As J. Platt (1999) does, the targets keep a little distance from 0 and 1, (n₊ + 1)/(n₊ + 2) and 1/(n₋ + 2), so that
    /// classes without overlap have a finite answer.
    ///
    /// - Parameter pairs: of both kinds.
    /// - Returns: nil where the score would not fall with the distance.
    package static func fit(_ pairs: [CalibrationPairs.Pair]) -> (offset: Double, slope: Double)? {
        let positives = Double(pairs.count { $0.sharesFootage })
        let negatives = Double(pairs.count) - positives
        let (high, low) = ((positives + 1) / (positives + 2), 1 / (negatives + 2))
        let weights = LogisticFit.weights(
            pairs.map { ([1, -log1p($0.distance)], $0.sharesFootage ? high : low) }, decay: 1e-9,
            from: [log((positives + 1) / (negatives + 1)), 0])
        let (offset, slope) = (weights[0], weights[1])
        return slope > 0 && slope.isFinite && offset.isFinite ? (offset, slope) : nil
    }

    /// The lowest score from which on pairs share footage with at least this precision, for sure: the lower end of
    /// the precision's one-sided 95 % interval (E. B. Wilson 1927) reaches it. Where so few pairs allow no such
    /// claim, the score of the nearest pair that does not share footage, or ½ if that is higher.
    ///
    /// - Parameters:
    ///   - pairs: that the curve was fitted on; at least one of each kind.
    ///   - precision: in 0…1 without its ends.
    package static func threshold(
        _ curve: ScoreCalibration, _ pairs: [CalibrationPairs.Pair], precision: Double
    ) -> Double {
        let ordered = pairs.map { (score: curve.fittedScore(of: $0), shares: $0.sharesFootage) }
            .sorted { $0.score > $1.score }
        var (right, best): (Double, Double?) = (0, nil)
        for (place, pair) in ordered.enumerated() {
            right += pair.shares ? 1 : 0
            // A threshold cannot pass between two pairs of one score.
            if place + 1 < ordered.count, ordered[place + 1].score == pair.score { continue }
            if wilsonLowerBound(right, of: Double(place + 1)) >= precision { best = pair.score }
        }
        let stranger = ordered.first { !$0.shares }?.score ?? 0
        return min(max(best ?? max(0.5, stranger), 1e-6), 1 - 1e-6)
    }

    private static func wilsonLowerBound(_ right: Double, of count: Double) -> Double {
        let z = 1.644_854  // of 95 %, one side
        let share = right / count
        let spread = z * (share * (1 - share) / count + z * z / (4 * count * count)).squareRoot()
        return (share + z * z / (2 * count) - spread) / (1 + z * z / count)
    }
}

extension ScoreCalibration {
    /// By the agreement of pictures if they were compared; otherwise by distance, whatever the threshold.
    func fittedScore(of pair: CalibrationPairs.Pair) -> Double {
        verified?.score(distance: pair.distance, pair.verification) ?? score(distance: pair.distance)
    }
}

/// How well scores are probabilities, on pairs that the curve was not fitted on.
public struct CalibrationReport: Sendable, Equatable {
    /// Pairs that it was fitted on.
    public var fittedPairs: Int
    /// Pairs that it was measured on.
    public var heldOutPairs: Int
    /// Expected calibration error: over 15 equally wide bins of the score, the mean of |share of right pairs − mean
    /// score|, weighted by the bins' pairs (Guo et al., ICML 2017).
    public var expectedError: Double
    /// The curve's threshold.
    public var threshold: Double
    /// Among pairs whose score reaches the threshold, the share that shares footage; nil if there are none.
    public var precision: Double?
    /// Of pairs that share footage, the share whose score reaches the threshold.
    public var recall: Double

    /// Measures a curve.
    package init(_ curve: ScoreCalibration, fittedPairs: Int, on pairs: [CalibrationPairs.Pair]) {
        let bins = 15
        var (counts, right, sums) = (
            [Double](repeating: 0, count: bins), [Double](repeating: 0, count: bins),
            [Double](repeating: 0, count: bins)
        )
        var (found, foundRight, positives) = (0.0, 0.0, 0.0)
        for pair in pairs {
            let score = curve.fittedScore(of: pair)
            let truth = pair.sharesFootage ? 1.0 : 0
            let bin = min(bins - 1, Int(score * Double(bins)))
            counts[bin] += 1
            right[bin] += truth
            sums[bin] += score
            positives += truth
            if score >= curve.threshold {
                found += 1
                foundRight += truth
            }
        }
        self.fittedPairs = fittedPairs
        threshold = curve.threshold
        heldOutPairs = pairs.count
        expectedError = (0..<bins).reduce(0) { $0 + abs(right[$1] - sums[$1]) } / Double(max(1, pairs.count))
        precision = found > 0 ? foundRight / found : nil
        recall = positives > 0 ? foundRight / positives : 0
    }
}
