/// Every choice of a training run, each with a default that works.
///
/// The JSON form has the same names in snake_case. The paper does not publish most of these numbers; the
/// defaults are ours.
public struct TrainingConfiguration: Codable, Sendable, Equatable {
    /// Everything random follows from it: order of videos, clips, augmentation, noise.
    public var seed: UInt64 = 1
    /// Optimiser steps of the whole run; the schedule ends with the last one.
    public var steps: Int = 2_000
    /// Videos and clips of a step.
    public var batch = BatchChoice()
    /// The loss, and how many views of a video there are.
    public var objective = ObjectiveConfiguration()
    /// How clips are taken out of a video.
    public var sampling = TemporalSampling()
    /// What is done to the pixels.
    public var augmentation = Augmentation()
    /// The rule that turns gradients into weights.
    public var optimizer = OptimizerChoice()
    /// What stays as it is.
    public var freeze = Freeze.none
    /// How decoded frames are kept on disk.
    public var cache = CacheChoice()
    /// What does not change the result: threads, how often to log and to save.
    public var operation = Operation()

    /// All defaults.
    public init() {}

    /// Parts of the network that are not trained.
    public enum Freeze: String, Codable, Sendable {
        /// Everything learns.
        case none
        /// Only the head learns; the backbone runs as at inference, with its running statistics.
        case backbone
    }
}

/// The shape of one step's batch: `videos` × the objective's views mixtures of `clips` clips each.
public struct BatchChoice: Codable, Sendable, Equatable {
    /// B, videos a step; reduced to the number of videos there are.
    public var videos: Int = 16
    /// N, clips of a mixture.
    public var clips: Int = 2
    /// The part of a step's videos that is made of still pictures; 0 mixes both by their numbers, which lets
    /// a large collection of pictures crowd out the videos.
    public var stillShare: Double = 0
    /// All defaults.
    public init() {}
}

/// The optimiser and its schedule.
public struct OptimizerChoice: Codable, Sendable, Equatable {
    /// Which rule.
    public enum Kind: String, Codable, Sendable {
        /// Stochastic gradient descent with momentum.
        case sgd
        /// Adam with decoupled weight decay.
        case adamw
    }
    /// Which rule.
    public var kind = Kind.adamw
    /// The highest learning rate, reached at the end of the warm-up.
    public var learningRate: Double = 1e-3
    /// Steps over which the rate rises linearly.
    public var warmupSteps: Int = 100
    /// μ of SGD.
    public var momentum: Double = 0.9
    /// β₁ of AdamW.
    public var beta1: Double = 0.9
    /// β₂ of AdamW.
    public var beta2: Double = 0.999
    /// ε of AdamW.
    public var epsilon: Double = 1e-8
    /// On tensors of two and more dimensions only, never on biases, norms, and the objective's own numbers.
    public var weightDecay: Double = 1e-2
    /// Largest global L2 norm of the gradient; 0 does not clip.
    public var clipNorm: Double = 5
    /// Decay of the exponential moving average of the weights; 0 keeps none.
    public var averageDecay: Double = 0
    /// All defaults.
    public init() {}
}

/// How decoded frames are kept.
public struct CacheChoice: Codable, Sendable, Equatable {
    /// Pixels of a cached frame, from which crops are taken.
    public var width: Int = 128
    /// Pixels of a cached frame, from which crops are taken.
    public var height: Int = 128
    /// Seconds from one cached frame to the next; 0 takes the clip's own (duration / frames).
    public var interval: Double = 0
    /// Seconds of a video that are cached, from its beginning; 0 caches it all.
    public var maximumSeconds: Double = 600
    /// Pixels a side of a cached still picture, larger because a moving crop travels through it.
    public var stillSize: Int = 256
    /// Wall-clock seconds after which a file is given up.
    public var timeLimit: Double = 600
    /// All defaults.
    public init() {}
}

/// What may change between a run and its continuation without changing the result.
public struct Operation: Codable, Sendable, Equatable {
    /// Threads that prepare the next batch.
    public var loaderThreads: Int = 1
    /// Files decoded at once while the cache is built.
    public var decoderThreads: Int = 2
    /// Steps from one line of the log to the next.
    public var logEvery: Int = 10
    /// Steps from one checkpoint to the next; 0 saves at the end and on interrupt only.
    public var checkpointEvery: Int = 200
    /// Steps from one model folder that is kept to the next; 0 keeps the last one only.
    public var keepEvery: Int = 0
    /// All defaults.
    public init() {}
}
