import Distributions
import Testing
import Training

/// A batch as a head makes it: μ on the unit sphere, log σ² scattered within its range.
struct Batch {
    var shape: ObjectiveShape
    var mu: [Double]
    var s: [Double]
    var noise: [Double]
    var parameters: MatchParameters

    init(
        videos: Int = 3, views: Int = 2, clips: Int = 2, dimension: Int = 5, samples: Int = 3,
        logVariance: ClosedRange<Double> = -4 ... -1, seed: UInt64 = 1
    ) {
        shape = ObjectiveShape(
            videos: videos, views: views, clips: clips, dimension: dimension, samples: samples)
        var generator = SeededGenerator(seed: seed)
        mu = []
        for _ in 0..<shape.mixtures * clips {
            let row = (0..<dimension).map { _ in generator.nextNormal() }
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            mu += row.map { $0 / length }
        }
        let width = logVariance.upperBound - logVariance.lowerBound
        s = (0..<shape.headCount).map { _ in logVariance.lowerBound + width * generator.nextUniform() }
        noise = (0..<shape.noiseCount).map { _ in generator.nextNormal() }
        parameters = MatchParameters(alpha: 0.3, b: 1.2)
    }

    func evaluate(_ configuration: ObjectiveConfiguration) throws -> ObjectiveResult<Double> {
        try Objective(configuration).evaluate(
            mu: mu, s: s, noise: noise, parameters: parameters, shape: shape)
    }

    /// The batch with its videos in another order.
    func permuted(_ order: [Int]) -> Batch {
        var other = self
        let head = shape.clips * shape.dimension
        let bank = shape.samples * shape.dimension
        for view in 0..<shape.views {
            for (to, from) in order.enumerated() {
                let target = view * shape.videos + to
                let source = view * shape.videos + from
                other.mu.replaceSubrange(
                    target * head..<(target + 1) * head, with: mu[source * head..<(source + 1) * head])
                other.s.replaceSubrange(
                    target * head..<(target + 1) * head, with: s[source * head..<(source + 1) * head])
                other.noise.replaceSubrange(
                    target * bank..<(target + 1) * bank, with: noise[source * bank..<(source + 1) * bank])
            }
        }
        return other
    }
}

/// A random direction to reduce a term's outputs by, so that one number's gradient checks them all.
func direction(_ count: Int, seed: UInt64 = 99) -> [Double] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in generator.nextNormal() }
}

func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

/// ∂f/∂x by central differences.
func centralDifferences(_ x: [Double], step: Double = 1e-6, _ f: ([Double]) throws -> Double) rethrows
    -> [Double]
{
    try x.indices.map { index in
        var shifted = x
        shifted[index] = x[index] + step
        let above = try f(shifted)
        shifted[index] = x[index] - step
        return (above - (try f(shifted))) / (2 * step)
    }
}

/// Largest difference of two gradients over the largest slope of either; 0 where both are 0.
func gradientError(_ a: [Double], _ b: [Double]) -> Double {
    var scale = 1e-12
    var error = 0.0
    for (x, y) in zip(a, b) {
        guard x.isFinite && y.isFinite else { return .infinity }
        scale = max(scale, abs(x), abs(y))
        error = max(error, abs(x - y))
    }
    return a.count == b.count ? error / scale : .infinity
}

func relativeError(_ a: Double, _ b: Double) -> Double {
    a == b ? 0 : abs(a - b) / max(abs(a), abs(b))
}

/// Every configuration that changes a formula.
let allConfigurations: [ObjectiveConfiguration] = {
    var all: [ObjectiveConfiguration] = []
    for views in [1, 2] {
        for uncertainty in ObjectiveConfiguration.UncertaintyWeighting.allCases {
            for reduction in ObjectiveConfiguration.Reduction.allCases {
                for nceWeight in [0, 0.5, 1] {
                    for mining in [ObjectiveConfiguration.Mining.off, .threshold(0.9), .quantile(0.4)] {
                        all.append(
                            ObjectiveConfiguration(
                                views: views, samples: 3, lambda: 0.7, mining: mining,
                                uncertainty: uncertainty, reduction: reduction, klWeight: 0.3,
                                nceWeight: nceWeight, temperature: 0.4))
                    }
                }
            }
        }
    }
    return all
}()
