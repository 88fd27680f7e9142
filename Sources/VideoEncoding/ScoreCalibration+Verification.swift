import Base
import Distributions
import Glibc

/// How distance and verification together read as a probability: a logistic curve in what `evidence` makes of them. Part of
/// `config.json`, inside the calibration.
public struct VerifiedCalibration: Sendable, Equatable {
    /// One per number that `evidence` gives.
    public var weights: [Double]

    /// - Parameter weights: as many as `evidenceCount`.
    public init(weights: [Double]) {
        precondition(weights.count == Self.evidenceCount, "a weight for each number")
        self.weights = weights
    }

    /// Numbers that `evidence` gives.
    public static let evidenceCount = 11

    /// What the log odds are a weighted sum of.
    ///
    /// Changes speak as far as there are any, and less where a video has to be played faster or slower: strangers find some speed at
    /// which they agree, while copies seldom have another. Beside `moving`, the share of the variance over time that is not noise of about a
    /// grey level, stands what counts where nothing moves, and there detail decides.
    public static func evidence(distance: Double, _ agreement: Agreement) -> [Double] {
        let change = stretched(agreement.change)
        let steps = stretched(agreement.steps)
        let detail = stretched(agreement.detail)
        let moving = agreement.motion * agreement.motion / (agreement.motion * agreement.motion + 1)
        let length = log(Double(max(agreement.pictures, 1)) / 24)
        return [
            1, log1p(distance), moving * change, moving * steps, moving * detail, 1 - moving,
            (1 - moving) * detail,
            moving * length, moving * stretched(agreement.common.change), stretched(agreement.common.detail),
            moving * abs(log(agreement.speed)),
        ]
    }

    /// The same of what looking at two videos said; nil where they could not be looked at. Where nothing corresponds it is
    /// that of pictures that don't agree at all.
    public static func evidence(distance: Double, _ verification: Verification) -> [Double]? {
        switch verification {
        case .unavailable: nil
        case .nothingCorresponds:
            evidence(
                distance: distance,
                Agreement(change: 0, steps: 0, detail: 0, motion: 16, pictures: ClipSignature.momentCount))
        case .agreement(let agreement): evidence(distance: distance, agreement)
        }
    }

    /// Fisher's transformation of a correlation, whose spread does not depend on its value; finite up to 1.
    private static func stretched(_ correlation: Double) -> Double {
        atanh(min(max(correlation, -0.5), 0.995))
    }

    /// In 0…1; nil where the two could not be looked at.
    public func score(distance: Double, _ verification: Verification) -> Double? {
        guard let evidence = Self.evidence(distance: distance, verification) else { return nil }
        return 1 / (1 + exp(-zip(weights, evidence).reduce(0) { $0 + $1.0 * $1.1 }))
    }
}

extension ScoreCalibration {
    /// The probability that two videos share footage. What could not be looked at stays below the threshold, however near it is.
    /// A model that was calibrated by distances alone has scores by distance alone.
    ///
    /// - Parameter ways: in which one of the two was looked at, 1 or more. Each is a chance to be wrong, so the odds are divided by their
    ///   number (Bonferroni's correction).
    public func score(distance: Double, verification: Verification, ways: Int = 1) -> Double {
        let single =
            if let verified {
                verified.score(distance: distance, verification)
                    ?? min(score(distance: distance), threshold * (1 - 1e-6))
            } else {
                score(distance: distance)
            }
        return ways > 1 ? single / (single + Double(ways) * (1 - single)) : single
    }

    /// Whether two videos share footage by their score. That takes that they were looked at.
    public func sharesFootage(distance: Double, verification: Verification, ways: Int = 1) -> Bool {
        verified != nil && verification.isAvailable
            && score(distance: distance, verification: verification, ways: ways) >= threshold
    }
}

extension VerifiedCalibration {
    init?(_ value: JSONValue, path: String) throws(ModelError) {
        if case .null = value { return nil }
        var object = try ConfigurationObject(value, key: "calibration.verified", path: path)
        var weights: [Double] = []
        for name in Self.names { weights.append(try object.number(name, in: -1e6...1e6)) }
        // Models that were calibrated before that have no weight for the speed.
        weights.append(try object.number(Self.speedName, in: -1e6...1e6, otherwise: 0))
        try object.finish()
        self.init(weights: weights)
    }

    private static let names = [
        "offset", "distance", "change", "steps", "detail", "still", "still_detail", "length", "common_change",
        "common_detail",
    ]
    private static let speedName = "speed"

    /// The member of the calibration.
    var value: JSONValue {
        .object(zip(Self.names + [Self.speedName], weights).map { JSONValue.Member($0, .number($1)) })
    }
}
