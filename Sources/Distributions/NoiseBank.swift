/// How a video's K noise vectors are drawn.
public enum SamplingMode: String, Sendable, Hashable, Codable, CaseIterable {
    /// Antithetic pairs scaled so that each dimension has mean 0 and (1/K) variance 1. The average over
    /// K² pairs is then the closed-form distance + λD/4, free of Monte-Carlo error.
    case matched
    /// Independent standard normal numbers: the paper's estimator (eq. 4), seeded by the fingerprint.
    case iid
}

/// The K noise vectors ε^(k) of a video (paper eq. 4), made from its fingerprint alone.
public struct NoiseBank: Sendable, Equatable {
    /// How ε was drawn.
    public let mode: SamplingMode
    /// K.
    public let sampleCount: Int
    /// D, the width.
    public let dimension: Int
    /// ε, K × dimension, row-major.
    public let values: [Double]

    /// - Parameters:
    ///   - sampleCount: K ≥ 1; even in `matched` mode, where sample K/2 + i mirrors sample i.
    ///   - fingerprint: the video's content fingerprint, in hexadecimal; seeds the generator.
    public init(mode: SamplingMode, sampleCount: Int, dimension: Int, fingerprint: String) {
        precondition(sampleCount > 0 && dimension > 0, "a noise bank needs samples and dimensions")
        precondition(mode == .iid || sampleCount % 2 == 0, "matched noise needs an even sample count")
        self.mode = mode
        self.sampleCount = sampleCount
        self.dimension = dimension
        var generator = SeededGenerator(seed: fingerprint)
        switch mode {
        case .iid:
            values = (0..<sampleCount * dimension).map { _ in generator.nextNormal() }
        case .matched:
            let half = sampleCount / 2
            var values = [Double](repeating: 0, count: sampleCount * dimension)
            for i in 0..<half * dimension { values[i] = generator.nextNormal() }
            for d in 0..<dimension {
                var squares = 0.0
                for k in 0..<half { squares += values[k * dimension + d] * values[k * dimension + d] }
                // Never divides by 0: `nextUniform` is never ½, so no normal number is 0.
                let scale = (Double(half) / squares).squareRoot()
                for k in 0..<half {
                    values[k * dimension + d] *= scale
                    values[(half + k) * dimension + d] = -values[k * dimension + d]
                }
            }
            self.values = values
        }
    }

    /// Mean of ε over the samples, per dimension; exactly 0 in `matched` mode.
    public func mean() -> [Double] {
        // Sample k is added together with its mirror, so that matched noise cancels to exactly 0.
        let half = sampleCount / 2
        return (0..<dimension).map { d in
            var sum = sampleCount % 2 == 1 ? values[(sampleCount - 1) * dimension + d] : 0
            for k in 0..<half { sum += values[k * dimension + d] + values[(half + k) * dimension + d] }
            return sum / Double(sampleCount)
        }
    }

    /// (1/K) variance of ε over the samples, per dimension; 1 to rounding in `matched` mode.
    public func variance() -> [Double] {
        let mean = self.mean()
        return (0..<dimension).map { d in
            var sum = 0.0
            for k in 0..<sampleCount {
                let offset = values[k * dimension + d] - mean[d]
                sum += offset * offset
            }
            return sum / Double(sampleCount)
        }
    }
}
