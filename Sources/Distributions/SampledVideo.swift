/// A video as the sampled distance sees it: its variance σ²_V, and the mean m and (1/K) variance s of its
/// K samples. That is all the average over K² pairs depends on.
public struct SampledVideo: Sendable, Equatable {
    /// m, `dimension` values.
    public let sampleMean: [Double]
    /// s, `dimension` values.
    public let sampleVariance: [Double]
    /// σ²_V, `dimension` values.
    public let variance: [Double]

    /// D, the width.
    public var dimension: Int { variance.count }

    /// m = μ + σ·mean(ε) and s = σ²·var(ε), without making the samples.
    public init(moments: Moments, noise: NoiseBank) {
        precondition(moments.dimension == noise.dimension, "noise and moments differ in width")
        variance = moments.variance.map { Double($0) }
        let noiseMean = noise.mean()
        let noiseVariance = noise.variance()
        let width = noise.dimension
        sampleMean = (0..<width).map { d in
            Double(moments.mean[d]) + Double(moments.variance[d]).squareRoot() * noiseMean[d]
        }
        sampleVariance = (0..<width).map { d in Double(moments.variance[d]) * noiseVariance[d] }
    }
}
