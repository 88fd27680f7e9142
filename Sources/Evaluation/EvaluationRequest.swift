import VideoDecoding

/// What is to be measured, and how.
public struct EvaluationRequest: Sendable {
    /// One or more model folders.
    public var models: [String]
    /// A folder of model folders, the checkpoints of one training, for mean uncertainty against recall@1.
    public var checkpoints: String?
    /// n, clips a video.
    public var clipCount = 10
    /// A regular expression on file names; what its first group (or all of it) matches names a video's source.
    /// A query's own source is left out of its gallery. Nil masks nothing.
    public var sourcePattern: String?
    /// Videos whose colour histograms (1 − intersection) are nearer to the query's are left out of its gallery.
    public var nearCopyDistance: Double?
    /// Whether random weights and the colour histogram are measured beside the models.
    public var measuresBaselines = true
    /// Of the random weights.
    public var randomSeed: UInt64 = 1
    /// Whether linear classifiers are fitted on frozen features.
    public var probes = false
    /// Folds of probes and fine-tuning where there is no split.
    public var foldCount = 5
    /// Of the probe's weights, times ½‖W‖².
    public var probePenalty = 1e-2
    /// How the models' networks are trained on the labels, in the probe's folds; nil trains none.
    public var fineTune: FineTuneChoice?
    /// Whether recall is measured as uncertainty is raised.
    public var analysesUncertainty = false
    /// Resampled sets of queries for the significance of differences; 0 measures none.
    public var bootstrapDraws = 0
    /// Of folds, samples, resampling and fine-tuning.
    public var seed: UInt64 = 1
    /// Threads.
    public var workers = 1
    /// Which process decodes the videos.
    public var source: any ClipSource = DecodedClips()
    /// Seconds of reading after which a file is given up.
    public var timeLimit = 600.0
    /// Where features and random weights are kept between runs; nil keeps nothing.
    public var workFolder: String?

    /// A measurement with the literature's settings.
    public init(models: [String], checkpoints: String? = nil) {
        self.models = models
        self.checkpoints = checkpoints
    }
}

/// What a running measurement tells and asks.
public struct EvaluationHooks {
    /// Called ten times a second while videos are encoded, or decoded for a fine-tuning.
    public var progress: (EvaluationProgress) -> Void
    /// Called after each step and each tested video of a fine-tuning.
    public var fineTuning: (FineTuneProgress) -> Void
    /// A line for the user.
    public var note: (String) -> Void
    /// Asked now and then, from any thread; true ends the measurement.
    public var isCancelled: @Sendable () -> Bool

    /// Nothing is told, nothing asked, by default.
    public init(
        progress: @escaping (EvaluationProgress) -> Void = { _ in },
        fineTuning: @escaping (FineTuneProgress) -> Void = { _ in },
        note: @escaping (String) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.progress = progress
        self.fineTuning = fineTuning
        self.note = note
        self.isCancelled = isCancelled
    }
}
