import Glibc

/// The loss of every pair, weighted by how uncertain its two videos are (paper eq. 10). A video's
/// uncertainty is g = mean_d log v, the logarithm of the geometric mean of its variances.
///
/// - `literal`: e_ij = ¼ ℓ_ij exp(min(−(g_i + g_j), 20)) + ½ (g_i + g_j), the paper's with a bound on the
///   exponent. It has no lower bound: it falls without end as a batch grows certain.
/// - `normalised`: e_ij = ℓ_ij exp(clamp(ḡ − g_i − g_j, ±4)), ḡ the mean of g_i + g_j over all ordered pairs.
///   The weights have geometric mean 1, so the loss is never negative and doesn't change when all variances
///   are scaled, and still teaches which video is less certain than another. The KL term sets the level.
/// - `none`: e = ℓ.
package struct StochasticLoss: Sendable {
    /// e, [M, M].
    package let losses: [Double]
    /// g, [M].
    package let uncertainty: [Double]

    private let soft: [Double]
    /// ∂e_ij/∂ℓ_ij, [M, M].
    private let weights: [Double]
    /// Whether the exponent is within its bound, so that gradient flows to g through the weight, [M, M].
    private let flows: [Bool]
    private let weighting: ObjectiveConfiguration.UncertaintyWeighting
    private let variance: [Double]
    private let shape: ObjectiveShape

    private static let largestLiteralExponent = 20.0
    private static let largestNormalisedExponent = 4.0

    /// - Parameters:
    ///   - soft: ℓ, [M, M].
    ///   - moments: [M, D].
    package init(
        soft: [Double], moments: MixtureMoments,
        weighting: ObjectiveConfiguration.UncertaintyWeighting, shape: ObjectiveShape
    ) {
        let count = shape.mixtures
        let width = shape.dimension
        let uncertainty = (0..<count).map { mixture in
            var sum = 0.0
            for d in mixture * width..<(mixture + 1) * width { sum += moments.logVariance[d] }
            return sum / Double(width)
        }
        let center = 2 * uncertainty.reduce(0, +) / Double(count)
        var losses = soft
        var weights = [Double](repeating: 1, count: soft.count)
        var flows = [Bool](repeating: false, count: soft.count)
        for i in 0..<count {
            for j in 0..<count {
                let index = i * count + j
                let pair = uncertainty[i] + uncertainty[j]
                switch weighting {
                case .literal:
                    flows[index] = -pair <= Self.largestLiteralExponent
                    weights[index] = 0.25 * exp(flows[index] ? -pair : Self.largestLiteralExponent)
                    losses[index] = soft[index] * weights[index] + 0.5 * pair
                case .normalised:
                    let exponent = center - pair
                    flows[index] = abs(exponent) <= Self.largestNormalisedExponent
                    let bound = Self.largestNormalisedExponent
                    weights[index] = exp(max(-bound, min(bound, exponent)))
                    losses[index] = soft[index] * weights[index]
                case .none: break
                }
            }
        }
        self.losses = losses
        self.uncertainty = uncertainty
        self.soft = soft
        self.weights = weights
        self.flows = flows
        self.weighting = weighting
        variance = moments.variance
        self.shape = shape
    }

    /// Through the weight: ∂e_ij/∂g_i = ∂e_ij/∂g_j = −ℓ_ij w_ij where the exponent is within its bound, to
    /// which `literal` adds ½ and `normalised` adds ℓ_ij w_ij · 2/M for every g through ḡ.
    /// Through g: ∂g/∂v_d = 1/(D v_d).
    ///
    /// - Parameter dLosses: ∂L/∂e, [M, M].
    /// - Returns: ∂L/∂ℓ, [M, M].
    package func backward(_ dLosses: [Double], into gradient: inout MomentGradient) -> [Double] {
        let count = shape.mixtures
        var dSoft = dLosses
        if weighting == .none { return dSoft }
        var dUncertainty = [Double](repeating: 0, count: count)
        var throughCenter = 0.0
        for i in 0..<count {
            for j in 0..<count {
                let index = i * count + j
                let throughWeight = flows[index] ? dLosses[index] * soft[index] * weights[index] : 0
                let share = (weighting == .literal ? 0.5 * dLosses[index] : 0) - throughWeight
                dUncertainty[i] += share
                dUncertainty[j] += share
                throughCenter += throughWeight
                dSoft[index] = dLosses[index] * weights[index]
            }
        }
        for mixture in 0..<count {
            let center = weighting == .normalised ? throughCenter * 2 / Double(count) : 0
            let perDimension = (dUncertainty[mixture] + center) / Double(shape.dimension)
            for d in mixture * shape.dimension..<(mixture + 1) * shape.dimension {
                gradient.variance[d] += perDimension / variance[d]
            }
        }
        return dSoft
    }
}
