import VideoEncoding

/// Logistic regression of shared footage on distance and verification together, by maximum likelihood.
package enum VerifiedFit {
    /// Of the squared weights: keeps them finite where the pairs can be told apart without an error.
    private static let decay = 1e-3

    /// Nil if the pairs determine no fit.
    ///
    /// - Parameter pairs: of both kinds; pairs whose pictures could not be compared are left out.
    package static func fit(_ pairs: [CalibrationPairs.Pair]) -> VerifiedCalibration? {
        let points = pairs.compactMap { pair in
            pair.evidence.map { (evidence: $0, target: pair.sharesFootage ? 1.0 : 0) }
        }
        guard Set(points.map(\.target)).count == 2 else { return nil }
        let start = [Double](repeating: 0, count: VerifiedCalibration.evidenceCount)
        let weights = LogisticFit.weights(points, decay: decay, from: start)
        return weights.allSatisfy(\.isFinite) ? VerifiedCalibration(weights: weights) : nil
    }
}
