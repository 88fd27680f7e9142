import NeuralNetwork
import Tensors
import Training
import VideoEncoding

/// One model's network with a linear classifier on the backbone's feature, trained end to end on labelled clips: cross
/// entropy, AdamW. Works on a copy of the weights in memory; the model's folder is only read.
///
/// The head is not used. One thread uses it at a time. The same numbers of clips and threads give the same weights.
final class FineTuner {
    /// Bytes that it takes, the inference program aside, which is small.
    let memoryBytes: Int
    private let trainer: EncoderTrainer
    private let start: [String: Tensor]
    private let classifier: LinearClassifier
    private let normalizer: ClipNormalizer
    private let batch: Int
    private let features: FloatStorage
    private let gradients: FloatStorage
    private let clip: UnsafeMutableBufferPointer<UInt8>
    private let shifted: UnsafeMutableBufferPointer<UInt8>
    private var network: TrainingNetwork?
    private let model: MeasuredModel

    init(_ model: MeasuredModel, classCount: Int, batch: Int, threads: Int) throws(EvaluationError) {
        self.model = model
        self.batch = batch
        let trainer: EncoderTrainer
        do throws(ModelError) {
            trainer = try EncoderTrainer(folder: model.encoder.folder, threads: threads)
        } catch { throw .model(error) }
        self.trainer = trainer
        let configuration = trainer.configuration
        start = trainer.weights.tensors
        classifier = LinearClassifier(classCount: classCount, width: configuration.featureChannels)
        normalizer = ClipNormalizer(configuration.normalization, precision: trainer.precision)
        features = FloatStorage(count: batch * configuration.featureChannels)
        gradients = FloatStorage(count: batch * configuration.featureChannels)
        let clipBytes = configuration.inputExtent.product * 3
        let workspace: Int
        do throws(NetworkError) {
            workspace = try TrainingNetwork.requiredMemory(
                configuration.architecture, inputExtent: configuration.inputExtent, batch: batch,
                threads: threads, precision: trainer.precision)
        } catch { throw Self.failure(model, "cannot run here", error) }
        // The optimiser keeps two numbers a weight, the copy to begin each fold with one.
        memoryBytes = workspace + trainer.weights.byteCount * 5 / 2 + 2 * clipBytes
        clip = .allocate(capacity: clipBytes)
        clip.initialize(repeating: 0)
        shifted = .allocate(capacity: clipBytes)
        shifted.initialize(repeating: 0)
    }

    deinit {
        clip.deallocate()
        shifted.deallocate()
    }

    /// Pixels by which clips are shifted at most, either way: an eighth of the frame.
    var reach: SIMD2<Int> { SIMD2(trainer.width / 8, trainer.height / 8) }

    /// Trains from the model's own weights.
    ///
    /// - Parameters:
    ///   - classes: of every video.
    ///   - step: gets the steps done and the last one's loss; may throw to end it.
    /// - Returns: of each epoch, the mean loss.
    func train(
        _ plan: FineTunePlan, _ choice: FineTuneChoice, clips: ClipShelf, classes: [Int?],
        step: (Int, Double) throws(EvaluationError) -> Void
    ) throws(EvaluationError) -> [Double] {
        trainer.weights.load(start)
        classifier.reset()
        let parameters = learned
        var rule = OptimizerChoice()
        rule.learningRate = choice.learningRate
        let optimizer = rule.makeOptimizer(for: parameters)
        let schedule = LearningRateSchedule(
            peak: choice.learningRate, warmupSteps: plan.steps / 10, totalSteps: plan.steps)
        var sums = [(total: Double, count: Int)](repeating: (0, 0), count: choice.epochs)
        // Small products: threads would cost more than they bring, and the sums must not depend on their number.
        MatrixProduct.setThreads(1)
        for number in 0..<plan.steps {
            let examples = plan.examples(step: number)
            Gradients.clear(parameters)
            let losses = try pass(examples, clips, examples.map { classes[$0.video] ?? 0 })
            for (example, loss) in zip(examples, losses) {
                sums[example.epoch].total += loss
                sums[example.epoch].count += 1
            }
            let loss = losses.reduce(0, +) / Double(losses.count)
            let norm = Gradients.clip(parameters, maximum: rule.clipNorm)
            guard loss.isFinite, norm.isFinite else { throw diverged(number + 1) }
            optimizer.step(learningRate: schedule.rate(step: number))
            try step(number + 1, loss)
        }
        return sums.map { $0.total / Double(max(1, $0.count)) }
    }

