/// Every choice of the training objective. The defaults are ours; the paper doesn't publish its own.
public struct ObjectiveConfiguration: Codable, Sendable, Equatable {
    /// Which pairs of different videos count as positive (paper eq. 7). Mixtures of one video always do.
    public enum Mining: Sendable, Equatable {
        /// None.
        case off
        /// Those whose closed-form Bhattacharyya distance is below this number.
        case threshold(Double)
        /// Those below the distance at this quantile of the batch's different-video pairs, in [0, 1);
        /// 0 is `off`.
        case quantile(Double)
    }

    /// How a pair's soft loss is weighted by the uncertainty of its two videos.
    public enum UncertaintyWeighting: String, Codable, Sendable, CaseIterable {
        /// Paper eq. 10 as printed, its exponent bounded; unbounded below.
        case literal
        /// Weights relative to the batch, with geometric mean 1; never negative.
        case normalised
        /// The soft loss alone.
        case none
    }

    /// How the losses of the M² ordered pairs become one number.
    public enum Reduction: String, Codable, Sendable, CaseIterable {
        /// Half the mean over positive pairs and half the mean over negative pairs.
        case balanced
        /// The mean over all pairs.
        case plain
    }

    /// Mixtures of a video in a batch, each of its own clips: 1 or 2.
    public var views: Int
    /// K, samples of a mixture.
    public var samples: Int
    /// λ of the Bhattacharyya distance that mining compares (paper eq. 5); 1 is the true distance.
    public var lambda: Double
    /// Which pairs of different videos count as positive.
    public var mining: Mining
    /// How a pair's loss is weighted by uncertainty.
    public var uncertainty: UncertaintyWeighting
    /// How pair losses become one number.
    public var reduction: Reduction
    /// β, the weight of the KL term.
    public var klWeight: Double
    /// ω: 0 is ProViCo, 1 the deterministic baseline (InfoNCE over clips), between them a mix.
    public var nceWeight: Double
    /// T, the temperature of the baseline.
    public var temperature: Double

    /// All choices; `validate` says whether they make sense.
    public init(
        views: Int = 2, samples: Int = 8, lambda: Double = 1, mining: Mining = .quantile(0.01),
        uncertainty: UncertaintyWeighting = .normalised, reduction: Reduction = .balanced,
        klWeight: Double = 1e-4, nceWeight: Double = 0, temperature: Double = 0.1
    ) {
        self.views = views
        self.samples = samples
        self.lambda = lambda
        self.mining = mining
        self.uncertainty = uncertainty
        self.reduction = reduction
        self.klWeight = klWeight
        self.nceWeight = nceWeight
        self.temperature = temperature
    }

    /// Throws for the first choice that is out of range, naming it.
    public func validate() throws(ObjectiveConfigurationError) {
        func require(_ holds: Bool, _ key: CodingKeys, _ expected: String) throws(ObjectiveConfigurationError)
        {
            if !holds { throw .invalid(key: key.rawValue, expected: expected) }
        }
        try require(views == 1 || views == 2, .views, "1 or 2")
        try require((1...64).contains(samples), .samples, "a whole number from 1 to 64")
        try require(lambda.isFinite && lambda >= 0, .lambda, "a number, 0 or more")
        switch mining {
        case .off: break
        case .threshold(let tau):
            try require(tau.isFinite && tau >= 0, .mining, "a threshold that is a number, 0 or more")
        case .quantile(let quantile):
            try require(quantile >= 0 && quantile < 1, .mining, "a quantile from 0 up to, not including, 1")
        }
        try require(klWeight.isFinite && klWeight >= 0, .klWeight, "a number, 0 or more")
        try require(nceWeight >= 0 && nceWeight <= 1, .nceWeight, "a number from 0 to 1")
        try require(temperature.isFinite && temperature > 0, .temperature, "a number above 0")
    }
}

/// Why an objective can't be used; names the choice and what it should be.
public enum ObjectiveConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A value that is not there, of another type or out of range.
    case invalid(key: String, expected: String)
    /// ω > 0 with one mixture of one clip a video: no clip has another of its video to be near.
    case noPositiveClips

    /// One line for the user.
    public var description: String {
        switch self {
        case .invalid(let key, let expected): "the objective's setting '\(key)' must be \(expected)"
        case .noPositiveClips:
            "the baseline (nceWeight above 0) needs at least two clips of each video: "
                + "use two views, or more clips a view"
        }
    }
}
