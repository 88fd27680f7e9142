import Glibc

/// A mixture of equally weighted Gaussians: what a video becomes (paper eq. 3).
public struct GaussianMixture: Sendable, Equatable {
    /// One Gaussian per clip, in the order of time; never empty.
    public var components: [Gaussian]

    /// D, the width.
    public var dimension: Int { components[0].dimension }

    /// Components must be of one dimension.
    public init(components: [Gaussian]) {
        precondition(!components.isEmpty, "a mixture needs a component")
        precondition(
            components.allSatisfy { $0.dimension == components[0].dimension },
            "the components of a mixture differ in width")
        self.components = components
    }

    /// μ_V = mean μ_n and σ²_V = mean σ²_n + mean (μ_n − μ_V)².
    ///
    /// Sums run in double precision, in the order of the components, and are rounded to float32 once,
    /// so the same components always give the same bits. The second term is summed about the mean
    /// (two passes): the variance can't become negative by cancellation.
    public func moments() -> Moments {
        let dimension = self.dimension
        let share = 1 / Double(components.count)
        var mean = [Double](repeating: 0, count: dimension)
        for component in components {
            for d in 0..<dimension { mean[d] += Double(component.mean[d]) }
        }
        for d in 0..<dimension { mean[d] *= share }

        var variance = [Double](repeating: 0, count: dimension)
        for component in components {
            for d in 0..<dimension {
                let offset = Double(component.mean[d]) - mean[d]
                variance[d] += exp(Double(component.logVariance[d])) + offset * offset
            }
        }
        return Moments(mean: mean.map { Float($0) }, variance: variance.map { Float($0 * share) })
    }
}
