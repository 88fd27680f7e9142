import Base
import Glibc
import VideoEncoding

/// Fine-tunes the models of one measurement, each fold from the model's own weights.
struct FineTuning {
    let request: EvaluationRequest
    let choice: FineTuneChoice
    let hooks: EvaluationHooks
    let videos: [LabelledVideo]
    let folds: ClassificationFolds
    /// Decoded for the models before, with their frames and size.
    var shelves: [(configuration: ModelConfiguration, clips: ClipShelf)] = []
    var known: [(fingerprint: String, result: FineTuneResult)] = []

    mutating func run(_ model: MeasuredModel) throws(EvaluationError) -> FineTuneResult {
        // Equal models learn alike.
        if var same = known.first(where: { $0.fingerprint == model.encoder.fingerprint })?.result {
            same.model = model.name
            return same
        }
        let smallest = folds.folds.map(\.train.count).min() ?? 1
        let batch = max(1, min(choice.batch, smallest))
        let tuner = try FineTuner(
            model, classCount: folds.classCount, batch: batch, threads: request.workers)
        hooks.note(
            "fine-tuning \(model.name): \(folds.folds.count) \(folds.folds.count == 1 ? "fold" : "folds"), "
                + "\(choice.epochs) epochs in steps of \(batch) clips, about \(Self.mebibytes(tuner.memoryBytes)) "
                + "MiB of memory")
        let clips = try shelf(for: model)
        var losses = [Double](repeating: 0, count: choice.epochs)
        var (right, tested, steps) = (0, 0, 0)
        let start = Time.monotonic
        for (number, fold) in folds.folds.enumerated() {
            let plan = FineTunePlan(
                train: fold.train, clipCounts: clips.clipCounts, epochs: choice.epochs, batch: batch,
                reach: tuner.reach, seed: "fine-tuning \(request.seed), fold \(number)")
            var progress = FineTuneProgress(
                model: model.name, fold: number + 1, folds: folds.folds.count, step: 0, steps: plan.steps,
                loss: 0, tested: 0, tests: fold.test.count, elapsed: 0)
            let means = try tuner.train(plan, choice, clips: clips, classes: folds.classes) {
                (step, loss) throws(EvaluationError) in
                (progress.step, progress.loss, progress.elapsed) = (step, loss, Time.monotonic - start)
                try tell(progress)
            }
            let answers = try tuner.classify(fold.test, clips: clips) { (done) throws(EvaluationError) in
                (progress.tested, progress.elapsed) = (done, Time.monotonic - start)
                try tell(progress)
            }
            right += zip(fold.test, answers).count { folds.classes[$0] == $1 }
            tested += fold.test.count
            steps += plan.steps
            for epoch in losses.indices { losses[epoch] += means[epoch] / Double(folds.folds.count) }
        }
        let result = FineTuneResult(
            model: model.name, accuracy: Double(right) / Double(max(1, tested)), tested: tested,
            folds: folds.folds.count, steps: steps, losses: losses)
        known.append((model.encoder.fingerprint, result))
        return result
    }

    private func tell(_ progress: FineTuneProgress) throws(EvaluationError) {
        hooks.fineTuning(progress)
        guard !hooks.isCancelled() else { throw .cancelled }
    }

    /// The clips that the features were made of.
    private mutating func shelf(for model: MeasuredModel) throws(EvaluationError) -> ClipShelf {
        let configuration = model.encoder.configuration
        if let made = shelves.first(where: { FeatureExtractor.share($0.configuration, configuration) }) {
            return made.clips
        }
        let wanted = Set(folds.folds.flatMap { $0.train + $0.test }).sorted()
        let clips = UniformClips(
            count: request.clipCount, plan: configuration.plan, geometry: configuration.geometry,
            source: request.source, timeLimit: request.timeLimit, isCancelled: hooks.isCancelled)
        let folder = request.workFolder ?? TemporaryModel.place
        let most = wanted.count * request.clipCount * configuration.inputExtent.product * 3
        hooks.note(
            "decoding the clips of \(wanted.count) videos, up to \(Self.mebibytes(most)) MiB in \(folder)")
        let start = Time.monotonic
        let made = try ClipShelf(
            videos, wanted: wanted, clips: clips, folder: folder, workers: request.workers
        ) { done in
            hooks.progress(
                EvaluationProgress(
                    done: done, total: wanted.count, failed: 0, remembered: 0, elapsed: Time.monotonic - start
                ))
        }
        shelves.append((configuration, made))
        return made
    }

    private static func mebibytes(_ bytes: Int) -> Int { (bytes + (1 << 20) - 1) >> 20 }
}
