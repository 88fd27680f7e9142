import Base
import Distributions

import Glibc

/// The loop: batch, forward, loss, backward, clip, step; with log, curves, checkpoints and kept models.
///
/// The output folder gets `checkpoint.safetensors`, `training.json` (the configuration), `log.jsonl` and
/// `curves.svg`; the final model is written by a hook. One thread runs it; the loader has its own.
public final class TrainingRun {
    /// Every choice.
    public let configuration: TrainingConfiguration
    /// Which clips make a step.
    public let plan: BatchPlan
    /// Where the files go.
    public let folder: String
    private let encoder: any TrainableEncoder
    private let objective: PaperObjective
    private let hooks: TrainingHooks
    private let record: TrainingRecord?
    private let state: TrainingState
    private let schedule: LearningRateSchedule
    private let mu: FloatStorage
    private let s: FloatStorage
    private let dMu: FloatStorage
    private let dS: FloatStorage
    private var stepsDone = 0
    /// Steps of the newest checkpoint in the folder, where this run knows of one.
    private var stepsSaved: Int?
    private var last: TrainingProgress?

    /// Where the state of a run in `folder` is.
    public static func checkpointPath(folder: String) -> String { "\(folder)/checkpoint.safetensors" }

    /// Where `keep_every` puts the model of a step; the names sort as the steps do.
    static func keptModelPath(folder: String, step: Int) -> String {
        let digits = String(step)
        return "\(folder)/steps/step-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    /// Prepares a run; nothing is written yet.
    ///
    /// - Parameters:
    ///   - folder: made where it is not there yet, when the run starts.
    ///   - record: what `training.json` says of the run beside its choices.
    public init(
        configuration: TrainingConfiguration, plan: BatchPlan, encoder: any TrainableEncoder,
        objective: PaperObjective, folder: String, hooks: TrainingHooks = TrainingHooks(),
        record: TrainingRecord? = nil
    ) throws(TrainingError) {
        try configuration.validate()
        precondition(
            plan.frames == encoder.frames && plan.height == encoder.height && plan.width == encoder.width,
            "the clips must be what the network takes")
        self.configuration = configuration
        self.plan = plan
        self.folder = folder
        self.encoder = encoder
        self.objective = objective
        self.hooks = hooks
        self.record = record
        encoder.freeze(configuration.freeze)
        let own = encoder.parameters
        let parameters = own + objective.parameters
        let choice = configuration.optimizer
        state = TrainingState(
            configuration: configuration, encoder: encoder, parameters: parameters,
            encoderParameterCount: own.count, optimizer: choice.makeOptimizer(for: parameters),
            average: choice.averageDecay > 0
                ? WeightAverage(parameters: own, decay: choice.averageDecay) : nil,
            dataFingerprint: plan.dataFingerprint)
        schedule = LearningRateSchedule(
            peak: choice.learningRate, warmupSteps: choice.warmupSteps, totalSteps: configuration.steps)
        let values = plan.layout.rows * encoder.dimension
        mu = FloatStorage(count: values)
        s = FloatStorage(count: values)
        dMu = FloatStorage(count: values)
        dS = FloatStorage(count: values)
    }

    /// Bytes that the run takes beside the cache: weights, gradients, optimiser, batches, the loss and, where the
    /// encoder knows it, its workspace.
    public var memoryBytes: Int {
        let learned = state.parameters.reduce(0) { $0 + ($1.isFrozen ? 0 : $1.value.count) }
        let all = state.parameters.reduce(0) { $0 + $1.value.count }
        let copies = state.optimizer.slots.count + (state.average == nil ? 0 : 1)
        return 4 * (2 * all + copies * learned) + 2 * plan.batchBytes + 16 * mu.buffer.count
            + objective.workspaceBytes(layout: plan.layout, dimension: encoder.dimension)
            + (encoder.workspaceBytes(count: plan.layout.rows) ?? 0)
    }

    /// Continues at the folder's checkpoint: bit for bit as if it had not been interrupted, where videos,
    /// processor and number of threads are the same.
    public func resume() throws(TrainingError) {
        let path = Self.checkpointPath(folder: folder)
        let (step, note) = try state.load(from: path)
        stepsDone = step
        stepsSaved = step
        if let note { hooks.note(note) }
        hooks.note("resumed at step \(step) of \(configuration.steps)")
    }

    /// Trains to the last step, or until it is cancelled. A run that was not resumed throws `.checkpointExists`
    /// where the folder holds an earlier run's checkpoint.
    public func run() throws -> TrainingSummary {
        let checkpoint = Self.checkpointPath(folder: folder)
        if stepsSaved == nil && Path.exists(checkpoint) {
            throw TrainingError.checkpointExists(path: checkpoint)
        }
        try OutputFiles.makeFolder(folder)
        try announce()
        try OutputFiles.write(
            configuration.json(with: record) + "\n", to: TrainingRecord.path(folder: folder))
        let log = try TrainingLog(path: folder + "/log.jsonl", resumingAt: stepsDone)
        // A run that was resumed after its last step makes none, and its model says what the log does of that.
        if last == nil { last = log.progress(ofStep: stepsDone, total: configuration.steps) }
        let loader = BatchLoader(
            plan: plan, threads: configuration.operation.loaderThreads, lastStep: configuration.steps - 1)
        let operation = configuration.operation
        var clock = Clock(step: stepsDone)
        hooks.stepped(stepsDone, configuration.steps)
        while stepsDone < configuration.steps {
            if hooks.isCancelled() {
                try save()
                try draw(log)
                return summary(isInterrupted: true)
            }
            var progress = try step(loader)
            hooks.stepped(stepsDone, configuration.steps)
            let isLast = stepsDone == configuration.steps
            if stepsDone % operation.logEvery == 0 || isLast {
                clock.report(&progress, clipsPerStep: plan.layout.rows)
                last = progress
                try log.append(progress)
                hooks.progress(progress)
            }
            if operation.keepEvery > 0 && stepsDone % operation.keepEvery == 0 {
                try write(to: Self.keptModelPath(folder: folder, step: stepsDone))
            }
            if operation.checkpointEvery > 0 && stepsDone % operation.checkpointEvery == 0 && !isLast {
                try save()
                try draw(log)
            }
        }
        if stepsSaved != stepsDone { try save() }
        try draw(log)
        try write(to: folder)
        return summary(isInterrupted: false)
    }
}

extension TrainingRun {
    /// One step; `progress` lacks the times.
    private func step(_ loader: BatchLoader) throws -> TrainingProgress {
        let number = stepsDone
        let batch = loader.batch(step: number)
        let layout = plan.layout
        let parameters = state.parameters
        Gradients.clear(parameters)
        try encoder.forward(clips: batch, count: layout.rows, mu: mu.buffer, s: s.buffer)
        let report: ObjectiveReport
        do throws(NonFiniteTerm) {
            report = try objective.evaluate(
                mu: UnsafeBufferPointer(mu.buffer), s: UnsafeBufferPointer(s.buffer),
                dimension: encoder.dimension, layout: layout,
                noiseSeed: RandomKey.mix(configuration.seed, .objective, UInt64(number)), dMu: dMu.buffer,
                dS: dS.buffer)
        } catch {
            throw broken(number, "the loss term \(error.term.rawValue)")
        }
        for term in report.terms where !term.value.isFinite {
            throw broken(number, "the loss term \(term.name)")
        }
        guard report.total.isFinite else { throw broken(number, "the loss") }
        try encoder.backward(dMu: UnsafeBufferPointer(dMu.buffer), dS: UnsafeBufferPointer(dS.buffer))
        let norm = Gradients.clip(parameters, maximum: configuration.optimizer.clipNorm)
        guard norm.isFinite else {
            let name = Gradients.firstNonFinite(parameters) ?? "all parameters"
            throw broken(number, "the gradient of \(name)")
        }
        let rate = schedule.rate(step: number)
        state.optimizer.step(learningRate: rate)
        state.average?.update(step: number)
        stepsDone += 1
        let sum = s.buffer.reduce(0.0) { $0 + Double($1) }
        return TrainingProgress(
            step: stepsDone, total: configuration.steps, loss: report.total, terms: report.terms,
            meanLogVariance: sum / Double(s.buffer.count), positivesPerAnchor: report.positivesPerAnchor,
            learningRate: rate, gradientNorm: norm, clipsPerSecond: 0, secondsLeft: 0)
    }

