import ArgumentParser
import NeuralNetwork
import Training
import VideoEncoding

extension TrainingConfiguration.Freeze: ExpressibleByArgument {}
extension OptimizerChoice.Kind: ExpressibleByArgument {}
extension ObjectiveConfiguration.UncertaintyWeighting: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}

/// What is trained.
struct TrainModelOptions: ParsableArguments {
    @Option(
        help: .init("slowonly18, r3d_18, mc3_18 or r2plus1d_18. (default: slowonly18)", valueName: "NAME"))
    var preset: String?

    @Option(help: .init("Channels of the first stage, for slowonly18. (default: 32)", valueName: "N"))
    var width: Int?

    @Option(help: .init("Width of the embedding. (default: 256)", valueName: "D"))
    var dimension: Int?

    @Option(
        name: .customLong("from"), help: .init("Start with the weights of this model.", valueName: "MODEL"),
        completion: .directory)
    var model: String?

    @Option(help: .init("Part that does not learn: none or backbone.", valueName: "PART"))
    var freeze: TrainingConfiguration.Freeze?

    @Option(
        help: .init(
            "Width and height of the clips in training, in pixels; the model keeps its own size. (default: the model's)",
            valueName: "S"))
    var size: Int?

    private var named: ModelPreset {
        get throws { try ModelPreset(preset ?? "slowonly18", width: width) }
    }

    func validate() throws {
        if model != nil, preset != nil || width != nil || dimension != nil {
            throw ValidationError("--from: the model already determines --preset, --width and --dimension")
        }
        _ = try named
        guard (2...4096).contains(dimension ?? 256) else {
            throw ValidationError("--dimension: expected 2 to 4096")
        }
        guard (16...1024).contains(size ?? 64) else { throw ValidationError("--size: expected 16 to 1024") }
    }

    /// - Parameter record: of the run that goes on, where no option says otherwise.
    func start(_ record: TrainingRecord?) throws -> TrainingSession.Start {
        if let model { return .model(folder: model) }
        if preset == nil, width == nil, let record {
            if let model = record.model { return .model(folder: model) }
            if let known = record.preset.flatMap(ModelPreset.init(name:)) {
                return .preset(known, dimension: dimension ?? record.dimension ?? 256)
            }
        }
        return .preset(try named, dimension: dimension ?? 256)
    }
}

/// What it is trained on.
struct TrainDataOptions: ParsableArguments {
    @Option(
        help: .init("A folder of pictures to make videos of. May be repeated.", valueName: "FOLDER"),
        completion: .directory)
    var stills: [String] = []

    @Option(
        help: .init(
            "Leave out each video where FNV-1a (64 bits) of its file name is a multiple of N: about one in N.",
            valueName: "N"))
    var holdOut: Int?

    @Option(
        help: .init(
            "Leave out the videos listed in this file: names, or ends of paths, one per line.",
            valueName: "LIST"), completion: .file())
    var excludeFile: [String] = []

    @Option(
        help: .init(
            "Where decoded clips are kept. (default: mixtape/clips in the user's cache folder)",
            valueName: "DIR"), completion: .directory)
    var cache: String?

    @Option(
        help: .init(
            "Keep DIR below this size, such as 500M or 20G, by removing the clips that were unused for longest; 0 "
                + "keeps none. (default: 20G)", valueName: "SIZE"))
    var cacheLimit: SizeArgument?

    func validate() throws {
        if let holdOut, holdOut < 2 { throw ValidationError("--hold-out: expected 2 or more") }
    }

    /// - Parameter record: holds these options by now.
    static func selection(_ record: TrainingRecord) throws(TrainingError) -> VideoSelection {
        var selection = VideoSelection()
        selection.holdOut = record.holdOut
        for path in record.excludeFiles { try selection.exclude(listAt: path) }
        return selection
    }

    func apply(to record: inout TrainingRecord) {
        if !stills.isEmpty { record.stills = stills.map(TrainingRecord.absolute) }
        if let holdOut { record.holdOut = holdOut }
        if !excludeFile.isEmpty { record.excludeFiles = excludeFile.map(TrainingRecord.absolute) }
        if let cache { record.cache = TrainingRecord.absolute(cache) }
    }
}

/// How long, how large, how fast.
struct TrainScheduleOptions: ParsableArguments {
    @Option(help: .init("Steps of the whole run. (default: 2000)", valueName: "N"))
    var steps: Int?

    @Option(help: .init("Videos per step. (default: 16)", valueName: "B"))
    var videos: Int?

    @Option(
        help: .init(
            "Share of a step's videos that is made from stills, 0 to 1. (default: by their numbers)",
            valueName: "X"))
    var stillShare: Double?

    @Option(help: .init("Clips per view of a video. (default: 2)", valueName: "N"))
    var clips: Int?

    @Option(
        help: .init(
            "Views per video in a step, each with its own clips: 1 or 2. (default: 2)", valueName: "N")
    )
    var views: Int?

    @Option(help: .init("adamw or sgd. (default: adamw)", valueName: "NAME"))
    var optimizer: OptimizerChoice.Kind?

    @Option(help: .init("The highest learning rate. (default: 0.001)", valueName: "X"))
    var learningRate: Double?

    @Option(help: .init("Steps over which the rate rises. (default: 100, at most a tenth)", valueName: "N"))
    var warmup: Int?

    @Option(help: .init("Weight decay; biases and norms have none. (default: 0.01)", valueName: "X"))
    var weightDecay: Double?

    @Option(
        help: .init(
            "Decay of a moving average of the weights, such as 0.999. (default: none)", valueName: "X"))
    var average: Double?

