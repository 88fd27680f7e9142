import Glibc

/// The first two moments of a mixture, as a diagonal Gaussian: what the scan compares.
public struct Moments: Sendable, Equatable {
    /// μ_V, `dimension` values.
    public var mean: [Float]
    /// σ²_V (variance, not its logarithm), `dimension` values, all positive.
    public var variance: [Float]

    /// D, the width.
    public var dimension: Int { mean.count }

    /// Mean and variance must be of one width.
    public init(mean: [Float], variance: [Float]) {
        precondition(mean.count == variance.count, "mean and variance differ in width")
        self.mean = mean
        self.variance = variance
    }

    /// Σ_d log σ²_V, natural logarithm, summed in double precision in the order of the dimensions.
    public var logDeterminant: Double {
        variance.withUnsafeBufferPointer { Self.logDeterminant(of: $0) }
    }

    /// Mean over the dimensions of log σ²_V: how uncertain the video is. Natural logarithm; 0 wide is 0.
    public var uncertainty: Double {
        variance.isEmpty ? 0 : logDeterminant / Double(variance.count)
    }

    /// Σ log of `variance`, for a row that lives in a mapped file.
    public static func logDeterminant(of variance: UnsafeBufferPointer<Float>) -> Double {
        var sum = 0.0
        for value in variance { sum += log(Double(value)) }
        return sum
    }

    /// The moments of a mixture whose components, of equal weight, have these: mean μ = mean μ_n and variance
    /// mean σ²_n + mean (μ_n − μ)², in double precision and rounded once, as `GaussianMixture.moments`. Those of one
    /// component are its own, to the bit.
    ///
    /// - Parameter components: at least one, all of one width.
    public static func ofMixture(_ components: [Moments]) -> Moments {
        precondition(!components.isEmpty, "a mixture needs a component")
        precondition(
            components.allSatisfy { $0.dimension == components[0].dimension },
            "the components of a mixture differ in width")
        if components.count == 1 { return components[0] }
        let share = 1 / Double(components.count)
        var result = components[0]
        for d in 0..<result.dimension {
            let mean = components.reduce(0.0) { $0 + Double($1.mean[d]) } * share
            let variance = components.reduce(0.0) { sum, component in
                let offset = Double(component.mean[d]) - mean
                return sum + Double(component.variance[d]) + offset * offset
            }
            result.mean[d] = Float(mean)
            result.variance[d] = Float(variance * share)
        }
        return result
    }
}
