import Base
import NeuralNetwork
import VideoDecoding
import VideoEncoding

/// All of a training: folders to a cache of clips, a model to begin with, the run, and the finished model folder.
public struct TrainingSession: Sendable {
    /// What the weights are at step 0.
    public enum Start: Sendable {
        /// `ModelFactory`'s, drawn from the configuration's seed, with norms freshly calibrated.
        case preset(ModelPreset, dimension: Int)
        /// Those of a model folder.
        case model(folder: String)
    }

    /// Folders of videos.
    public var folders: [String]
    /// Folders of pictures, which are made into videos by a travelling crop.
    public var stillFolders: [String] = []
    /// What stays out.
    public var selection = VideoSelection()
    /// The model folder that is written.
    public var output: String
    /// The folder of the clip cache, which several trainings may share.
    public var cacheFolder: String
    /// Bytes that the cache may take, beyond which entries that this session does not use are removed, the longest unused first.
    public var cacheLimit = ClipCache.usualLimit
    /// What is trained.
    public var start: Start
    /// Pixels a side of the clips in training; nil takes the model's own. The model that is written keeps its own.
    public var size: Int?
    /// Every choice of the run.
    public var configuration = TrainingConfiguration()
    /// Of the network.
    public var threads = 2
    /// Of the network's products; parameters stay float32.
    public var precision = Precision.automatic
    /// Makes what decodes the files; it is let go once they are decoded.
    public var clips: @Sendable () -> any ClipSource = { DecodedClips() }
    /// Whether to go on at the output folder's checkpoint.
    public var resumes = false
    /// The content of `training.json` about the session, for its continuation.
    public var record: TrainingRecord?

    /// Names what must be named.
    public init(folders: [String], output: String, cacheFolder: String, start: Start) {
        self.folders = folders
        self.output = output
        self.cacheFolder = cacheFolder
        self.start = start
    }

    /// How a session ended.
    public struct Outcome: Sendable {
        /// Of the run; nil where it was cancelled before its first step.
        public var summary: TrainingSummary?
        /// Files that gave nothing to train on, with their reasons.
        public var skipped: [ClipCache.Skipped]
        /// Files that the selection left out.
        public var leftOut: Int
        /// Learned numbers, frozen ones included.
        public var parameterCount: Int
    }

    /// Runs it all.
    /// - Throws: `TrainingError`, `ModelError`.
    public func run(hooks: TrainingHooks) throws -> Outcome {
        try configuration.validate()
        try checkOutput()
        let (videos, stills, leftOut) = try files()
        let (encoder, model) = try makeEncoder(hooks)
        let interval = model.plan.clipDuration / Double(model.plan.framesPerClip)
        let content = try decode(videos, stills, for: model, clipInterval: interval, hooks)
        var outcome = Outcome(
            summary: nil, skipped: content.skipped, leftOut: leftOut,
            parameterCount: encoder.parameters.reduce(0) { $0 + $1.value.count })
        if content.isCancelled { return outcome }
        for file in content.skipped { hooks.note("warning: \(file.path): \(file.reason)") }
        let plan = try BatchPlan(
            videos: content.videos, configuration: configuration, frames: encoder.frames,
            height: encoder.height, width: encoder.width, clipInterval: interval,
            folder: folders.joined(separator: ", "), skipped: content.skipped.count)
        var runHooks = hooks
        let remarks = remarks(leftOut: leftOut, stills: stills.count)
        runHooks.writeModel = { summary, folder in
            try TrainedModel.write(
                encoder: encoder, model: model, summary: summary, to: folder, remarks: remarks)
        }
        let run = try TrainingRun(
            configuration: configuration, plan: plan, encoder: encoder,
            objective: PaperObjective(configuration.objective), folder: output, hooks: runHooks,
            record: record)
        if resumes { try run.resume() }
        outcome.summary = try run.run()
        return outcome
    }

