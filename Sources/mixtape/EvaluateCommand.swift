import ArgumentParser
import Base
import Evaluation

extension PublishedSplit: ExpressibleByArgument {}

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure a model on labelled videos.",
        discussion: """
            VIDEOS is a folder with a folder for each class, or a CSV file with the columns path, label and, if \
            wanted, split (query or gallery). Takes ten clips per video. Each video is a query for the others of its class \
            (leave-one-out), or the queries search the gallery if there is a split. Prints Markdown tables: \
            recall@k and mean average precision by the backbone's mean, by μ_V and by the distribution, beside \
            random weights, a colour histogram and chance.

              mixtape evaluate labels.csv --model models/mine --probe --bootstrap 10000 --work features --out report
              mixtape evaluate UCF-101 --protocol ucf101 --split 1 --splits-folder ucfTrainTestlist
              mixtape evaluate labels.csv --model models/mine --fine-tune --work features
            """)

    @Argument(help: .init("A folder of folders, or a CSV file.", valueName: "VIDEOS"), completion: .file())
    var videos: String

    @Option(
        name: .customLong("model"), parsing: .singleValue,
        help: .init(
            "A model folder; may be given several times. (default: MIXTAPE_MODEL, else the one named default)",
            valueName: "DIR"), completion: .directory)
    var models: [String] = []

    @Option(
        help: .init(
            "Videos to find, as a folder or CSV file; VIDEOS are then only queries.", valueName: "VIDEOS"),
        completion: .file()
    )
    var gallery: String?

    @Option(help: .init("Read published split files: ucf101 or hmdb51.", valueName: "NAME"))
    var `protocol`: PublishedSplit?

    @Option(help: .init("Which published split: 1, 2 or 3.", valueName: "N"))
    var split = 1

    @Option(
        help: .init("The folder of the split files, for --protocol.", valueName: "DIR"),
        completion: .directory)
    var splitsFolder: String?

    @Option(
        name: .customLong("folder"), parsing: .singleValue,
        help: .init("Take only videos below this folder of VIDEOS; may be repeated.", valueName: "NAME"))
    var folders: [String] = []

    @Option(
        parsing: .singleValue,
        help: .init(
            "Leave out videos that a pattern such as '*_flipped*' matches; may be repeated.",
            valueName: "GLOB"))
    var exclude: [PathPattern] = []

    @Flag(help: "Keep videos without a label in the gallery.")
    var distractors = false

    @Option(
        help: .init(
            "A query does not see videos of its own source: those for which the first group of this regular "
                + "expression matches the same in the file name.", valueName: "REGEX"))
    var maskSameSource: String?

    @Option(
        help: .init(
            "A query does not see videos whose colour histogram is nearer than this (0 to 1); these stay in one fold too.",
            valueName: "D"
        ))
    var maskNearCopies: Double?

    @Option(help: .init("Clips per video, spread evenly.", valueName: "N"))
    var clips = 10

    @Flag(help: "Leave out random weights, colour histogram and chance.")
    var noBaselines = false

    @Option(help: .init("Seed of the random weights.", valueName: "N"))
    var randomSeed: UInt64 = 1

    @Flag(help: "Fit linear classifiers on frozen features.")
    var probe = false

    @Flag(
        help: .init(
            "Train each model's network, with a linear classifier on the backbone's feature, end to end on the "
                + "labels, and test it. Works in memory; the model stays as it is."))
    var fineTune = false

    @Option(help: .init("Epochs of --fine-tune: how often it takes each training video.", valueName: "N"))
    var fineTuneEpochs = FineTuneChoice().epochs

    @Option(help: .init("The highest learning rate of --fine-tune.", valueName: "X"))
    var fineTuneLearningRate = FineTuneChoice().learningRate

    @Option(help: .init("Clips per step of --fine-tune; more take more memory.", valueName: "N"))
    var fineTuneBatch = FineTuneChoice().batch

    @Option(
        help: .init("Folds of --probe and --fine-tune, where the videos are not split.", valueName: "K"))
    var folds = 5

    @Option(help: .init("L2 penalty of the linear probe.", valueName: "X"))
    var penalty = 0.01

    @Flag(help: "Measure recall as uncertainty is raised.")
    var uncertainty = false

    @Option(
        help: .init(
            "A folder of model folders, in the order of the number in their names: mean uncertainty against "
                + "recall@1 over training.", valueName: "DIR"), completion: .directory)
    var checkpoints: String?

    @Option(
        help: .init(
            "Resampled sets of queries, for the significance of differences; 0 for none.", valueName: "N"))
    var bootstrap = 0

    @Option(help: .init("Seed of folds, samples, resampling and fine-tuning.", valueName: "N"))
    var seed: UInt64 = 1

    @Option(
        help: .init("Keep features here, so that an interrupted run can continue.", valueName: "DIR"),
        completion: .directory)
    var work: String?

    @Option(
        help: .init("Write tables (CSV, JSON, Markdown) and plots (SVG) here.", valueName: "DIR"),
        completion: .directory)
    var out: String?

    @Option(help: .init("Videos read side by side. (default: by the processors)", valueName: "N"))
    var workers: Int?

    @Option(help: .init("Give up on a file after this many seconds.", valueName: "S"))
    var timeLimit = 600.0

    @OptionGroup var isolation: IsolationOption

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard (1...1000).contains(clips) else { throw ValidationError("--clips: expected 1 to 1000") }
        guard (2...1000).contains(folds) else { throw ValidationError("--folds: expected 2 to 1000") }
        guard (1...10_000).contains(fineTuneEpochs) else {
            throw ValidationError("--fine-tune-epochs: expected 1 to 10000")
        }
        guard fineTuneLearningRate > 0, fineTuneLearningRate <= 10 else {
            throw ValidationError("--fine-tune-learning-rate: expected more than 0, at most 10")
        }
        guard (2...1024).contains(fineTuneBatch) else {
            throw ValidationError("--fine-tune-batch: expected 2 to 1024")
        }
        guard penalty >= 0, penalty.isFinite else { throw ValidationError("--penalty: expected 0 or more") }
        guard (0...1_000_000).contains(bootstrap) else {
            throw ValidationError("--bootstrap: expected 0 to 1000000")
        }
        guard bootstrap == 0 || !noBaselines || models.count > 1 else {
            throw ValidationError("--bootstrap: expected baselines or a second --model to compare with")
        }
        if let maskNearCopies, !(0...1).contains(maskNearCopies) {
            throw ValidationError("--mask-near-copies: expected 0 to 1")
        }
        if let workers, !(1...1024).contains(workers) {
            throw ValidationError("--workers: expected 1 to 1024")
        }
        guard timeLimit > 0, timeLimit.isFinite else {
            throw ValidationError("--time-limit: expected more than 0")
        }
        guard (1...3).contains(split) else { throw ValidationError("--split: expected 1, 2 or 3") }
        guard (`protocol` == nil) == (splitsFolder == nil) else {
            throw ValidationError("--protocol and --splits-folder go together")
        }
        guard `protocol` == nil || gallery == nil else {
            throw ValidationError("--gallery: the protocol has a gallery already")
        }
    }

    func run() throws {
        Interrupts.catchSignals()
        let display = EncodingDisplay()
        do throws(EvaluationError) {
            let hooks = EvaluationHooks(
                progress: { display.show($0) }, fineTuning: { display.show($0) },
                note: {
                    display.clear()
                    Terminal.note($0)
                }, isCancelled: Interrupts.wereReceived)
            let report = try Evaluation.run(try labelledVideos(), try request(), hooks: hooks)
            display.clear()
            for skipped in report.facts.skipped {
                Terminal.note(
                    "warning: \(Terminal.printable(skipped.name)): \(Terminal.printable(skipped.error.detail))"
                )
            }
            // First what cannot fail: hours of work are in it.
            Terminal.data(json ? report.json(indent: Settings.current.outputIsTerminal) : report.markdown)
            if let out {
                let files = try report.write(to: out)
                Terminal.note("wrote \(files.count) files to \(out)")
            }
        } catch {
            display.clear()
            if error == .cancelled {
                if work != nil { Terminal.hint("run the same command again to continue") }
                throw Interrupts.exitCode
            }
            throw CommandError(message: error.message, hint: error.hint)
        }
    }

    private func labelledVideos() throws(EvaluationError) -> LabelledVideos {
        var found: LabelledVideos
        if let `protocol`, let splitsFolder {
            found = try `protocol`.read(number: split, folder: splitsFolder, videosIn: videos)
        } else {
            found = try LabelledVideos(path: videos)
        }
        let filter = LabelledVideoFilter(folders: folders, excluded: exclude, keepsDistractors: distractors)
        found = filter.apply(found)
        guard let gallery else { return found }
        // Folders of VIDEOS say nothing of another collection's.
        let other = LabelledVideoFilter(excluded: exclude, keepsDistractors: distractors)
        return found.queries(against: other.apply(try LabelledVideos(path: gallery)))
    }

    private func request() throws(EvaluationError) -> EvaluationRequest {
        let named = models.isEmpty ? [Places.model(nil).path] : models.map { Places.model($0).path }
        var request = EvaluationRequest(models: named, checkpoints: checkpoints)
        request.clipCount = clips
        request.sourcePattern = maskSameSource
        request.nearCopyDistance = maskNearCopies
        request.measuresBaselines = !noBaselines
        request.randomSeed = randomSeed
        request.probes = probe
        request.foldCount = folds
        if fineTune {
            var choice = FineTuneChoice()
            choice.epochs = fineTuneEpochs
            choice.learningRate = fineTuneLearningRate
            choice.batch = fineTuneBatch
            request.fineTune = choice
        }
        request.probePenalty = penalty
        request.analysesUncertainty = uncertainty
        request.bootstrapDraws = bootstrap
        request.seed = seed
        request.workers = workers ?? Settings.current.processors
        request.source = isolation.clips(threads: request.workers)
        request.timeLimit = timeLimit
        request.workFolder = work
        return request
    }
}

