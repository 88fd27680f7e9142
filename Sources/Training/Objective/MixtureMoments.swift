import Glibc

/// The first two moments of every mixture (paper eq. 3): m = mean μ_n, v = mean σ²_n + mean (μ_n − m)².
package struct MixtureMoments: Sendable {
    /// m, [M, D].
    package let mean: [Double]
    /// v, [M, D].
    package let variance: [Double]
    /// log v, [M, D].
    package let logVariance: [Double]

    private let mu: [Double]
    /// σ²_n / N, which is what ∂v/∂s is. [M, N, D].
    private let variancePerLog: [Double]
    private let shape: ObjectiveShape

    /// - Parameters:
    ///   - mu: [M, N, D].
    ///   - s: log σ², [M, N, D]. The head has clamped it to the range of its model, and stops the gradient beyond:
    ///     a bound here would be wrong for a model with another range.
    package init(mu: [Double], s: [Double], shape: ObjectiveShape) {
        precondition(mu.count == shape.headCount && s.count == shape.headCount, "another batch's outputs")
        let width = shape.dimension
        let share = 1 / Double(shape.clips)
        var mean = [Double](repeating: 0, count: shape.mixtures * width)
        var variance = mean
        var variancePerLog = [Double](repeating: 0, count: s.count)
        for mixture in 0..<shape.mixtures {
            let row = mixture * width
            for clip in 0..<shape.clips {
                let source = (mixture * shape.clips + clip) * width
                for d in 0..<width { mean[row + d] += share * mu[source + d] }
            }
            for clip in 0..<shape.clips {
                let source = (mixture * shape.clips + clip) * width
                for d in 0..<width {
                    let offset = mu[source + d] - mean[row + d]
                    let clipVariance = share * exp(s[source + d])
                    variance[row + d] += clipVariance + share * offset * offset
                    variancePerLog[source + d] = clipVariance
                }
            }
        }
        self.mean = mean
        self.variance = variance
        self.variancePerLog = variancePerLog
        self.logVariance = variance.map { log($0) }
        self.mu = mu
        self.shape = shape
    }

    /// ∂L/∂μ_n = ∂L/∂m / N + ∂L/∂v · 2(μ_n − m)/N; what v owes to m sums to 0 over the clips.
    /// ∂L/∂s_n = ∂L/∂v · σ²_n/N.
    ///
    /// - Parameter gradient: with respect to m and v, [M, D] each.
    /// - Returns: with respect to μ and s, [M, N, D] each.
    package func backward(_ gradient: MomentGradient) -> (mu: [Double], s: [Double]) {
        let width = shape.dimension
        let share = 1 / Double(shape.clips)
        var dMu = [Double](repeating: 0, count: mu.count)
        var dS = dMu
        for mixture in 0..<shape.mixtures {
            let row = mixture * width
            for clip in 0..<shape.clips {
                let target = (mixture * shape.clips + clip) * width
                for d in 0..<width {
                    let dVariance = gradient.variance[row + d]
                    let offset = mu[target + d] - mean[row + d]
                    dMu[target + d] = share * (gradient.mean[row + d] + 2 * dVariance * offset)
                    dS[target + d] = dVariance * variancePerLog[target + d]
                }
            }
        }
        return (dMu, dS)
    }
}

/// The gradient with respect to m and v, [M, D] each; terms add to it.
package struct MomentGradient: Sendable {
    /// ∂L/∂m.
    package var mean: [Double]
    /// ∂L/∂v.
    package var variance: [Double]

    /// Zero.
    package init(shape: ObjectiveShape) {
        mean = [Double](repeating: 0, count: shape.mixtures * shape.dimension)
        variance = mean
    }
}
