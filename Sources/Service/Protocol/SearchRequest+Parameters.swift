import Base
import Library
import Retrieval

extension SearchRequest {
    static let parameterNames =
        [
            "video", "videos", "from", "to", "stream", "like", "unlike", "limit", "max_distance", "min_score",
            "exclude_self", "mode", "samples", "lambda", "granularity", "candidates",
        ] + VideoFilter.parameterNames

    /// Reads the parameters of the `search` method for a transport that finds the query's file by itself.
    public init(video: String, params: JSONValue?) throws(RPCError) {
        try self.init(
            video: video, Parameters(params, of: Method.search.rawValue, known: Self.parameterNames))
    }

    /// Reads the parameters of the `search` method, all but the query's file.
    ///
    /// - Parameter defaults: what holds where a parameter is not given.
    init(
        video: String, _ parameters: Parameters, defaults: SearchRequest = SearchRequest(video: "")
    ) throws(RPCError) {
        self = defaults
        self.video = video
        from = try parameters.number("from", atLeast: 0) ?? from
        to = try parameters.number("to", atLeast: 0) ?? to
        if let to, to <= from ?? 0 {
            throw .invalidParameter("to", "to: expected a time after \"from\"")
        }
        stream = try parameters.whole("stream", in: VideoStream.numbers) ?? stream
        if parameters.has("like") { like = try parameters.texts("like", atMost: Self.mostExamples) }
        if parameters.has("unlike") { unlike = try parameters.texts("unlike", atMost: Self.mostExamples) }
        filter = try VideoFilter(parameters, defaults: filter)
        limit = try parameters.whole("limit", in: 1...100_000) ?? limit
        maximumDistance = try parameters.number("max_distance", atLeast: 0) ?? maximumDistance
        minimumScore = try parameters.number("min_score", atLeast: 0) ?? minimumScore
        if let minimumScore, !(minimumScore > 0 && minimumScore < 1) {
            throw .invalidParameter("min_score", "min_score: expected a number between 0 and 1")
        }
        if parameters.has("exclude_self") { excludesSelf = try parameters.flag("exclude_self") }
        sampling = try parameters.choice("mode", of: SamplingMode.self) ?? sampling
        sampleCount = try parameters.whole("samples", in: 1...4096) ?? sampleCount
        lambda = try parameters.number("lambda", atLeast: 0) ?? lambda
        // Far beyond any use; larger ones would overflow.
        if lambda > 1e6 { throw .invalidParameter("lambda", "lambda: expected at most 1000000") }
        if !unlike.isEmpty, sampling != .matched {
            throw .invalidParameter("unlike", "unlike: goes with the mode \"matched\" only")
        }
        granularity = try parameters.choice("granularity", of: SearchGranularity.self) ?? granularity
        guard granularityIsAllowed else {
            throw .invalidParameter(
                "granularity",
                "granularity: \"clip\" and \"scene\" go with the default mode and lambda alone, \"clip\" with one "
                    + "example, \"scene\" without \"unlike\"")
        }
        candidates = try parameters.whole("candidates", in: 0...Self.mostCandidates) ?? candidates
        if candidates != nil, !mayTakeCandidates || parameters.has("videos") {
            throw .invalidParameter(
                "candidates",
                "candidates: goes with one video, compared as a whole, and with the default mode alone")
        }
    }
}
