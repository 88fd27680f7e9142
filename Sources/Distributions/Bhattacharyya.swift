import Glibc

/// Bhattacharyya distances between diagonal Gaussians and between sampled videos (paper eq. 5 and 6),
/// in double precision. The ¼ of eq. 5 covers both its terms; λ = 1 is the true Bhattacharyya distance.
///
/// Every form is symmetric to the bit: swapping the two videos gives the same number.
public enum Bhattacharyya {
    /// ¼ Σ_d { log[¼(a/b + b/a + 2)] + λ (μ_a − μ_b)²/(a + b) } with a, b the variances: the distance of two
    /// videos in closed form, and in `matched` mode their sampled distance with the constant λD/4 removed.
    ///
    /// Exactly 0 for equal moments and never negative. Not finite only where a moment isn't, or where a
    /// variance isn't positive.
    public static func closedForm(_ a: Moments, _ b: Moments, lambda: Double = 1) -> Double {
        precondition(a.dimension == b.dimension, "moments differ in width")
        return b.mean.withUnsafeBufferPointer { mean in
            b.variance.withUnsafeBufferPointer { variance in
                closedForm(a, mean: mean, variance: variance, lambda: lambda)
            }
        }
    }

    /// The closed form to a row that lives in a mapped file.
    public static func closedForm(
        _ moments: Moments, mean: UnsafeBufferPointer<Float>, variance: UnsafeBufferPointer<Float>,
        lambda: Double = 1
    ) -> Double {
        precondition(
            mean.count == moments.dimension && variance.count == moments.dimension,
            "moments differ in width")
        var logarithms = SharedLogarithm()
        var squares = 0.0
        for d in 0..<mean.count {
            let a = Double(moments.variance[d])
            let b = Double(variance[d])
            let offset = Double(moments.mean[d]) - Double(mean[d])
            // A variance that isn't positive would pass unseen through a square.
            guard a > 0, b > 0 else { return .nan }
            logarithms.add(varianceExcess(a, b))
            squares += offset * offset / (a + b)
        }
        return 0.25 * (logarithms.sum() + lambda * squares)
    }

    /// Paper eq. 6, factored: the mean of eq. 5 over all K_a × K_b pairs of samples, at O(D):
    /// ¼ Σ_d { log[¼(a/b + b/a + 2)] + λ ((m_a − m_b)² + s_a + s_b)/(a + b) }.
    ///
    /// Includes the constant that `closedForm` leaves out.
    public static func factored(_ a: SampledVideo, _ b: SampledVideo, lambda: Double = 1) -> Double {
        precondition(a.dimension == b.dimension, "videos differ in width")
        var logarithms = SharedLogarithm()
        var squares = 0.0
        for d in 0..<a.dimension {
            guard a.variance[d] > 0, b.variance[d] > 0 else { return .nan }
            let offset = a.sampleMean[d] - b.sampleMean[d]
            logarithms.add(varianceExcess(a.variance[d], b.variance[d]))
            squares +=
                (offset * offset + (a.sampleVariance[d] + b.sampleVariance[d]))
                / (a.variance[d] + b.variance[d])
        }
        return 0.25 * (logarithms.sum() + lambda * squares)
    }

    /// ¼(a/b + b/a + 2) − 1 = (a − b)²/(4ab): free of cancellation where a and b are close.
    @inline(__always)
    private static func varianceExcess(_ a: Double, _ b: Double) -> Double {
        let difference = a - b
        return difference * difference / (4 * (a * b))
    }
}

/// Σ log(1 + x) over many x ≥ 0, by few logarithms: the running product minus 1 keeps small x exact, and a
/// logarithm is taken only when the product grows large.
private struct SharedLogarithm {
    private var excess = 0.0
    private var total = 0.0

    @inline(__always)
    mutating func add(_ x: Double) {
        excess += x + excess * x
        if excess > 1e100 {
            total += log1p(excess)
            excess = 0
        }
    }

    func sum() -> Double { total + log1p(excess) }
}
