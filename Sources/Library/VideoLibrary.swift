import Base
import Distributions
import Glibc
import Indexing
import Ingestion
import Isolation
import Retrieval
import Synchronization
import VideoEncoding

/// Where a library's index and model are.
public struct LibraryConfiguration: Sendable {
    /// Where the videos are.
    package var index: any LibraryIndex
    /// The model folder.
    public var modelFolder: String
    /// Whether the model must match the index even where no video has to be encoded.
    public var alwaysChecksModel: Bool
    /// Processors that one search may use.
    public var processors: Int
    /// Reads files, in processes apart; nil reads them in this process.
    public var worker: WorkerProgram?

    /// A library whose index is a folder.
    public init(
        indexFolder: String, modelFolder: String, alwaysChecksModel: Bool = false, processors: Int = 1,
        worker: WorkerProgram? = nil
    ) {
        self.init(
            index: FolderIndex(indexFolder), modelFolder: modelFolder, alwaysChecksModel: alwaysChecksModel,
            processors: processors, worker: worker)
    }

    /// A library's places.
    package init(
        index: any LibraryIndex, modelFolder: String, alwaysChecksModel: Bool = false, processors: Int = 1,
        worker: WorkerProgram? = nil
    ) {
        self.index = index
        self.modelFolder = modelFolder
        self.alwaysChecksModel = alwaysChecksModel
        self.processors = processors
        self.worker = worker
    }
}

/// An index and the model it belongs to: everything that the command line and the service do.
///
/// Every call may come from any thread. The model is loaded when a video must be encoded, the index when
/// something is asked of it; a call sees what other processes have stored.
public final class VideoLibrary: Sendable {
    /// Where the index and the model are.
    public let configuration: LibraryConfiguration
    let encoders: EncoderPool
    /// Read what is asked about, where it is not in the index; nil where this process does.
    let workers: WorkerPool?
    let reader: IndexReader
    private let readCalibration = Mutex<ReadCalibration?>(nil)
    /// By the model's fingerprint.
    let readInformation = Mutex<[String: ClipInformation]>([:])

    /// What the model folder says of scores, read once.
    private struct ReadCalibration {
        var found: ScoreCalibration?
    }

    /// A library; nothing is opened yet.
    public init(_ configuration: LibraryConfiguration) {
        var configuration = configuration
        // Errors name it, and whoever reads those may work elsewhere.
        configuration.modelFolder = Path.resolved(configuration.modelFolder)
        self.configuration = configuration
        workers = configuration.worker.map {
            WorkerPool(
                IsolatedSource(program: $0, modelFolder: configuration.modelFolder),
                mostIdle: max(2, configuration.processors))
        }
        encoders = EncoderPool(
            folder: configuration.modelFolder, processors: configuration.processors, workers: workers)
        let index = configuration.index
        reader = IndexReader(folder: index.folder) { () throws(IndexError) in try index.refresh() }
    }

