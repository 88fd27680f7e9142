import Base
import Glibc
import Synchronization
import VideoDecoding
import VideoEncoding

/// How far encoding has come.
public struct EvaluationProgress: Sendable, Equatable {
    /// Videos done, those of the store and those that failed among them.
    public var done: Int
    /// Videos to do.
    public var total: Int
    /// Videos that cannot be read.
    public var failed: Int
    /// Videos whose features were in the store.
    public var remembered: Int
    /// Seconds since the start.
    public var elapsed: Double

    /// Estimated from the rate so far; nil before there is one.
    public var secondsLeft: Double? {
        let encoded = done - remembered
        return encoded > 0 ? elapsed / Double(encoded) * Double(total - done) : nil
    }
}

/// A video that was left out, and why.
public struct SkippedVideo: Sendable, Equatable {
    /// As in the list of labelled videos.
    public var name: String
    /// What the reader says.
    public var error: VideoError
}

/// Encodes each video once by each model. Models with the same clips and frame size share the decoding.
struct FeatureExtractor {
    var clipCount = 10
    var workers = 1
    /// Which process decodes.
    var source: any ClipSource = DecodedClips()
    var timeLimit = 600.0
    /// Where features are kept; nil keeps them in memory.
    var workFolder: String?
    var progress: (EvaluationProgress) -> Void = { _ in }
    var isCancelled: @Sendable () -> Bool = { false }

    /// One result per model, in order, each with a place per video; nil where the video failed.
    struct Result {
        var features: [[VideoFeatures?]]
        var skipped: [SkippedVideo]
    }

    /// Equal models, such as an untrained one and the random weights beside it, are one: encoded once, kept in one store.
    func extract(_ videos: [LabelledVideo], by models: [VideoEncoder]) throws(EvaluationError) -> Result {
        var different: [VideoEncoder] = []
        let places = models.map { model in
            let known = different.firstIndex {
                $0.fingerprint == model.fingerprint && $0.precision == model.precision
            }
            if let known { return known }
            different.append(model)
            return different.count - 1
        }
        let stores = try different.map { (model) throws(EvaluationError) in try store(of: model) }
        defer { for store in stores { store?.close() } }
        var result = try extract(videos, by: different, keptIn: stores)
        result.features = places.map { result.features[$0] }
        return result
    }

    private func extract(
        _ videos: [LabelledVideo], by models: [VideoEncoder], keptIn stores: [FeatureStore?]
    ) throws(EvaluationError) -> Result {
        let board = Board(models: models.count, videos: videos.count)
        let start = Time.monotonic
        var rounds: [[Int]] = []
        for index in models.indices {
            let fit = rounds.firstIndex {
                Self.share(models[$0[0]].configuration, models[index].configuration)
            }
            if let fit { rounds[fit].append(index) } else { rounds.append([index]) }
        }
        let work = Work(
            extractor: self, videos: videos, models: models, stores: stores, board: board)
        for members in rounds {
            let report = {
                let counts = board.state.withLock { $0 }
                progress(
                    EvaluationProgress(
                        done: counts.done, total: videos.count * rounds.count, failed: counts.errors.count,
                        remembered: counts.remembered, elapsed: Time.monotonic - start))
            }
            try Workers.run(
                count: videos.count, threads: workers, tick: report,
                makeState: { () throws(EvaluationError) in Lanes() },
                work: { lanes, video in work.run(video, members, lanes) })
            report()
            if isCancelled() { throw .cancelled }
            if let problem = board.state.withLock({ $0.problem }) { throw problem }
        }
        let state = board.state.withLock { $0 }
        let skipped = videos.indices.compactMap { index in
            state.errors[index].map { SkippedVideo(name: videos[index].name, error: $0) }
        }
        // What failed by one model counts for none: rows must be of the same videos.
        let features = state.features.map { column in
            column.indices.map { state.errors[$0] == nil ? column[$0] : nil }
        }
        return Result(features: features, skipped: skipped)
    }

    /// Whether clips read for one model fit the other.
    static func share(_ a: ModelConfiguration, _ b: ModelConfiguration) -> Bool {
        a.plan.framesPerClip == b.plan.framesPerClip && a.plan.clipDuration == b.plan.clipDuration
            && a.geometry == b.geometry
    }

