import ArgumentParser
import Glibc
import NeuralNetwork
import Service
import Training
import VideoEncoding

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a model on folders of videos, without labels.",
        discussion: """
            From random weights, or from a model with --from, which adapts it to your own videos; with --freeze \
            backbone that takes minutes. Interrupt it whenever you like: the same command with --resume goes on. \
            The folder of --out gets the model, checkpoint.safetensors, log.jsonl and curves.svg.

            Every choice is in training.json there; --config reads such a file, and options go before it.
            """)

    @Argument(help: .init("Folders of videos, with those below them.", valueName: "FOLDER"))
    var folders: [String]

    @Option(help: .init("The model folder to write.", valueName: "DIR"))
    var out: String

    @Flag(help: "Go on at the checkpoint in the folder of --out.")
    var resume = false

    @Option(
        help: .init("Random weights and norms are set, and batches drawn, from this number.", valueName: "N"))
    var seed: UInt64?

    @OptionGroup(title: "Model") var model: TrainModelOptions
    @OptionGroup(title: "Data") var data: TrainDataOptions
    @OptionGroup(title: "Schedule") var schedule: TrainScheduleOptions
    @OptionGroup(title: "Objective") var objective: TrainObjectiveOptions
    @OptionGroup(title: "Augmentation") var augmentation: TrainAugmentationOptions
    @OptionGroup(title: "Running") var running: TrainRunningOptions

    func validate() throws {
        if folders.isEmpty { throw ValidationError("expected at least one folder") }
        if out.isEmpty { throw ValidationError("--out: expected a folder") }
    }

    func run() throws {
        Interrupts.catchSignals()
        let display = TrainingDisplay()
        let start = ContinuousClock.now
        do {
            let session = try makeSession()
            var hooks = TrainingSession.Hooks()
            hooks.progress = display.show
            hooks.caching = display.show
            hooks.note = display.note
            hooks.isCancelled = Interrupts.wereReceived
            let outcome: TrainingSession.Outcome
            do {
                defer { display.clear() }
                outcome = try session.run(hooks: hooks)
            }
            guard let summary = outcome.summary, !summary.isInterrupted else {
                Terminal.note(Self.interruption(outcome.summary))
                Terminal.note(
                    outcome.summary == nil
                        ? "hint: run the same command again to go on"
                        : "hint: the same command with --resume goes on")
                throw Interrupts.exitCode
            }
            let seconds = start.duration(to: .now) / .seconds(1)
            let report = TrainingReport(folder: out, outcome: outcome, summary: summary, seconds: seconds)
            if running.json { Terminal.data(report.json) } else { Terminal.data(report.text) }
        } catch let error as TrainingError {
            throw CommandError(message: error.description, hint: Self.hint(error))
        } catch let error as ModelError {
            throw CommandError(message: error.description, hint: error.hint)
        }
    }

    private func makeSession() throws -> TrainingSession {
        let cache = data.cache ?? Settings.current.cacheFolder.map { "\($0)/clips" } ?? "\(out)/cache"
        var session = TrainingSession(
            folders: folders, output: out, cacheFolder: cache, start: try model.start())
        session.stillFolders = data.stills
        session.selection = try data.selection()
        session.size = model.size
        session.threads = running.threads ?? Settings.current.processors
        session.precision = running.precision
        session.resumes = resume

        var choices = TrainingConfiguration()
        if let path = running.config { choices = try TrainingConfiguration(json: try TextFile.read(path)) }
        if let seed { choices.seed = seed }
        if let freeze = model.freeze { choices.freeze = freeze }
        schedule.apply(to: &choices, keepsWarmup: running.config != nil)
        objective.apply(to: &choices)
        augmentation.apply(to: &choices.augmentation)
        running.apply(to: &choices.operation)
        choices.operation.decoderThreads = session.threads
        session.configuration = choices
        let (isolation, threads) = (running.isolation, session.threads)
        session.clips = { isolation.clips(threads: threads) }
        return session
    }

    private static func interruption(_ summary: TrainingSummary?) -> String {
        guard let summary else { return "interrupted before the first step; the decoded clips are kept" }
        return
            "interrupted after \(summary.steps) of \(summary.configuration.steps) steps; the checkpoint is saved"
    }

    /// The library's words with the options' names, where there is an option.
    private static func hint(_ error: TrainingError) -> String {
        switch error {
        case .checkpointExists: "--resume continues that run; or name another folder with --out"
        case .modelExists: "name another folder with --out; --from DIR begins with a model's weights"
        case .noCheckpoint: "leave --resume out, or name the folder of the interrupted run with --out"
        case .incompatibleCheckpoint: "give the same options as before, or name another folder with --out"
        case .nonFinite: "lower --learning-rate and train into another folder with --out"
        case .memory, .encoder: "try fewer --videos or --clips"
        default: error.hint
        }
    }
}