    /// The clips of all files, from the cache or decoded.
    private func decode(
        _ videos: [String], _ stills: [String], for model: ModelConfiguration, clipInterval: Double,
        _ hooks: TrainingHooks
    ) throws(TrainingError) -> ClipCache.Content {
        let cache = ClipCache(
            folder: cacheFolder, choice: configuration.cache, clipInterval: clipInterval,
            fit: model.geometry.fit,
            source: DecodedFrames(clips: clips()), limit: cacheLimit)
        let content = try cache.build(
            videos: videos, stills: stills, threads: configuration.operation.decoderThreads,
            progress: hooks.caching, isCancelled: hooks.isCancelled)
        if !content.isCancelled {
            hooks.note(
                "the decoded clips are kept in \(cacheFolder): \(content.folderBytes >> 20) MiB"
                    + (content.removed > 0 ? ", after \(content.removed) unused entries were removed" : ""))
        }
        return content
    }

    /// Before anything takes long: neither an earlier run nor a finished model is written over.
    private func checkOutput() throws(TrainingError) {
        let checkpoint = TrainingRun.checkpointPath(folder: output)
        let hasCheckpoint = Path.exists(checkpoint)
        if resumes {
            if !hasCheckpoint { throw .noCheckpoint(path: output) }
            // What cannot go on is known before anything takes long.
            return try TrainingState.check(configuration, against: checkpoint)
        }
        if hasCheckpoint { throw .checkpointExists(path: checkpoint) }
        for name in ["config.json", "model.safetensors"] where Path.exists("\(output)/\(name)") {
            throw .modelExists(path: output)
        }
        // Whether a disk can be written to is better known now than after an hour.
        try OutputFiles.makeFolder(output)
    }

    private func files() throws(TrainingError) -> (videos: [String], stills: [String], leftOut: Int) {
        var (videos, stills): ([String], [String]) = ([], [])
        for folder in folders { videos += try VideoFolder.videos(in: folder) }
        for folder in stillFolders { stills += try VideoFolder.stills(in: folder) }
        // A folder may be named beside the one that holds it.
        var seen: Set<String> = []
        videos = videos.filter { seen.insert($0).inserted }
        stills = stills.filter { seen.insert($0).inserted }
        let (keptVideos, keptStills) = (selection.selected(videos), selection.selected(stills))
        let leftOut = videos.count + stills.count - keptVideos.count - keptStills.count
        let kept = keptVideos + keptStills
        if kept.isEmpty { throw .noVideos(folder: folders.joined(separator: ", "), skipped: 0) }
        if kept.count == 1 { throw .oneVideo(path: kept[0]) }
        return (keptVideos, keptStills, leftOut)
    }

    /// The network at the size it is trained at, and the model as it will be written.
    private func makeEncoder(_ hooks: TrainingHooks) throws -> (EncoderTrainer, ModelConfiguration) {
        var model: ModelConfiguration
        var given: EncoderTrainer?
        switch start {
        case .preset(let preset, let dimension):
            model = preset.configuration(dimension: dimension)
        case .model(let folder):
            let read = try EncoderTrainer(folder: folder, threads: threads, precision: precision)
            model = read.configuration
            given = read
        }
        var small = model
        if let size {
            try require((16...1024).contains(size), "size", "must be from 16 to 1024, is \(size)")
            small.geometry.width = size
            small.geometry.height = size
        }
        model.name = Path.name(of: trimmed(output))
        // The scores of the previous model do not apply to this one.
        model.calibration = nil
        if let given {
            if size == nil { return (given, model) }
            let weights = ModelWeights(tensors: given.weights.tensors)
            return (
                EncoderTrainer(
                    configuration: small, weights: weights, threads: threads, precision: precision), model
            )
        }
        if !resumes { hooks.note("setting the norms of a new \(small.name)") }
        // The checkpoint has all the weights; what they are before doesn't matter.
        let made = try EncoderTrainer(
            configuration: small, seed: configuration.seed, clipCount: resumes ? 1 : 64, threads: threads,
            precision: precision)
        return (made, model)
    }

    private func trimmed(_ path: String) -> String {
        var path = path[...]
        while path.count > 1 && path.hasSuffix("/") { path = path.dropLast() }
        return String(path)
    }

    /// What `config.json` says of the training beside its choices.
    private func remarks(leftOut: Int, stills: Int) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = [.init("left_out", .number(leftOut))]
        if let holdOut = selection.holdOut { members.append(.init("hold_out", .number(holdOut))) }
        if stills > 0 { members.append(.init("stills", .number(stills))) }
        if let size { members.append(.init("size", .number(size))) }
        members.append(.init("precision", .string(precision.resolved.rawValue)))
        return members
    }
}
