/// How the whole network is trained on labels.
public struct FineTuneChoice: Sendable, Equatable {
    /// How often each training video comes; each time another of its clips may.
    public var epochs = 20
    /// The highest learning rate of AdamW: it rises over the first tenth of the steps and then falls by a half cosine.
    public var learningRate = 1e-3
    /// Clips a step; fewer where a fold has fewer training videos.
    public var batch = 16

    /// Defaults that work for some dozen videos as for some thousand.
    public init() {}
}

/// How well the whole network, trained on labels from a model's weights, tells the classes apart.
public struct FineTuneResult: Sendable, Equatable {
    /// The model that it began with.
    public var model: String
    /// Top-1: the share of right answers over all tested videos.
    public var accuracy: Double
    /// Videos tested.
    public var tested: Int
    /// Folds; 1 where the given split was used. Each begins anew with the model's weights.
    public var folds: Int
    /// Steps of all folds.
    public var steps: Int
    /// Of each epoch, the mean cross entropy of its training clips (natural logarithm), meaned over the folds.
    public var losses: [Double]
}

/// How far a fine-tuning has come.
public struct FineTuneProgress: Sendable, Equatable {
    /// The model that it began with.
    public var model: String
    /// From 1.
    public var fold: Int
    /// Of this model.
    public var folds: Int
    /// Steps done in this fold.
    public var step: Int
    /// Steps of this fold.
    public var steps: Int
    /// Of the last step.
    public var loss: Double
    /// Videos tested in this fold.
    public var tested: Int
    /// Videos to test in this fold.
    public var tests: Int
    /// Seconds since this model's first step.
    public var elapsed: Double

    /// Until this model's last step, at the speed so far; tests come beside that.
    public var secondsLeft: Double? {
        let done = (fold - 1) * steps + step
        return done > 0 ? elapsed / Double(done) * Double(folds * steps - done) : nil
    }
}
