/// One named number of a loss, in the order in which it is reported.
public struct LossTerm: Sendable, Equatable, Codable {
    /// Such as `kl`.
    public var name: String
    /// Before weighting.
    public var value: Double
}

/// An objective's result for one batch.
public struct ObjectiveReport: Sendable, Equatable {
    /// The number whose gradient was taken.
    public var total: Double
    /// Each term by its name; a term that is not finite stops the run.
    public var terms: [LossTerm]
    /// Positive ordered pairs of different mixtures, divided by the number of mixtures; nil where there is no mining.
    public var positivesPerAnchor: Double?
}

/// How the clips of a batch belong together. Mixtures are view-major: mixture i = view·videos + video, and
/// clip n of mixture i is row i·clips + n.
public struct MixtureLayout: Sendable, Equatable {
    /// B, videos of the batch.
    public var videos: Int
    /// Mixtures of a video.
    public var views: Int
    /// N, clips of a mixture.
    public var clips: Int
    /// M = B·views.
    public var mixtures: Int { videos * views }
    /// A = M·N, rows.
    public var rows: Int { mixtures * clips }

    /// Names the three numbers.
    public init(videos: Int, views: Int, clips: Int) {
        self.videos = videos
        self.views = views
        self.clips = clips
    }
}