    /// Ranks every indexed video by its distance to the query.
    ///
    /// - Parameter encoded: the query where it is encoded already; the request's `video` then only names it.
    public func search(
        _ request: SearchRequest, encoded: EncodedQuery? = nil,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(LibraryError) -> SearchResponse {
        if let candidates = request.candidates, encoded == nil {
            return try search(request, candidates: candidates, isCancelled: isCancelled)
        }
        let start = ContinuousClock.now
        try check(request)
        let examples = try self.examples(request, isCancelled: isCancelled)
        let example =
            if let encoded {
                try self.query(encoded, request)
            } else {
                try self.query(Path.resolved(request.video), request, isCancelled: isCancelled)
            }
        var query = example.joined(by: examples.like, without: examples.unlike)
        if isCancelled() { throw .cancelled }
        let information = try clipInformation()
        query.weigh(by: information)
        let calibration = try calibration(for: request)
        var matches = try rank([query], request, information, calibration, isCancelled: isCancelled)[0]
        matches = try withOtherViews(
            matches, query, request, information, calibration, isCancelled: isCancelled)
        return SearchResponse(
            query: query.facts, matches: matches, calibration: query.facts.hasScores ? calibration : nil,
            elapsed: ContinuousClock.now - start)
    }

    /// Searches for several videos at once, which takes less time than one after the other. What is wrong with a
    /// query's file is that query's answer; whatever else is wrong ends the batch.
    ///
    /// - Parameter progress: called with the number of queries that are ready for the ranking.
    public func search(
        _ batch: SearchBatch, progress: (Int) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(LibraryError) -> BatchResponse {
        if batch.common.candidates != nil { return try searchEach(batch, isCancelled: isCancelled) }
        let start = ContinuousClock.now
        try check(batch.common)
        let examples = try self.examples(batch.common, isCancelled: isCancelled)
        let information = try clipInformation()
        var queries: [Result<Query, LibraryError>] = []
        var durations: [Duration] = []
        for video in batch.videos {
            if isCancelled() { throw .cancelled }
            let start = ContinuousClock.now
            do throws(LibraryError) {
                var query = try self.query(Path.resolved(video), batch.common, isCancelled: isCancelled)
                query.weigh(by: information)
                queries.append(.success(query.joined(by: examples.like, without: examples.unlike)))
            } catch {
                guard error.kind == .video else { throw error }
                queries.append(.failure(error))
            }
            durations.append(ContinuousClock.now - start)
            progress(queries.count)
        }
        let calibration = try calibration(for: batch.common)
        let found = queries.compactMap { try? $0.get() }
        var ranked = try rank(found, batch.common, information, calibration, isCancelled: isCancelled)
        for (place, query) in found.enumerated() {
            ranked[place] = try withOtherViews(
                ranked[place], query, batch.common, information, calibration, isCancelled: isCancelled)
        }
        var rankings = ranked[...]
        let elapsed = ContinuousClock.now - start
        let shared = (elapsed - durations.reduce(.zero, +)) / max(1, queries.count)
        let answers = queries.indices.map { place in
            BatchResponse.Answer(
                video: batch.videos[place],
                result: queries[place].map {
                    SearchResponse(
                        query: $0.facts, matches: rankings.removeFirst(),
                        calibration: $0.facts.hasScores ? calibration : nil,
                        elapsed: durations[place] + shared)
                })
        }
        return BatchResponse(answers: answers, elapsed: elapsed)
    }

    /// The curve from distance to score, where the request's distances are those that it was fitted on.
    func calibration(for request: SearchRequest) throws(LibraryError) -> ScoreCalibration? {
        // Nor of parts, of which a long video has many: some are near by chance.
        guard request.sampling == .matched, request.lambda == 1, request.granularity != .scene else {
            return nil
        }
        return try calibration()
    }

    /// The curve from distance to score, where the model folder has one for the index's model. A folder that cannot be
    /// read has none: the search needs no model.
    func calibration() throws(LibraryError) -> ScoreCalibration? {
        calibration(of: try index().model)
    }

    /// The same of a model that is known.
    func calibration(of model: IndexModel) -> ScoreCalibration? {
        let found = readCalibration.withLock { read in
            if let read { return read.found }
            let found = try? ModelConfiguration(path: "\(configuration.modelFolder)/config.json").calibration
            read = ReadCalibration(found: found)
            return found
        }
        return found?.modelFingerprint == model.fingerprint ? found : nil
    }

    /// Brings the index in step with folders; ends early, with what was stored kept, when cancelled.
    public func index(
        _ request: IndexRequest, progress: @escaping @Sendable (IndexProgress) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(LibraryError) -> IndexSummary {
        try request.checkFolders(indexExists: configuration.index.mayExist)
        var options = request.jobOptions
        if try asksForMainStream(request, isCancelled: isCancelled) {
            (options.stream, options.takesMainStream) = (nil, true)
        }
        let encoder = try encoders.model()
        do throws(IndexError) {
            let progress = try run(
                options, encoder, waitingSeconds: request.waitingSeconds, lease: request.lease,
                progress: progress, isCancelled: isCancelled)
            return IndexSummary(progress: progress)
        } catch {
            throw error.reason == .busy && isCancelled() ? .cancelled : LibraryError(error)
        }
    }

    /// One run over the index.
    func run(
        _ options: IndexJobOptions, _ encoder: VideoEncoder, waitingSeconds: Double, lease: Double,
        progress: @escaping @Sendable (IndexProgress) -> Void, isCancelled: @escaping @Sendable () -> Bool
    ) throws(IndexError) -> IndexProgress {
        let encoders = encoders
        let hasScores = encoder.configuration.calibration != nil
        let run = LibraryRun(
            options: options, model: encoder.indexModel, source: source(encoder),
            waitingSeconds: waitingSeconds, lease: lease,
            emptyClips: { hasScores ? try? encoders.emptyClips() : nil })
        return try configuration.index.run(run, progress: progress, isCancelled: isCancelled)
    }

    /// Encodes in worker processes where the configuration says how they are started.
    func source(_ encoder: VideoEncoder) -> any VideoSource {
        guard let worker = configuration.worker else { return ModelSource(encoder: encoder) }
        return IsolatedSource(
            program: worker, modelFolder: configuration.modelFolder,
            dimension: encoder.configuration.dimension,
            clipStride: encoder.configuration.plan.clipStride, modelFingerprint: encoder.fingerprint)
    }

    /// The index, for writing.
    func store(waitingSeconds: Double) throws(IndexError) -> any IndexStore {
        let reader = reader
        return try configuration.index.writer(
            { () throws(IndexError) in try reader.opened().index }, waitingSeconds: waitingSeconds)
    }

    /// Forgets videos by path; a folder stands for everything in it. Returns how many were forgotten.
    public func remove(paths: [String], waitingSeconds: Double = 0) throws(LibraryError) -> Int {
        do throws(IndexError) {
            let index = try store(waitingSeconds: waitingSeconds)
            defer { index.close() }
            return try index.remove(paths: paths.map(Path.resolved))
        } catch {
            throw LibraryError(error)
        }
    }

    /// Says what the index holds.
    public func info(listingFailures: Bool = false) throws(LibraryError) -> LibraryInfo {
        let reader = reader
        do throws(IndexError) {
            return try configuration.index.info(listingFailures: listingFailures) { () throws(IndexError) in
                try reader.opened().index
            }
        } catch {
            reader.forget()
            throw LibraryError(error)
        }
    }

    /// The index, for reading.
    public func index() throws(LibraryError) -> VideoIndex {
        try reader.read { (opened) throws(IndexError) in opened.index }
    }
}
