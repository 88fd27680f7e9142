import Distributions
import Glibc

/// The formulas as they are printed, in double precision, with nothing rearranged: the oracle.
enum Literal {
    /// Paper eq. 5.
    static func sampled(
        _ zi: [Double], _ vi: [Double], _ zj: [Double], _ vj: [Double], lambda: Double
    ) -> Double {
        var sum = 0.0
        for d in 0..<zi.count {
            sum += log(0.25 * (vi[d] / vj[d] + vj[d] / vi[d] + 2))
            sum += lambda * (zi[d] - zj[d]) * (zi[d] - zj[d]) / (vi[d] + vj[d])
        }
        return sum / 4
    }

    /// Paper eq. 6 over samples made by eq. 4.
    static func average(
        _ a: Moments, _ noiseA: NoiseBank, _ b: Moments, _ noiseB: NoiseBank, lambda: Double
    ) -> Double {
        let width = a.mean.count
        func sample(_ moments: Moments, _ noise: NoiseBank, _ k: Int) -> [Double] {
            (0..<width).map { d in
                Double(moments.mean[d])
                    + sqrt(Double(moments.variance[d])) * noise.values[k * width + d]
            }
        }
        let varianceA = a.variance.map { Double($0) }
        let varianceB = b.variance.map { Double($0) }
        var sum = 0.0
        for i in 0..<noiseA.sampleCount {
            for j in 0..<noiseB.sampleCount {
                sum += sampled(
                    sample(a, noiseA, i), varianceA, sample(b, noiseB, j), varianceB, lambda: lambda)
            }
        }
        return sum / Double(noiseA.sampleCount * noiseB.sampleCount)
    }

    static func closedForm(_ a: Moments, _ b: Moments, lambda: Double) -> Double {
        sampled(
            a.mean.map { Double($0) }, a.variance.map { Double($0) }, b.mean.map { Double($0) },
            b.variance.map { Double($0) }, lambda: lambda)
    }
}

/// Moments as an encoder makes them: means on the unit sphere, log variances in [−10, 4].
func randomMoments(dimension: Int, seed: UInt64, logVariance: ClosedRange<Double> = -10...4) -> Moments {
    var generator = SeededGenerator(seed: seed)
    let mean = (0..<dimension).map { _ in generator.nextNormal() / Double(dimension).squareRoot() }
    let width = logVariance.upperBound - logVariance.lowerBound
    let variance = (0..<dimension).map { _ in
        exp(logVariance.lowerBound + width * generator.nextUniform())
    }
    return Moments(mean: mean.map { Float($0) }, variance: variance.map { Float($0) })
}

/// |x − y| over the larger of the two and 1.
func difference(_ x: Double, _ y: Double) -> Double {
    abs(x - y) / max(1, abs(x), abs(y))
}