    /// Forward and backward; the loss of each clip.
    private func pass(
        _ examples: [FineTunePlan.Example], _ clips: ClipShelf, _ classes: [Int]
    ) throws(EvaluationError) -> [Double] {
        let network = try prepared()
        let input = network.inputBytes
        let size = input.count / batch
        for (row, example) in examples.enumerated() {
            try clips.read(video: example.video, clip: example.clip, into: clip)
            FineTunePlan.shift(
                .init(clip), by: example.shift, width: trainer.width, height: trainer.height, into: shifted)
            normalizer.write(
                .init(shifted),
                to: UnsafeMutableRawBufferPointer(rebasing: input[row * size..<(row + 1) * size]))
        }
        do throws(NetworkError) {
            try network.forward(features.buffer)
            let losses = classifier.losses(
                .init(features.buffer), classes: classes, dFeatures: gradients.buffer)
            try network.backward(.init(gradients.buffer))
            return losses
        } catch { throw Self.failure(model, "failed", error) }
    }

    /// The likeliest class of a video: of the mean over its clips of the probabilities, the first of several.
    ///
    /// - Parameter tested: gets the number of videos done; may throw to end it.
    func classify(
        _ videos: [Int], clips: ClipShelf, tested: (Int) throws(EvaluationError) -> Void
    ) throws(EvaluationError) -> [Int] {
        let program = try inference()
        var answers: [Int] = []
        for video in videos {
            var sum: [Double] = []
            for number in 0..<clips.clipCounts[video] {
                try clips.read(video: video, clip: number, into: clip)
                normalizer.write(.init(clip), to: program.inputBytes)
                let features: [Float]
                do throws(NetworkError) { features = try program.run() } catch {
                    throw Self.failure(model, "failed", error)
                }
                let shares = features.withUnsafeBufferPointer { classifier.probabilities($0) }
                guard shares.allSatisfy(\.isFinite) else { throw diverged(nil) }
                sum = sum.isEmpty ? shares : zip(sum, shares).map { $0 + $1 }
            }
            let most = sum.max() ?? 0
            answers.append(sum.firstIndex(of: most) ?? 0)
            try tested(answers.count)
        }
        return answers
    }

    /// All that learns: the backbone and the classifier.
    private var learned: [TrainableParameter] {
        let backbone = trainer.weights.parameters.filter { !$0.name.hasPrefix("head.") }
        return (backbone + classifier.parameters.parameters).map {
            TrainableParameter(name: $0.name, shape: $0.shape, value: $0.value, gradient: $0.gradient)
        }
    }

    /// All memory of the steps, made when the first one needs it.
    private func prepared() throws(EvaluationError) -> TrainingNetwork {
        if let network { return network }
        let configuration = trainer.configuration
        do throws(NetworkError) {
            let made = try TrainingNetwork(
                configuration.architecture, parameters: trainer.weights,
                inputExtent: configuration.inputExtent, batch: batch, threads: trainer.threads,
                precision: trainer.precision)
            network = made
            return made
        } catch { throw Self.failure(model, "cannot run here", error) }
    }

    /// The present weights with their running statistics, one clip at a time.
    private func inference() throws(EvaluationError) -> InferenceProgram {
        let configuration = trainer.configuration
        let weights = ModelWeights(tensors: trainer.weights.tensors)
        let folded = ResidualNetwork(architecture: configuration.architecture) { unit in
            (weights[unit.weightName], weights.norm(unit.normName))
        }
        do throws(NetworkError) {
            return try InferenceProgram(
                folded, inputExtent: configuration.inputExtent, batch: 1, threads: trainer.threads,
                precision: trainer.precision)
        } catch { throw Self.failure(model, "cannot run here", error) }
    }

    private func diverged(_ step: Int?) -> EvaluationError {
        .videos(
            problem: "the fine-tuning of \(model.name) "
                + (step.map { "broke at step \($0): the loss or its gradient is not finite" }
                    ?? "gave probabilities that are not finite"),
            hint: "give a smaller --fine-tune-learning-rate")
    }

    private static func failure(_ model: MeasuredModel, _ what: String, _ error: NetworkError)
        -> EvaluationError
    {
        .model(ModelError(path: model.encoder.folder, message: "the network \(what): \(error.message)"))
    }
}
