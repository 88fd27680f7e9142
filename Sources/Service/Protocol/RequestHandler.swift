internal import CWorker
import Base
import Indexing
import Ingestion
import Library

/// What a running request may use.
public struct RequestContext: Sendable {
    /// Asked now and then; true ends the request with `cancelled`.
    public var isCancelled: @Sendable () -> Bool
    /// Sends the parameters of a `progress` notification, less the id.
    public var progress: @Sendable (JSONValue) -> Void
    /// A search's query where it is encoded already, so that no file is opened: `video` then only names it.
    public var encodedQuery: EncodedQuery?
    /// Folders out of which an index run follows no link; nil where it may follow any.
    public var linksStayWithin: [String]?

    /// A context that is never cancelled and drops progress, unless told otherwise.
    public init(
        isCancelled: @escaping @Sendable () -> Bool = { false },
        progress: @escaping @Sendable (JSONValue) -> Void = { _ in }, encodedQuery: EncodedQuery? = nil
    ) {
        self.isCancelled = isCancelled
        self.progress = progress
        self.encodedQuery = encodedQuery
    }

    /// Sends progress twice a second at most.
    func progressNowAndThen<Progress>(
        _ json: @escaping @Sendable (Progress) -> JSONValue
    ) -> @Sendable (Progress) -> Void {
        let throttle = Throttle(secondsBetween: 0.5)
        return { [progress] state in
            if throttle.admits() { progress(json(state)) }
        }
    }
}

/// Answers requests about one library. Knows nothing of lines, ids or threads: `Connection` brings
/// those, and another transport would call the same handler.
public final class RequestHandler: Sendable {
    /// What the requests are about.
    public let library: VideoLibrary
    private let trim = Throttle(secondsBetween: 5, admitsFirst: false)

    /// A handler; nothing is opened before a request needs it.
    public init(library: VideoLibrary) {
        self.library = library
    }

    /// Runs one request on the calling thread and returns its result. `cancel` is not among them: it is
    /// about a connection's other requests.
    public func run(
        _ method: Method, _ params: JSONValue?, context: RequestContext = RequestContext()
    ) throws(RPCError) -> JSONValue {
        // What is free between used pieces, the C library keeps, in a heap for each of many threads: under load that is
        // several times what is used, and more by the hour.
        defer { if trim.admits() { malloc_trim(0) } }
        do {
            switch method {
            case .search:
                let parameters = try Parameters(
                    params, of: method.rawValue, known: SearchRequest.parameterNames)
                if let batch = try SearchBatch(parameters) {
                    return try library.search(batch, isCancelled: context.isCancelled).json
                }
                let request = try SearchRequest(video: try parameters.text("video"), parameters)
                return try library.search(
                    request, encoded: context.encodedQuery, isCancelled: context.isCancelled
                ).json
            case .duplicates:
                let request = try DuplicatesRequest(params: params)
                return try library.duplicates(
                    request, progress: context.progressNowAndThen { $0.json },
                    isCancelled: context.isCancelled
                ).json
            case .rejectDuplicates:
                return ["decided": .number(try library.rejectDuplicates(paths: try videos(params, method)))]
            case .restoreDuplicates:
                return ["restored": .number(try library.restoreDuplicates(paths: try videos(params, method)))]
            case .duplicateDecisions:
                _ = try Parameters(params, of: method.rawValue, known: [])
                return try library.duplicateDecisions().json
            case .index:
                var request = try IndexRequest(params: params)
                request.rules.linksStayWithin = context.linksStayWithin
                let summary = try library.index(
                    request, progress: context.progressNowAndThen { $0.json },
                    isCancelled: context.isCancelled)
                if summary.progress.isCancelled { throw RPCError.cancelled }
                return summary.json
            case .watch:
                try watch(params, context)
                throw RPCError.cancelled
            case .remove:
                let parameters = try Parameters(params, of: method.rawValue, known: ["paths"])
                return ["removed": .number(try library.remove(paths: try parameters.texts("paths")))]
            case .info:
                let parameters = try Parameters(params, of: method.rawValue, known: ["failures"])
                return try library.info(listingFailures: try parameters.flag("failures")).json
            case .version:
                _ = try Parameters(params, of: method.rawValue, known: [])
                return ProgramVersion.json
            case .thumbnail:
                let request = try ThumbnailRequest(params: params)
                return try library.thumbnail(request, isCancelled: context.isCancelled).json
            case .streams:
                let parameters = try Parameters(params, of: method.rawValue, known: ["video"])
                return try library.streams(
                    of: try parameters.text("video"), isCancelled: context.isCancelled
                ).json
            case .videos:
                return try library.videos(try VideoListing(params: params)).json
            case .projection:
                return try library.projection(try ProjectionRequest(params: params)).json
            case .cancel:
                throw RPCError(.methodNotFound, "cancel needs a connection")
            }
        } catch let error as RPCError {
            throw error
        } catch let error as LibraryError {
            throw RPCError(error)
        } catch {
            throw RPCError(.internalError, "\(error)")
        }
    }

    /// Each run sends its progress, and its end in any case.
    private func watch(_ params: JSONValue?, _ context: RequestContext) throws {
        let (request, options) = try IndexRequest.watching(params: params)
        let encoding = context.progressNowAndThen { (progress: IndexProgress) in progress.json }
        try library.watch(
            request, options: options,
            report: { event in
                switch event {
                case .progress(let progress):
                    if progress.phase == .encoding { encoding(progress) }
                case .updated(let progress): context.progress(progress.json)
                case .watching, .indexIsBusy: break
                }
            }, isCancelled: context.isCancelled)
    }

    /// The videos that a decision is about: two or more.
    private func videos(_ params: JSONValue?, _ method: Method) throws(RPCError) -> [String] {
        let paths = try Parameters(params, of: method.rawValue, known: ["paths"]).texts("paths")
        guard paths.count >= 2, paths.count <= 1000 else {
            throw .invalidParameter("paths", "paths: expected 2 to 1000 videos, got \(paths.count)")
        }
        return paths
    }
}

extension RPCError {
    /// How a library's error is told to a client.
    public init(_ error: LibraryError) {
        var data: [JSONValue.Member] = []
        if case .parameter(let name) = error.kind { data.append(.init("parameter", .string(name))) }
        if let path = error.path { data.append(.init("path", .string(path))) }
        data.append(.init("reason", .string(error.reason)))
        if let hint = error.hint { data.append(.init("hint", .string(hint))) }
        let code: Code =
            switch error.kind {
            case .video: .file
            case .index: .index
            case .model: .model
            case .parameter: .invalidParameters
            case .cancelled: .cancelled
            }
        self.init(code, error.message, data: .object(data))
    }
}
