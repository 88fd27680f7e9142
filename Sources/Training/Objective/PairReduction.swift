/// The losses of all M² ordered pairs as one number: Σ w_ij e_ij.
///
/// - `balanced`: ½ (mean over positive pairs + mean over negative pairs); the first whole where there are
///   no negatives. Otherwise the many negatives drown the few positives.
/// - `plain`: the mean over all.
package struct PairReduction: Sendable {
    private let positive: [Bool]
    private let positiveWeight: Double
    private let negativeWeight: Double

    /// - Parameter mining: which pairs are positive.
    package init(mining: PairMining, reduction: ObjectiveConfiguration.Reduction) {
        positive = mining.positive
        let negatives = positive.count - mining.positivePairs
        switch reduction {
        case .balanced:
            positiveWeight = (negatives == 0 ? 1 : 0.5) / Double(mining.positivePairs)
            negativeWeight = negatives == 0 ? 0 : 0.5 / Double(negatives)
        case .plain:
            positiveWeight = 1 / Double(positive.count)
            negativeWeight = positiveWeight
        }
    }

    /// Σ w_ij e_ij; e is [M, M].
    package func forward(_ losses: [Double]) -> Double {
        var positives = 0.0
        var negatives = 0.0
        for index in 0..<losses.count {
            if positive[index] { positives += losses[index] } else { negatives += losses[index] }
        }
        return positiveWeight * positives + negativeWeight * negatives
    }

    /// ∂L/∂e_ij = w_ij, scaled, [M, M].
    package func backward(_ scale: Double) -> [Double] {
        positive.map { scale * ($0 ? positiveWeight : negativeWeight) }
    }
}