/// The progress of encoding and fine-tuning on standard error.
private struct EncodingDisplay {
    private let encoding = StatusLine(admitsFirst: true)
    private let tuning = StatusLine(admitsFirst: true)

    func show(_ progress: EvaluationProgress) {
        guard encoding.isDue() else { return }
        var text = "encoding \(progress.done)/\(progress.total) videos"
        if progress.remembered > 0 { text += ", \(progress.remembered) known" }
        if progress.failed > 0 { text += ", \(progress.failed) failed" }
        if let left = progress.secondsLeft { text += ", \(TimeText.rough(left)) left" }
        encoding.show(text)
    }

    func show(_ progress: FineTuneProgress) {
        guard tuning.isDue() else { return }
        var text = "fine-tuning \(Terminal.printable(progress.model)), "
        if progress.folds > 1 { text += "fold \(progress.fold)/\(progress.folds), " }
        if progress.tested > 0 {
            text += "\(progress.tested)/\(progress.tests) videos tested"
        } else {
            text +=
                "step \(progress.step)/\(progress.steps), loss \(progress.loss.fixed(3))"
        }
        if let left = progress.secondsLeft { text += ", \(TimeText.rough(left)) left" }
        tuning.show(text)
    }

    /// Takes the redrawn line away.
    func clear() { encoding.clear() }
}
