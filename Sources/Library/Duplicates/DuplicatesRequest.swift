import Base
import Retrieval
import VideoEncoding

/// Which videos to take for duplicates, and how many groups of them to answer with.
public struct DuplicatesRequest: Sendable, Equatable {
    /// The lowest score of a pair; between 0 and 1. Needs a model with a calibration; nil with `maximumDistance` nil too is the
    /// threshold of `shares_footage`.
    public var minimumScore: Double?
    /// The largest distance of a pair.
    public var maximumDistance: Double?
    /// The most groups to answer with; nil for all.
    public var limit: Int?
    /// Whether videos that look alike, and are not the same by what was seen, are listed too.
    public var listsSimilar = false
    /// Which video of a group is kept, and which others are listed.
    public var rules = KeepRules()

    /// A request with the defaults.
    public init() {}

    /// What the finder is asked for.
    func options(
        calibration: ScoreCalibration?, modelFolder: String
    ) throws(LibraryError) -> DuplicateOptions {
        var farthest = maximumDistance
        if minimumScore != nil || farthest == nil {
            guard let calibration else {
                throw LibraryError(
                    .model, reason: "no_calibration", path: modelFolder,
                    message: "\(modelFolder): the model has no scores for this index",
                    hint:
                        "limit duplicates by distance instead (--max-distance D), or give the model scores with `mixtape model calibrate`"
                )
            }
            // Where pictures are looked at, distance only brings candidates: those that are copies as likely as not by it.
            let score = calibration.verified == nil ? minimumScore ?? calibration.threshold : 0.5
            farthest = min(farthest ?? .infinity, max(0, calibration.distance(score: score)))
        }
        // Beyond any distance between videos, and still a number to calculate with.
        var options = DuplicateOptions(
            maximumDistance: min(farthest ?? 0, 1e9),
            judge: calibration.flatMap { calibration in
                guard calibration.verified != nil else { return nil }
                return FootageJudge(threshold: minimumScore ?? calibration.threshold) {
                    calibration.score(distance: $0, verification: $1)
                }
            })
        options.listsSimilar = listsSimilar
        options.rules = rules
        return options
    }
}