    /// - Parameter keepsWarmup: where a file said how long the warm-up is.
    func apply(to choices: inout TrainingConfiguration, keepsWarmup: Bool) {
        if let steps { choices.steps = steps }
        if let videos { choices.batch.videos = videos }
        if let stillShare { choices.batch.stillShare = stillShare }
        if let clips { choices.batch.clips = clips }
        if let views { choices.objective.views = views }
        if let optimizer { choices.optimizer.kind = optimizer }
        if let learningRate { choices.optimizer.learningRate = learningRate }
        if let warmup {
            choices.optimizer.warmupSteps = warmup
        } else if !keepsWarmup {
            choices.optimizer.warmupSteps = min(choices.optimizer.warmupSteps, max(0, choices.steps / 10))
        }
        if let weightDecay { choices.optimizer.weightDecay = weightDecay }
        if let average { choices.optimizer.averageDecay = average }
    }
}

/// The loss.
struct TrainObjectiveOptions: ParsableArguments {
    @Option(help: .init("Samples per mixture. (default: 8)", valueName: "K"))
    var samples: Int?

    @Option(help: .init("λ of the distance that finds positive pairs. (default: 1)", valueName: "X"))
    var lambda: Double?

    @Option(help: .init("Pairs of videos with a smaller distance are positive.", valueName: "X"))
    var tau: Double?

    @Option(
        help: .init("This share of a batch's pairs of videos is positive. (default: 0.01)", valueName: "Q"))
    var tauQuantile: Double?

    @Flag(help: "Only clips of the same video are positive.")
    var noMining = false

    @Option(
        help: .init(
            "literal, normalised or none: how uncertainty weighs pairs. (default: normalised)",
            valueName: "RULE"))
    var uncertainty: ObjectiveConfiguration.UncertaintyWeighting?

    @Option(help: .init("Weight of the KL term. (default: 0.0001)", valueName: "X"))
    var klWeight: Double?

    @Option(help: .init("0 is the probabilistic loss, 1 InfoNCE over clips. (default: 0)", valueName: "X"))
    var nceWeight: Double?

    @Option(help: .init("Temperature of InfoNCE. (default: 0.1)", valueName: "X"))
    var temperature: Double?

    func validate() throws {
        let ways = (tau == nil ? 0 : 1) + (tauQuantile == nil ? 0 : 1) + (noMining ? 1 : 0)
        if ways > 1 {
            throw ValidationError("--tau, --tau-quantile, --no-mining: expected at most one of them")
        }
    }

    func apply(to choices: inout TrainingConfiguration) {
        if let samples { choices.objective.samples = samples }
        if let lambda { choices.objective.lambda = lambda }
        if let tau { choices.objective.mining = .threshold(tau) }
        if let tauQuantile { choices.objective.mining = .quantile(tauQuantile) }
        if noMining { choices.objective.mining = .off }
        if let uncertainty { choices.objective.uncertainty = uncertainty }
        if let klWeight { choices.objective.klWeight = klWeight }
        if let nceWeight { choices.objective.nceWeight = nceWeight }
        if let temperature { choices.objective.temperature = temperature }
    }
}

/// What is done to the pixels.
struct TrainAugmentationOptions: ParsableArguments {
    @Option(help: .init("Smallest part of the picture that a crop keeps. (default: 0.35)", valueName: "X"))
    var cropArea: Double?

    @Flag(help: "Do not crop.")
    var noCrop = false

    @Flag(help: "Do not mirror.")
    var noFlip = false

    @Flag(help: "Do not change brightness, contrast, saturation and hue.")
    var noJitter = false

    @Flag(help: "Do not turn clips grey.")
    var noGrayscale = false

    @Option(help: .init("Probability of a blur. (default: 0)", valueName: "P"))
    var blur: Double?

    @Option(
        help: .init(
            "Probability of each trace of copying: bars, logo, low resolution, blocks, noise. (default: 0)",
            valueName: "P"))
    var copies: Double?

    func apply(to choices: inout Augmentation) {
        if let cropArea { choices.smallestCrop = cropArea }
        if noCrop { choices.crops = false }
        if noFlip { choices.flip = 0 }
        if noJitter { choices.colorJitter = 0 }
        if noGrayscale { choices.grayscale = 0 }
        if let blur { choices.blur = blur }
        if let copies { choices.copies = copies }
    }
}

/// What does not change the result, but for rounding.
struct TrainRunningOptions: ParsableArguments {
    @Option(
        help: .init("Choices as JSON, such as the training.json of another run.", valueName: "FILE"),
        completion: .file())
    var config: String?

    @Option(help: .init("Threads of the network. (default: by the processors)", valueName: "N"))
    var threads: Int?

    @Option(help: .init("Precision of the network's products. (default: automatic)", valueName: "TYPE"))
    var precision: Precision?

    @Option(help: .init("Steps between lines of the log. (default: 10)", valueName: "N"))
    var logEvery: Int?

    @Option(help: .init("Steps between checkpoints. (default: 200)", valueName: "N"))
    var checkpointEvery: Int?

    @Option(
        help: .init(
            "Steps between models that are kept in DIR/steps. (default: none)", valueName: "N"))
    var keepEvery: Int?

    @OptionGroup var isolation: IsolationOption

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads: expected 1 to 1024")
        }
        if let precision, precision != .automatic, !Precision.supported.contains(precision) {
            throw ValidationError("--precision: this processor does not multiply \(precision.rawValue)")
        }
    }

    func apply(to operation: inout Operation) {
        if let logEvery { operation.logEvery = logEvery }
        if let checkpointEvery { operation.checkpointEvery = checkpointEvery }
        if let keepEvery { operation.keepEvery = keepEvery }
    }
}
