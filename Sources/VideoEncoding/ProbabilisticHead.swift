import Base
import Distributions
import NeuralNetwork

/// Feature → Gaussian (paper eq. 2): μ = L2Norm(LayerNorm(FC_μ(v))), log σ² = clamp(FC_σ(v)).
package struct ProbabilisticHead: Sendable {
    let mean: Linear
    let norm: LayerNormalization
    let logVariance: Linear
    let range: ClosedRange<Float>

    package init(weights: ModelWeights, range: ClosedRange<Double>) {
        mean = Linear(weight: weights["head.mean.weight"], bias: weights["head.mean.bias"])
        norm = LayerNormalization(weight: weights["head.norm.weight"], bias: weights["head.norm.bias"])
        logVariance = Linear(
            weight: weights["head.log_variance.weight"], bias: weights["head.log_variance.bias"])
        self.range = Float(range.lowerBound)...Float(range.upperBound)
    }

    /// The Gaussian of one feature (C), or nil where a value is not finite.
    ///
    /// Mean and log variance are rounded to float16 here and nowhere else: that is what the index stores, and a
    /// query must equal, bit for bit, what was stored of the same video, so that its distance is exactly 0.
    package func forward(_ feature: UnsafeBufferPointer<Float>) -> Gaussian? {
        let mean = L2Normalization.forward(norm.forward(self.mean.forward(feature)))
        let logVariance = self.logVariance.forward(feature)
        guard mean.allSatisfy(\.isFinite), logVariance.allSatisfy(\.isFinite) else { return nil }
        return Gaussian(
            mean: mean.map(HalfPrecision.roundedToFloat16),
            logVariance: logVariance.map {
                HalfPrecision.roundedToFloat16(min(max($0, range.lowerBound), range.upperBound))
            })
    }
}
