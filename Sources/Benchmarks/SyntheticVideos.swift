import Distributions
import Glibc

/// Made-up moments that lie as those of real videos do.
///
/// Measured on libraries of thousands of videos at 256 dimensions: means share a variance of 0.64, a quarter of it along
/// one direction, half along four and nine tenths along sixteen; log variances are about −8.6, which a video shares
/// but for 0.75, and its dimensions but for 0.4.
public struct SyntheticVideos: Sendable {
    /// How the dimensions of a video depend on each other.
    public enum Spread: String, Sendable, CaseIterable {
        /// As in real libraries: few directions say most.
        case library
        /// Not at all: every video is about equally far from every other. No real library is like that; the least
        /// favourable case for ruling rows out.
        case independent
    }

    /// D.
    public let dimension: Int
    private let spread: Spread
    /// Factors × D.
    private let loadings: [Float]
    private let noise: Float
    private let steps: [Float]
    private let logSteps: [Double]

    private static let shares =
        [0.23] + [Double](repeating: 0.1, count: 3) + [Double](repeating: 0.055, count: 4)
        + [Double](repeating: 0.021, count: 8)
    private static let totalVariance = 0.64

    /// - Parameter generator: draws the directions.
    public init(dimension: Int, spread: Spread = .library, generator: inout SeededGenerator) {
        self.dimension = dimension
        self.spread = spread
        let shares = spread == .library ? Self.shares : []
        var loadings: [Float] = []
        for share in shares {
            let scale = (Self.totalVariance * share / Double(dimension)).squareRoot()
            for _ in 0..<dimension { loadings.append(Float(generator.nextNormal() * scale)) }
        }
        self.loadings = loadings
        // Uniform, three standard deviations to the power of ½ to either side.
        let rest = max(0, 1 - shares.reduce(0, +)) * Self.totalVariance
        noise = Float((3 * rest / Double(dimension)).squareRoot())
        logSteps = (0..<64).map { (Double($0) - 31.5) / 32 * 0.7 }
        steps = logSteps.map { Float(exp($0)) }
    }

    /// Draws a video's mean and variance, D values each; returns Σ log σ².
    public func draw(
        mean: UnsafeMutablePointer<Float>, variance: UnsafeMutablePointer<Float>,
        generator: inout SeededGenerator
    ) -> Double {
        let logScale = -8.6 + (spread == .library ? 0.75 * generator.nextNormal() : 0)
        let scale = Float(exp(logScale))
        var logDeterminant = Double(dimension) * logScale
        for d in 0..<dimension {
            let bits = generator.next()
            let step = Int(bits & 63)
            mean[d] = Float(Int64(bits >> 40) - (1 << 23)) * 0x1p-23 * noise
            variance[d] = scale * steps[step]
            logDeterminant += logSteps[step]
        }
        loadings.withUnsafeBufferPointer { loadings in
            for factor in 0..<loadings.count / dimension {
                let weight = Float(generator.nextNormal())
                for d in 0..<dimension { mean[d] += weight * loadings[factor * dimension + d] }
            }
        }
        return logDeterminant
    }

    /// Draws a video as an encoder would give it: `clips` Gaussians about a mean.
    public func draw(clips: Int, generator: inout SeededGenerator) -> GaussianMixture {
        var mean = [Float](repeating: 0, count: dimension)
        var variance = mean
        mean.withUnsafeMutableBufferPointer { mean in
            variance.withUnsafeMutableBufferPointer { variance in
                guard let mean = mean.baseAddress, let variance = variance.baseAddress else { return }
                _ = draw(mean: mean, variance: variance, generator: &generator)
            }
        }
        let logVariance = variance.map { log($0) }
        return GaussianMixture(
            components: (0..<clips).map { _ in
                Gaussian(
                    mean: (0..<dimension).map { d in
                        let bits = generator.next() >> 40
                        return mean[d] + Float(Int64(bits) - (1 << 23)) * 0x1p-23 * variance[d].squareRoot()
                    }, logVariance: logVariance)
            })
    }

    /// Draws a video that an altered copy could be: each mean half a standard deviation from the original's, on average.
    public func draw(near original: GaussianMixture, generator: inout SeededGenerator) -> GaussianMixture {
        GaussianMixture(
            components: original.components.map { clip in
                Gaussian(
                    mean: clip.mean.indices.map { d in
                        clip.mean[d] + Float(0.5 * generator.nextNormal()) * exp(clip.logVariance[d] / 2)
                    }, logVariance: clip.logVariance)
            })
    }
}