    private func broken(_ step: Int, _ term: String) -> TrainingError {
        let path = Self.checkpointPath(folder: folder)
        return .nonFinite(step: step + 1, term: term, checkpoint: stepsSaved == nil ? nil : path)
    }

    /// A step may break the weights after the loss was still sound; such a state must not take a good one's place.
    package func save() throws(TrainingError) {
        if let name = state.firstNonFinite { throw broken(max(0, stepsDone - 1), "the tensor \(name)") }
        try state.save(step: stepsDone, to: Self.checkpointPath(folder: folder))
        stepsSaved = stepsDone
    }

    /// Writes the model as it is now, averaged where there is an average.
    private func write(to path: String) throws {
        guard let writeModel = hooks.writeModel else { return }
        let summary = summary(isInterrupted: false)
        guard let average = state.average else { return try writeModel(summary, path) }
        try average.withAverages { try writeModel(summary, path) }
    }

    private func draw(_ log: TrainingLog) throws(TrainingError) {
        let curves = TrainingLog.curves(log.path)
        let losses = ["loss"] + (last?.terms.map(\.name) ?? ["soft", "stochastic", "kl", "nce"])
        let speeds = ["clips_per_second"]
        var panels = [
            CurvePlot.Panel(title: "loss", xLabel: "step", series: curves.filter { losses.contains($0.name) })
        ]
        panels += curves.filter { !losses.contains($0.name) && !speeds.contains($0.name) }.map { curve in
            CurvePlot.Panel(title: curve.name, xLabel: "step", series: [curve])
        }
        try OutputFiles.write(CurvePlot.svg(panels), to: folder + "/curves.svg")
    }

