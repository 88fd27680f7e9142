import Glibc

/// A Gaussian with a diagonal covariance: what one clip becomes (paper eq. 2).
public struct Gaussian: Sendable, Equatable {
    /// μ, `dimension` values.
    public var mean: [Float]
    /// log σ², `dimension` values, clamped by the encoder to [−10, 4].
    public var logVariance: [Float]

    /// D, the width.
    public var dimension: Int { mean.count }

    /// Mean and log variance must be of one width.
    public init(mean: [Float], logVariance: [Float]) {
        precondition(mean.count == logVariance.count, "mean and log variance differ in width")
        self.mean = mean
        self.logVariance = logVariance
    }

    /// As a scan takes it: variances in place of their logarithms, in float32.
    public var moments: Moments { Moments(mean: mean, variance: logVariance.map { exp($0) }) }
}
