import Base
import Glibc

/// How a model's distances read as probabilities that two videos share footage: a logistic curve in the logarithm of
/// the distance (Platt scaling, J. Platt 1999). Part of `config.json`.
public struct ScoreCalibration: Sendable, Equatable {
    /// Of the model that it was fitted for; distances of other weights mean something else.
    public var modelFingerprint: String
    /// Log odds at distance 0.
    public var offset: Double
    /// By how much the log odds fall as log(1 + distance) grows by 1; above 0.
    public var slope: Double
    /// From this score on, two videos are said to share footage; in 0…1 without its ends.
    public var threshold: Double
    /// How distances read together with what looking at the pictures said; nil in models that were calibrated before that.
    public var verified: VerifiedCalibration?
    /// How it was fitted and what it was measured to be; free form.
    package var remarks: JSONValue

    package init(
        modelFingerprint: String, offset: Double, slope: Double, threshold: Double = 0.5,
        verified: VerifiedCalibration? = nil, remarks: JSONValue = .object([])
    ) {
        self.verified = verified
        self.modelFingerprint = modelFingerprint
        self.offset = offset
        self.slope = slope
        self.threshold = threshold
        self.remarks = remarks
    }

    /// In 0…1, falling in the distance (0 or more; λ = 1, without sampling noise).
    public func score(distance: Double) -> Double {
        1 / (1 + exp(slope * log1p(distance) - offset))
    }

    /// The largest distance that still has this score, which lies in 0…1 without its ends; below 0 where none has.
    public func distance(score: Double) -> Double {
        expm1((offset - log(score / (1 - score))) / slope)
    }
}

extension ScoreCalibration {
    /// Reads the member of `config.json`; nil for null.
    init?(_ value: JSONValue, path: String) throws(ModelError) {
        if case .null = value { return nil }
        var object = try ConfigurationObject(value, key: "calibration", path: path)
        let method = try object.string("method")
        guard method == Self.method else {
            throw object.failure("method", "is \"\(method)\"; expected \"\(Self.method)\"")
        }
        modelFingerprint = try object.string("model")
        offset = try object.number("offset", in: -1e6...1e6)
        slope = try object.number("slope", in: 1e-6...1e6)
        // Models of before it was there said ½ without saying so.
        threshold = try object.number("threshold", in: 1e-6...(1 - 1e-6), otherwise: 0.5)
        verified = try VerifiedCalibration(object.optional("verified") ?? .null, path: path)
        remarks = object.optional("remarks") ?? .object([])
        try object.finish()
    }

    private static let method = "platt_log1p"

    /// The member of `config.json`.
    var value: JSONValue {
        .object(
            [
                .init("method", .string(Self.method)), .init("model", .string(modelFingerprint)),
                .init("offset", .number(offset)), .init("slope", .number(slope)),
                .init("threshold", .number(threshold)),
            ] + (verified.map { [.init("verified", $0.value)] } ?? []) + [
                .init("remarks", remarks)
            ])
    }
}
