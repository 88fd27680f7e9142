/// The learned scale and shift of the match probability (paper eq. 9), a > 0 by a = exp(α).
public struct MatchParameters: Sendable, Equatable {
    /// α = log a.
    public var alpha: Double
    /// b.
    public var b: Double

    /// a = b = 5 where training starts; ours, the paper doesn't say.
    public init(alpha: Double = 1.609_437_912_434_100_3, b: Double = 5) {
        self.alpha = alpha
        self.b = b
    }
}

/// How many of what a batch holds.
///
/// Mixtures are view-major: mixture index = view · videos + video.
public struct ObjectiveShape: Sendable, Equatable {
    /// B.
    public var videos: Int
    /// Mixtures a video, 1 or 2.
    public var views: Int
    /// N, clips a mixture.
    public var clips: Int
    /// D.
    public var dimension: Int
    /// K.
    public var samples: Int

    /// M = B · views.
    public var mixtures: Int { videos * views }
    /// Values of a head output [M, N, D].
    public var headCount: Int { mixtures * clips * dimension }
    /// Values of the noise [M, K, D].
    public var noiseCount: Int { mixtures * samples * dimension }

    /// All counts must be 1 or more.
    public init(videos: Int, views: Int, clips: Int, dimension: Int, samples: Int) {
        precondition(
            videos > 0 && views > 0 && clips > 0 && dimension > 0 && samples > 0,
            "a batch needs videos, views, clips, dimensions and samples")
        self.videos = videos
        self.views = views
        self.clips = clips
        self.dimension = dimension
        self.samples = samples
    }

    /// The video of a mixture.
    func video(_ mixture: Int) -> Int { mixture % videos }
}

/// One evaluation of the objective: its terms, what is worth logging, and all gradients.
///
/// `Scalar` is what the head computes in (`Float`), or `Double` where finite differences check it; the
/// arithmetic is in double precision either way.
public struct ObjectiveResult<Scalar: Sendable>: Sendable {
    /// (1 − ω)(stochastic + β · KL) + ω · nce.
    public var total: Double
    /// The soft loss, reduced as the stochastic loss is, without the uncertainty weight.
    public var soft: Double
    /// The stochastic loss.
    public var stochastic: Double
    /// The KL term, before β.
    public var kl: Double
    /// The baseline; 0 where no clip has another of its video.
    public var nce: Double
    /// Mixtures that count as positive with a mixture, itself excluded, on average.
    public var positivesPerAnchor: Double
    /// The mining threshold of this batch; none where mining is off or the batch has one video only.
    public var tau: Double?
    /// Mean over mixtures and dimensions of log σ²_V.
    public var meanLogVariance: Double
    /// ∂total/∂μ, [M, N, D].
    public var dMu: [Scalar]
    /// ∂total/∂(log σ²), [M, N, D].
    public var dS: [Scalar]
    /// ∂total/∂α.
    public var dAlpha: Double
    /// ∂total/∂b.
    public var dB: Double
}

/// A term of the objective that came out infinite or not a number.
public struct NonFiniteTerm: Error, Sendable, Equatable, CustomStringConvertible {
    /// Which.
    public enum Term: String, Sendable, CaseIterable {
        /// The soft loss.
        case soft
        /// The stochastic loss.
        case stochastic
        /// The KL term.
        case kl
        /// The baseline.
        case nce
        /// The gradient of the total.
        case gradient
    }

    /// The first that broke, in the order in which they are computed.
    public var term: Term
    /// Its value.
    public var value: Double

    /// One line for the user.
    public var description: String { "the loss term '\(term.rawValue)' is not finite (\(value))" }
}
