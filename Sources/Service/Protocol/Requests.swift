import Base
import Indexing
import Ingestion
import Library
import VideoDecoding

extension ThumbnailRequest {
    /// Reads the parameters of the `thumbnail` method.
    init(params: JSONValue?) throws(RPCError) {
        let parameters = try Parameters(
            params, of: Method.thumbnail.rawValue, known: ["video", "time", "width", "stream"])
        self.init(video: try parameters.text("video"))
        time = try parameters.number("time", atLeast: 0) ?? time
        width = try parameters.whole("width", in: Thumbnail.widths) ?? width
        stream = try parameters.whole("stream", in: VideoStream.numbers)
    }
}

extension ProjectionRequest {
    /// Reads the parameters of the `projection` method.
    init(params: JSONValue?) throws(RPCError) {
        let parameters = try Parameters(params, of: Method.projection.rawValue, known: ["videos"])
        self.init(videos: try parameters.wholes("videos", count: 1...Self.mostVideos).map(Int64.init))
    }
}

extension VideoListing {
    /// The most videos of one page.
    static let largestPage = 1000

    /// Reads the parameters of the `videos` method.
    init(params: JSONValue?) throws(RPCError) {
        let parameters = try Parameters(
            params, of: Method.videos.rawValue,
            known: [
                "limit", "offset", "text", "min_duration", "max_duration", "order", "descending",
            ])
        self.init()
        limit = try parameters.whole("limit", in: 1...Self.largestPage) ?? limit
        offset = try parameters.whole("offset", in: 0...Int(Int32.max)) ?? offset
        text = try parameters.optionalText("text") ?? text
        shortest = try parameters.number("min_duration", atLeast: 0)
        longest = try parameters.number("max_duration", atLeast: 0)
        order = try parameters.choice("order", of: Order.self) ?? order
        isDescending = try parameters.flag("descending")
    }
}

extension IndexRequest {
    /// Reads the parameters of the `index` method.
    init(params: JSONValue?) throws(RPCError) {
        let parameters = try Parameters(
            params, of: Method.index.rawValue,
            known: [
                "folders", "prune", "retry_failed", "workers", "time_limit", "exclude", "all_files", "stream",
            ])
        try self.init(parameters)
        retryFailed = try parameters.flag("retry_failed")
        stream = try parameters.whole("stream", in: VideoStream.numbers)
    }

    /// Reads the parameters of the `watch` method.
    static func watching(params: JSONValue?) throws(RPCError) -> (IndexRequest, WatchOptions) {
        let parameters = try Parameters(
            params, of: Method.watch.rawValue,
            known: ["folders", "prune", "workers", "time_limit", "quiet", "exclude", "all_files"])
        let request = try IndexRequest(parameters)
        var options = WatchOptions()
        options.quiet = min(try parameters.number("quiet", atLeast: 0.01) ?? options.quiet, 3600)
        options.patience = max(options.patience, options.quiet)
        return (request, options)
    }

    /// What both methods take.
    private init(_ parameters: Parameters) throws(RPCError) {
        self.init(folders: try parameters.texts("folders"))
        prune = try parameters.flag("prune")
        rules.exclude = try parameters.texts("exclude", atMost: 1000)
        rules.takesAllFiles = try parameters.flag("all_files")
        workers = try parameters.whole("workers", in: 1...1024)
        timeLimit = try parameters.number("time_limit", atLeast: 0.001) ?? timeLimit
    }

    /// Whether the `index` method would take the parameters; for a transport that answers before the run begins.
    public static func check(_ params: JSONValue) throws(RPCError) {
        let request = try IndexRequest(params: params)
        do throws(LibraryError) { try request.checkStreamIsOfOneFile() } catch { throw RPCError(error) }
    }
}

extension DuplicatesRequest {
    /// Reads the parameters of the `duplicates` method.
    init(params: JSONValue?) throws(RPCError) {
        let parameters = try Parameters(
            params, of: Method.duplicates.rawValue, known: ["max_distance", "min_score", "limit", "similar"])
        self.init()
        maximumDistance = try parameters.number("max_distance", atLeast: 0)
        minimumScore = try parameters.number("min_score", atLeast: 0)
        if let minimumScore, !(minimumScore > 0 && minimumScore < 1) {
            throw .invalidParameter("min_score", "min_score: expected a number between 0 and 1")
        }
        limit = try parameters.whole("limit", in: 1...1_000_000)
        listsSimilar = try parameters.flag("similar")
    }
}
