import Distributions
import Indexing

/// What a search ranks by, and how much of the ranking it wants.
public struct SearchOptions: Sendable {
    /// At most so many matches.
    public var limit: Int
    /// Only matches at this distance or nearer; nil for all. In the terms of `sampling`: `iid` includes
    /// the constant that `matched` leaves out.
    public var maximumDistance: Double?
    /// λ of eq. 5, finite and not negative; 1 is the true Bhattacharyya distance.
    public var lambda: Double
    /// `matched` is the closed form: fast, and 0 from a video to itself. `iid` is the paper's estimator: slow.
    public var sampling: SamplingMode
    /// K, the samples per video of `iid`, at least 1; without effect in `matched`, whose result is that of any K.
    public var sampleCount: Int
    /// Numbers of videos to leave out, such as the query's own.
    public var excludedVideos: Set<Int64>
    /// Which videos may answer; the others are left out before the ranking.
    public var filter = VideoFilter()

    /// The nearest ten by default.
    public init(
        limit: Int = 10, maximumDistance: Double? = nil, lambda: Double = 1,
        sampling: SamplingMode = .matched, sampleCount: Int = 8, excludedVideos: Set<Int64> = []
    ) {
        self.limit = limit
        self.maximumDistance = maximumDistance
        self.lambda = lambda
        self.sampling = sampling
        self.sampleCount = sampleCount
        self.excludedVideos = excludedVideos
    }
}

/// One of several queries that are searched for at once.
public struct SearchQuery: Sendable {
    /// Of the index's model and dimension.
    public var mixture: GaussianMixture
    /// Further examples of what is wanted: the query is then the mixture of all of them, each with the same weight.
    public var furtherExamples: [GaussianMixture] = []
    /// Examples of what is not wanted, by which `PenalisedRanking` pushes videos back; not in `iid` mode.
    public var unwantedExamples: [GaussianMixture] = []
    /// Of the query's file; seeds its noise in `iid` mode.
    public var fingerprint: String
    /// Numbers of videos to leave out of this query's matches, beside those that the options leave out of all.
    public var excludedVideos: Set<Int64>

    /// A query that leaves nothing out.
    public init(mixture: GaussianMixture, fingerprint: String, excludedVideos: Set<Int64> = []) {
        self.mixture = mixture
        self.fingerprint = fingerprint
        self.excludedVideos = excludedVideos
    }
}

/// Why a search gave no ranking.
public enum SearchError: Error, Sendable {
    /// The caller's cancellation check said so.
    case cancelled
    /// The index can't be read, belongs to another model, or holds a video whose moments are no distribution.
    case index(IndexError)
}
