import Glibc

/// Which ordered pairs of mixtures are positive (paper eq. 7): those of one video, and those of different
/// videos nearer than τ. No gradient flows through the choice.
package struct PairMining: Sendable {
    /// Whether (i, j) is positive, [M, M]; symmetric, its diagonal true.
    package let positive: [Bool]
    /// τ; none where mining is off or there is one video only.
    package let tau: Double?
    /// Positive ordered pairs.
    package let positivePairs: Int
    /// Positive ordered pairs j ≠ i, a mixture.
    package let positivesPerAnchor: Double

    /// - Parameters:
    ///   - moments: [M, D].
    ///   - lambda: λ of the distance.
    package init(
        moments: MixtureMoments, mining: ObjectiveConfiguration.Mining, lambda: Double,
        shape: ObjectiveShape
    ) {
        let count = shape.mixtures
        var positive = [Bool](repeating: false, count: count * count)
        for i in 0..<count {
            for j in 0..<count { positive[i * count + j] = shape.video(i) == shape.video(j) }
        }
        var tau: Double?
        if Self.comparesDistances(mining) && shape.videos > 1 {
            var pairs: [(i: Int, j: Int, distance: Double)] = []
            pairs.reserveCapacity(count * (count - 1) / 2)
            for i in 0..<count {
                for j in i + 1..<count where !positive[i * count + j] {
                    pairs.append((i, j, Self.distance(moments, i, j, shape.dimension, lambda)))
                }
            }
            let threshold = Self.threshold(pairs.map(\.distance), mining)
            for pair in pairs where pair.distance < threshold {
                positive[pair.i * count + pair.j] = true
                positive[pair.j * count + pair.i] = true
            }
            tau = threshold
        }
        self.positive = positive
        self.tau = tau
        positivePairs = positive.reduce(0) { $0 + ($1 ? 1 : 0) }
        positivesPerAnchor = Double(positivePairs - count) / Double(count)
    }

    private static func comparesDistances(_ mining: ObjectiveConfiguration.Mining) -> Bool {
        switch mining {
        case .off: false
        case .threshold: true
        case .quantile(let quantile): quantile > 0
        }
    }

    /// τ from the distances of the unordered different-video pairs. The sorted ordered pairs hold each
    /// distance twice, so the value at index ⌊q·n⌋ of theirs is at half that index of these.
    private static func threshold(
        _ distances: [Double], _ mining: ObjectiveConfiguration.Mining
    ) -> Double {
        switch mining {
        case .off: 0
        case .threshold(let tau): tau
        case .quantile(let quantile):
            distances.sorted()[Int(quantile * Double(2 * distances.count)) / 2]
        }
    }

    /// ¼ Σ_d { log[¼(a/b + b/a + 2)] + λ (m_i − m_j)²/(a + b) }: `Bhattacharyya.closedForm` on rows that
    /// were never rounded to float32. ¼(a/b + b/a + 2) = 1 + (a − b)²/(4ab); the product of the dimensions
    /// is taken before the logarithm, so that a pair costs few of them.
    package static func distance(
        _ moments: MixtureMoments, _ i: Int, _ j: Int, _ width: Int, _ lambda: Double
    ) -> Double {
        moments.mean.withUnsafeBufferPointer { mean in
            moments.variance.withUnsafeBufferPointer { variance in
                var logarithms = 0.0
                var excess = 0.0
                var squares = 0.0
                for d in 0..<width {
                    let a = variance[i * width + d]
                    let b = variance[j * width + d]
                    let offset = mean[i * width + d] - mean[j * width + d]
                    let x = (a - b) * (a - b) / (4 * a * b)
                    excess += x + excess * x
                    if excess > 1e100 {
                        logarithms += log1p(excess)
                        excess = 0
                    }
                    squares += offset * offset / (a + b)
                }
                return 0.25 * (logarithms + log1p(excess) + lambda * squares)
            }
        }
    }
}
