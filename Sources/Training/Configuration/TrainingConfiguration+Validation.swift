extension TrainingConfiguration {
    /// Throws `.invalidConfiguration` with the first choice that cannot be.
    public func validate() throws(TrainingError) {
        try require(steps >= 1, "steps", "must be at least 1, is \(steps)")
        try require(seed <= UInt64(Int.max), "seed", "must be below 2^63, is \(seed)")
        try batch.validate()
        do {
            try objective.validate()
        } catch {
            throw .invalidConfiguration(field: "objective", problem: error.description)
        }
        try require(
            objective.nceWeight == 0 || objective.views * batch.clips >= 2, "batch.clips",
            "the baseline loss needs at least two clips of a video in a batch")
        try optimizer.validate(steps: steps)
        try sampling.validate()
        try augmentation.validate()
        try cache.validate()
        try require(operation.loaderThreads >= 1, "operation.loader_threads", "must be at least 1")
        try require(operation.decoderThreads >= 1, "operation.decoder_threads", "must be at least 1")
        try require(operation.logEvery >= 1, "operation.log_every", "must be at least 1")
        try require(operation.checkpointEvery >= 0, "operation.checkpoint_every", "must not be negative")
        try require(operation.keepEvery >= 0, "operation.keep_every", "must not be negative")
    }
}

func require(_ holds: Bool, _ field: String, _ problem: String) throws(TrainingError) {
    if !holds { throw .invalidConfiguration(field: field, problem: problem) }
}

/// Both ends count; NaN is never within.
func require(_ value: Double, in range: ClosedRange<Double>, _ field: String) throws(TrainingError) {
    try require(
        range.contains(value), field,
        "must be from \(range.lowerBound) to \(range.upperBound), is \(value)")
}

extension BatchChoice {
    func validate() throws(TrainingError) {
        try require(
            videos >= 2, "batch.videos",
            "must be at least 2, is \(videos): a video needs another one to be contrasted with")
        try require((1...1024).contains(clips), "batch.clips", "must be from 1 to 1024, is \(clips)")
        try require(videos <= 65_536, "batch.videos", "must be at most 65536, is \(videos)")
        try require(stillShare, in: 0...1, "batch.still_share")
    }
}

extension OptimizerChoice {
    func validate(steps: Int) throws(TrainingError) {
        try require(
            learningRate > 0 && learningRate.isFinite, "optimizer.learning_rate",
            "must be positive, is \(learningRate)")
        try require(
            warmupSteps >= 0 && warmupSteps <= steps, "optimizer.warmup_steps",
            "must be from 0 to the number of steps (\(steps)), is \(warmupSteps)")
        try require(momentum, in: 0...0.9999, "optimizer.momentum")
        try require(beta1, in: 0...0.9999999, "optimizer.beta1")
        try require(beta2, in: 0...0.9999999, "optimizer.beta2")
        try require(epsilon, in: 1e-16...1, "optimizer.epsilon")
        try require(weightDecay, in: 0...10, "optimizer.weight_decay")
        try require(
            clipNorm >= 0 && clipNorm.isFinite, "optimizer.clip_norm",
            "must not be negative, is \(clipNorm)")
        try require(averageDecay, in: 0...0.9999999, "optimizer.average_decay")
    }
}

extension CacheChoice {
    func validate() throws(TrainingError) {
        try require((16...1024).contains(width), "cache.width", "must be from 16 to 1024, is \(width)")
        try require((16...1024).contains(height), "cache.height", "must be from 16 to 1024, is \(height)")
        try require(
            (16...2048).contains(stillSize), "cache.still_size", "must be from 16 to 2048, is \(stillSize)")
        try require(interval, in: 0...60, "cache.interval")
        try require(
            interval == 0 || interval >= 0.005, "cache.interval",
            "must be 0 or at least 0.005, is \(interval)")
        try require(maximumSeconds, in: 0...1e6, "cache.maximum_seconds")
        try require(timeLimit, in: 1...1e6, "cache.time_limit")
    }
}
