import Base
import Distributions
import Retrieval
import VideoDecoding
import VideoEncoding

/// What to search for, and how much to answer.
public struct SearchRequest: Sendable, Equatable {
    /// The query's file; when the index holds it unchanged, or it is gone, and no part is asked for, nothing is decoded.
    public var video: String
    /// Seconds from the first frame at which the part of interest starts.
    public var from: Double?
    /// Seconds from the first frame at which it stops.
    public var to: Double?
    /// The number of the stream to search for, as `VideoLibrary.streams` has it; nil for the one that is indexed, else the file's main
    /// one.
    public var stream: Int?
    /// Further examples, whole: the query is the mixture of `video` and these, each with the same weight.
    public var like: [String] = []
    /// Examples of what is not wanted: videos nearer to one of them than to the query rank as much farther away.
    public var unlike: [String] = []
    /// Which videos of the index may answer.
    public var filter = VideoFilter()
    /// The most matches to answer with.
    public var limit = 10
    /// Matches farther away are left out.
    public var maximumDistance: Double?
    /// Matches whose score is lower are left out; between 0 and 1. Needs a model with a calibration.
    public var minimumScore: Double?
    /// Leaves the query's own file out of the matches.
    public var excludesSelf = false
    /// Where the samples of the distance come from: `matched` has no sampling error, `iid` is the paper's.
    public var sampling = SamplingMode.matched
    /// K, the samples a video; without effect in `matched`.
    public var sampleCount = 8
    /// λ, the weight of the distance between samples.
    public var lambda = 1.0
    /// Whether parts of videos are compared too; nil for parts with parts wherever the distance is the default one, `matched` with λ = 1,
    /// since parts have no other, and there is one example.
    public var granularity: SearchGranularity?
    /// Whether the query is looked for turned and inverted even where it was found as it is, and all of it however long it is.
    public var isThorough = false
    /// Of a shared index: ranks as many videos that its server holds for the nearest, in place of all; 0 takes as many as were
    /// measured to do.
    public var candidates: Int?

    /// A search with the defaults.
    public init(video: String) {
        self.video = video
    }

    /// What the ranking is asked for; nothing is excluded yet.
    func options(
        calibration: ScoreCalibration?, modelFolder: String
    ) throws(LibraryError) -> SearchOptions {
        var farthest = maximumDistance
        if let minimumScore {
            guard let calibration else {
                throw LibraryError(
                    .model, reason: "no_calibration", path: modelFolder,
                    message: "\(modelFolder): the model has no scores for this index and these options",
                    hint:
                        "limit the matches by distance instead (--max-distance D), or give the model scores with `mixtape model calibrate`"
                )
            }
            // Where pictures are looked at the judge decides: what is far may be a copy all the same.
            if !comparesParts || calibration.verified == nil {
                farthest = min(farthest ?? .infinity, max(0, calibration.distance(score: minimumScore)))
            }
        }
        var options = SearchOptions(
            limit: limit, maximumDistance: farthest, lambda: lambda, sampling: sampling,
            sampleCount: sampleCount)
        options.filter = filter
        return options
    }

    /// Whether parts are compared with parts.
    public var comparesParts: Bool { (granularity ?? .clip) == .clip && allows(.clip) }

    /// Whether several such searches share what is read of the index, so that many together take less time.
    public var sharesScan: Bool { !comparesParts && granularity != .scene && candidates == nil }

    /// Whether the granularity goes with everything else that is asked for.
    public var granularityIsAllowed: Bool { granularity.map(allows) ?? true }

    /// Parts have no other distance than the default one, and segments none to a mixture of examples.
    private func allows(_ granularity: SearchGranularity) -> Bool {
        switch granularity {
        case .video: true
        case .clip: sampling == .matched && lambda == 1 && like.isEmpty && unlike.isEmpty
        case .scene: sampling == .matched && lambda == 1 && unlike.isEmpty
        }
    }

    /// What one query of the `iid` mode may cost at most: samples squared, times the videos of the index. About half a
    /// minute on two processors.
    public static let mostSampledPairs = 1_000_000_000

    /// The most samples that may be drawn of each of so many videos.
    static func mostSamples(videos: Int) -> Int {
        max(1, Int((Double(mostSampledPairs) / Double(max(1, videos))).squareRoot()))
    }

    /// The part asked for, where one is.
    var range: TimeRange? {
        from == nil && to == nil ? nil : TimeRange(start: from ?? 0, stop: to ?? .infinity)
    }
}

extension SearchRequest {
    /// The most candidates that a search may ask for.
    public static let mostCandidates = 100_000

    /// Whether candidates can be asked for beside everything else: they are ranked as whole videos, by one example.
    public var mayTakeCandidates: Bool {
        like.isEmpty && unlike.isEmpty && sampling == .matched && (granularity ?? .video) == .video
    }

    /// Further examples of one kind, at most.
    public static let mostExamples = 100
}
