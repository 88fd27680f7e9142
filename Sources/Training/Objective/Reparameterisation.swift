/// Samples that gradients flow through (paper eq. 4): z^(k) = m + √v ⊙ ε^(k), ε given.
package struct Reparameterisation: Sendable {
    /// z, [M, K, D].
    package let samples: [Double]

    private let noise: [Double]
    /// √v, [M, D].
    private let deviation: [Double]
    private let shape: ObjectiveShape

    /// - Parameters:
    ///   - moments: m and v, [M, D].
    ///   - noise: ε, [M, K, D].
    package init(moments: MixtureMoments, noise: [Double], shape: ObjectiveShape) {
        precondition(noise.count == shape.noiseCount, "noise of another batch")
        let width = shape.dimension
        let deviation = moments.variance.map { $0.squareRoot() }
        var samples = [Double](repeating: 0, count: noise.count)
        for mixture in 0..<shape.mixtures {
            let row = mixture * width
            for k in 0..<shape.samples {
                let target = (mixture * shape.samples + k) * width
                for d in 0..<width {
                    samples[target + d] = moments.mean[row + d] + deviation[row + d] * noise[target + d]
                }
            }
        }
        self.samples = samples
        self.noise = noise
        self.deviation = deviation
        self.shape = shape
    }

    /// ∂L/∂m = Σ_k ∂L/∂z^(k); ∂L/∂v = Σ_k ∂L/∂z^(k) ε^(k) / (2√v).
    ///
    /// - Parameter dSamples: [M, K, D].
    package func backward(_ dSamples: [Double], into gradient: inout MomentGradient) {
        let width = shape.dimension
        for mixture in 0..<shape.mixtures {
            let row = mixture * width
            for k in 0..<shape.samples {
                let source = (mixture * shape.samples + k) * width
                for d in 0..<width {
                    gradient.mean[row + d] += dSamples[source + d]
                    gradient.variance[row + d] +=
                        dSamples[source + d] * noise[source + d] / (2 * deviation[row + d])
                }
            }
        }
    }
}