    private func summary(isInterrupted: Bool) -> TrainingSummary {
        TrainingSummary(
            steps: stepsDone, isInterrupted: isInterrupted, layout: plan.layout, videos: plan.videos.count,
            last: last, configuration: configuration)
    }

    /// Says what the run takes, and refuses what the machine cannot give before anything of it is allocated.
    private func announce() throws(TrainingError) {
        let layout = plan.layout
        if layout.videos < configuration.batch.videos {
            hooks.note(
                "the batch has \(layout.videos) videos instead of \(configuration.batch.videos): there are no more"
            )
        }
        let needed = memoryBytes
        hooks.note(
            "\(plan.videos.count) videos, \(layout.rows) clips a step, "
                + "about \((needed + (1 << 20) - 1) >> 20) MiB of memory beside the clip cache")
        if let available = hooks.availableMemory(), needed > available {
            throw .memory(neededBytes: needed, availableBytes: available)
        }
    }

    /// Wall-clock rates.
    private struct Clock {
        private let start = Time.monotonic
        private let firstStep: Int
        private var reported: (time: Double, step: Int)

        init(step: Int) {
            firstStep = step
            reported = (start, step)
        }

        mutating func report(_ progress: inout TrainingProgress, clipsPerStep: Int) {
            let now = Time.monotonic
            let steps = Double(progress.step - reported.step)
            progress.clipsPerSecond = steps * Double(clipsPerStep) / max(1e-9, now - reported.time)
            let pace = (now - start) / Double(max(1, progress.step - firstStep))
            progress.secondsLeft = pace * Double(progress.total - progress.step)
            reported = (now, progress.step)
        }
    }
}
