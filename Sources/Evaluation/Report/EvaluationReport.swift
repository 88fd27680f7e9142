/// One line of the table: a way to compare videos, and how well it ranks.
public struct RetrievalRow: Sendable, Equatable {
    /// The model's name, or a baseline's.
    public var model: String
    /// What was compared; nil for chance.
    public var representation: Representation?
    /// Whether the gallery's mean was taken from all vectors.
    public var isCentered: Bool
    /// Recall at 1, 5, 10, 20 and 50.
    public var recalls: [Double]
    /// Mean over the queries of average precision.
    public var meanAveragePrecision: Double

    /// Such as "default: μ_V, cosine, centred".
    public var title: String {
        guard let representation else { return model }
        return "\(model): \(representation.title)\(isCentered ? ", centred" : "")"
    }
}

/// Recall@1, uncentred, by what a model says of a video.
public struct ModelRecalls: Sendable, Equatable {
    /// By the backbone's mean.
    public var backbone: Double
    /// By μ_V.
    public var mean: Double
    /// By the distribution.
    public var distribution: Double

    /// For people.
    static let names = ["backbone", "μ_V", "distribution"]
    /// For tables.
    static let columns = ["recall@1_backbone", "recall@1_mean", "recall@1_distribution"]
    /// In this order.
    var all: [Double] { [backbone, mean, distribution] }
}

/// One checkpoint of the paper's first analysis: mean uncertainty against recall@1.
public struct CheckpointResult: Sendable, Equatable {
    /// The folder's name.
    public var name: String
    /// The last number in the name.
    public var step: Int?
    /// Mean over all videos of the mean log σ²_V, natural logarithm.
    public var uncertainty: Double
    /// Of all queries.
    public var recalls: ModelRecalls
}

/// All that one measurement found.
public struct EvaluationReport: Sendable, Equatable {
    /// What was measured on.
    public struct Facts: Sendable, Equatable {
        /// Whether queries and gallery are different videos.
        public var isSplit: Bool
        /// Clips a video, at most.
        public var clipCount: Int
        /// Videos that took part.
        public var readable: Int
        /// Videos that asked.
        public var queries: Int
        /// Videos that could be found.
        public var gallery: Int
        /// Labels among the readable videos.
        public var classes: Int
        /// Videos without a label.
        public var distractors: Int
        /// Labelled videos that could not ask, since nothing in their sight is of their class.
        public var lonely: [String]
        /// Files that could not be read.
        public var skipped: [SkippedVideo]
        /// What masked a query's own source.
        public var sourcePattern: String?
        /// Below which colour-histogram distance a video was masked.
        public var nearCopyDistance: Double?
    }
    /// What was measured on.
    public var facts: Facts
    /// Models, then baselines.
    public var rows: [RetrievalRow]
    /// Models against baselines; empty where it was not asked for.
    public var significances: [Significance]
    /// Accuracies of linear probes; empty where it was not asked for.
    public var probes: [ProbeResult]
    /// Accuracies of the networks trained on the labels; empty where it was not asked for.
    public var fineTunes: [FineTuneResult]
    /// Recall as uncertainty is raised; empty where it was not asked for.
    public var uncertainties: [UncertaintyResult]
    /// In the order of training; empty where none were named.
    public var checkpoints: [CheckpointResult]
}
