/// A run's progress, reported from time to time.
public struct TrainingProgress: Sendable, Equatable {
    /// Steps done.
    public var step: Int
    /// Steps of the whole run.
    public var total: Int
    /// The loss of the last step.
    public var loss: Double
    /// Its terms.
    public var terms: [LossTerm]
    /// Mean over clips and dimensions of log σ²: the mean uncertainty.
    public var meanLogVariance: Double
    /// Positive pairs beside a mixture itself, per mixture.
    public var positivesPerAnchor: Double?
    /// Of the last step.
    public var learningRate: Double
    /// Global L2 norm of the gradient, before clipping.
    public var gradientNorm: Double
    /// Since the last report.
    public var clipsPerSecond: Double
    /// At the speed since the start or the resumption.
    public var secondsLeft: Double
}

/// What a training calls while it runs, on the thread that runs it.
public struct TrainingHooks {
    /// Every `log_every` steps, and at the end.
    public var progress: (TrainingProgress) -> Void = { _ in }
    /// Steps done and all: before the first step, and after each.
    public var stepped: (Int, Int) -> Void = { _, _ in }
    /// Files done and all while the cache is filled; from any thread, one at a time.
    public var caching: @Sendable (Int, Int) -> Void = { _, _ in }
    /// Remarks for the user, one sentence each.
    public var note: (String) -> Void = { _ in }
    /// Asked often, from any thread, and before every step; true saves a checkpoint and ends the run.
    public var isCancelled: @Sendable () -> Bool = { false }
    /// Bytes of memory that are free; nil if unknown.
    public var availableMemory: () -> Int? = { MachineMemory.availableBytes }
    /// Writes a model into the folder, with the averaged weights in place where there are any: the final one into
    /// the output folder, and those that `keep_every` asks for into `steps/step-NNNNNN` there.
    public var writeModel: ((TrainingSummary, _ folder: String) throws -> Void)?

    /// Hooks that do nothing.
    public init() {}
}

/// How a run ended.
public struct TrainingSummary: Sendable, Equatable {
    /// Steps done.
    public var steps: Int
    /// Whether the run was interrupted and can be resumed.
    public var isInterrupted: Bool
    /// Videos and clips of a step.
    public var layout: MixtureLayout
    /// Videos trained on.
    public var videos: Int
    /// Of the last step; nil where no step was made.
    public var last: TrainingProgress?
    /// Every choice.
    public var configuration: TrainingConfiguration
}