    private func store(of model: VideoEncoder) throws(EvaluationError) -> FeatureStore? {
        guard let workFolder else { return nil }
        try OutputFiles.makeFolder(workFolder)
        let key =
            "model \(model.fingerprint), \(model.precision), \(clipCount) uniform clips, histogram 8x4x4"
        let name = "\(model.fingerprint.prefix(16))-\(model.precision)-\(clipCount).features"
        return try FeatureStore(path: "\(workFolder)/\(name)", key: key)
    }

    // MARK: - The threads' part

    /// What is known so far.
    private final class Board: Sendable {
        struct State {
            var features: [[VideoFeatures?]]
            var errors: [Int: VideoError] = [:]
            var done = 0
            var remembered = 0
            var problem: EvaluationError?
        }
        let state: Mutex<State>

        init(models: Int, videos: Int) {
            let column = [VideoFeatures?](repeating: nil, count: videos)
            state = Mutex(State(features: [[VideoFeatures?]](repeating: column, count: models)))
        }
    }

    /// One thread's execution contexts, made when they are needed first.
    private final class Lanes {
        private var encoders: [Int: EncodingLane] = [:]

        func encoder(_ index: Int, of model: VideoEncoder) throws(ModelError) -> EncodingLane {
            if let known = encoders[index] { return known }
            let made = try EncodingLane(encoder: model, threads: 1)
            encoders[index] = made
            return made
        }
    }

    /// What one thread does with one video.
    private struct Work: Sendable {
        let clips: [UniformClips]
        let videos: [LabelledVideo]
        let models: [VideoEncoder]
        let stores: [FeatureStore?]
        let board: Board
        let isCancelled: @Sendable () -> Bool

        init(
            extractor: FeatureExtractor, videos: [LabelledVideo], models: [VideoEncoder],
            stores: [FeatureStore?], board: Board
        ) {
            clips = models.map { model in
                UniformClips(
                    count: extractor.clipCount, plan: model.configuration.plan,
                    geometry: model.configuration.geometry, source: extractor.source,
                    timeLimit: extractor.timeLimit, isCancelled: extractor.isCancelled)
            }
            self.videos = videos
            self.models = models
            self.stores = stores
            self.board = board
            isCancelled = extractor.isCancelled
        }

        /// False ends the run.
        func run(_ video: Int, _ members: [Int], _ lanes: Lanes) -> Bool {
            guard !isCancelled() else { return false }
            let path = videos[video].path
            let stamp = FeatureStore.Stamp(path: path)
            var missing: [Int] = []
            for model in members {
                if let stamp, let known = stores[model]?.features(path: path, stamp: stamp) {
                    board.state.withLock { $0.features[model][video] = known }
                } else {
                    missing.append(model)
                }
            }
            do throws(VideoError) {
                if !missing.isEmpty { try encode(video, missing, lanes, stamp) }
                board.state.withLock {
                    $0.done += 1
                    $0.remembered += missing.isEmpty ? 1 : 0
                }
            } catch {
                guard error.reason != .cancelled else { return false }
                board.state.withLock {
                    $0.done += 1
                    $0.errors[video] = $0.errors[video] ?? error
                }
            }
            return board.state.withLock { $0.problem == nil }
        }

        private func encode(
            _ video: Int, _ missing: [Int], _ lanes: Lanes, _ stamp: FeatureStore.Stamp?
        ) throws(VideoError) {
            let path = videos[video].path
            var histogram = ColorHistogram()
            var parts = [FeatureAccumulator](repeating: FeatureAccumulator(), count: missing.count)
            var failure: ModelError?
            _ = try clips[missing[0]].read(path: path) { clip in
                histogram.add(clip.frames)
                do throws(ModelError) {
                    for (place, model) in missing.enumerated() {
                        let (feature, gaussian) = try lanes.encoder(model, of: models[model])
                            .encodeWithFeature(clip)
                        parts[place].add(feature: feature, gaussian: gaussian)
                    }
                    return true
                } catch {
                    failure = error
                    return false
                }
            }
            if let failure {
                throw VideoError(
                    path: path, reason: .encodingFailed, detail: "cannot be encoded: \(failure.message)")
            }
            let shares = histogram.shares
            for (place, model) in missing.enumerated() {
                let features = parts[place].features(histogram: shares)
                board.state.withLock { $0.features[model][video] = features }
                guard let store = stores[model], let stamp else { continue }
                if !store.append(path: path, stamp: stamp, features: features) {
                    let problem = EvaluationError.file(
                        path: store.path, line: nil, problem: "cannot be written",
                        hint: "free some space, or leave --work out to keep features in memory")
                    board.state.withLock { $0.problem = $0.problem ?? problem }
                }
            }
        }
    }
}
