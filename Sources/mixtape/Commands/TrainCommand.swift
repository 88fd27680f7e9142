import ArgumentParser
import Glibc
import NeuralNetwork
import Training
import VideoEncoding

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a model on folders of videos, without labels.",
        usage: """
            mixtape train [<options>] <FOLDER> ... --out <DIR>
            mixtape train --resume [<options>] <DIR>
            """,
        discussion: """
            Starts from random weights, or from a model with --from to adapt it to your own videos; with --freeze \
            backbone that takes minutes. Interrupt it at any time: mixtape train --resume DIR continues, where DIR is the \
            folder of --out. A larger --steps makes it train longer. \
            Writes the model, checkpoint.safetensors, log.jsonl and curves.svg into the folder of --out.

            Every choice is in training.json there. --config reads such a file, and options override it.
            """)

    @Argument(
        help: .init("Folders of videos, with the folders in them.", valueName: "FOLDER"),
        completion: .directory)
    var folders: [String] = []

    @Option(help: .init("The model folder to write.", valueName: "DIR"), completion: .directory)
    var out: String?

    @Flag(
        help:
            "Continue from the checkpoint in the folder of --out (or in FOLDER, without --out), with the same options."
    )
    var resume = false

    @Option(
        help: .init("Seed of the random weights, the norms and the batches.", valueName: "N"))
    var seed: UInt64?

    @OptionGroup(title: "Model") var model: TrainModelOptions
    @OptionGroup(title: "Data") var data: TrainDataOptions
    @OptionGroup(title: "Schedule") var schedule: TrainScheduleOptions
    @OptionGroup(title: "Objective") var objective: TrainObjectiveOptions
    @OptionGroup(title: "Augmentation") var augmentation: TrainAugmentationOptions
    @OptionGroup(title: "Running") var running: TrainRunningOptions

    func validate() throws {
        if resume, out == nil {
            guard folders.count == 1 else {
                throw ValidationError("--resume: expected the folder of a run: mixtape train --resume DIR")
            }
        } else if out?.isEmpty != false {
            throw ValidationError("--out: expected a folder")
        } else if folders.isEmpty, !resume {
            throw ValidationError("expected at least one folder")
        }
    }

    func run() throws {
        Interrupts.catchSignals()
        let display = TrainingDisplay()
        let start = ContinuousClock.now
        do {
            let session = try makeSession()
            var hooks = TrainingHooks()
            hooks.progress = display.show
            hooks.stepped = display.step
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
                        ? "hint: run the same command again to continue"
                        : "hint: mixtape train --resume \(output) continues")
                throw Interrupts.exitCode
            }
            let seconds = start.duration(to: .now) / .seconds(1)
            let report = TrainingReport(folder: output, outcome: outcome, summary: summary, seconds: seconds)
            if running.json { Terminal.data(report.json) } else { Terminal.data(report.text) }
        } catch let error as TrainingError {
            throw CommandError(message: error.description, hint: hint(error))
        } catch let error as ModelError {
            throw CommandError(message: error.description, hint: error.hint)
        }
    }

    /// The folder that is written: with --resume it may be all that is named.
    private var output: String { out ?? folders.first ?? "" }

    /// What the run in a folder was made of and its choices, for one that goes on.
    private func earlier() throws -> (record: TrainingRecord?, choices: TrainingConfiguration)? {
        let path = TrainingRecord.path(folder: output)
        guard resume, access(path, F_OK) == 0 else { return nil }
        let json = try TextFile.read(path)
        return (TrainingRecord(json: json), try TrainingConfiguration(json: json))
    }

    /// The run that goes on, or none, with the options that were given.
    private func record(_ earlier: TrainingRecord?) throws -> TrainingRecord {
        var record = earlier ?? TrainingRecord(folders: [])
        if let named = out == nil ? nil : folders, !named.isEmpty {
            record.folders = named.map(TrainingRecord.absolute)
        }
        guard !record.folders.isEmpty else {
            throw CommandError(
                message: "\(output): no training.json there names the videos of the run",
                hint:
                    "name the folder that --out had, or the videos too: mixtape train FOLDER --out DIR --resume"
            )
        }
        data.apply(to: &record)
        let start = try model.start(earlier)
        (record.preset, record.dimension, record.model) = (nil, nil, nil)
        switch start {
        case .preset(let preset, let dimension): (record.preset, record.dimension) = (preset.name, dimension)
        case .model(let folder): record.model = TrainingRecord.absolute(folder)
        }
        if let size = model.size { record.size = size }
        if let precision = running.precision { record.precision = precision.rawValue }
        return record
    }

    private func makeSession() throws -> TrainingSession {
        let earlier = try self.earlier()
        let record = try self.record(earlier?.record)
        let cache =
            record.cache ?? Settings.current.cacheFolder.map { "\($0)/clips" } ?? "\(output)/cache"
        var session = TrainingSession(
            folders: record.folders, output: output, cacheFolder: cache,
            start: try model.start(earlier?.record))
        session.cacheLimit = data.cacheLimit?.bytes ?? session.cacheLimit
        session.stillFolders = record.stills
        session.selection = try TrainDataOptions.selection(record)
        session.size = record.size
        session.threads = running.threads ?? Settings.current.processors
        session.precision = record.precision.flatMap(Precision.init(rawValue:)) ?? .automatic
        session.resumes = resume
        session.record = record

        var choices = earlier?.choices ?? TrainingConfiguration()
        if let path = running.config { choices = try TrainingConfiguration(json: try TextFile.read(path)) }
        if let seed { choices.seed = seed }
        if let freeze = model.freeze { choices.freeze = freeze }
        schedule.apply(to: &choices, keepsWarmup: running.config != nil || earlier != nil)
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
    private func hint(_ error: TrainingError) -> String {
        switch error {
        case .checkpointExists:
            "mixtape train --resume \(output) continues that run; or name another folder with --out"
        case .modelExists: "name another folder with --out; --from DIR begins with a model's weights"
        case .noCheckpoint: "name the folder that the run wrote: mixtape train --resume DIR"
        case .incompatibleCheckpoint:
            "leave these options out, as all that --resume needs is in the folder; or name another folder with --out"
        case .nonFinite: "lower --learning-rate and train into another folder with --out"
        case .memory, .encoder: "try fewer --videos or --clips"
        default: error.hint
        }
    }
}
