import Base
import Distributions
import Library
import Retrieval

extension SearchRequest {
    static let parameterNames = SearchParameter.all.map(\.name)

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
        from = try parameters.number(.from) ?? from
        to = try parameters.number(.to) ?? to
        if let to, to <= from ?? 0 {
            throw .invalidParameter("to", "to: expected a time after \"from\"")
        }
        stream = try parameters.whole(.stream) ?? stream
        if parameters.has("like") { like = try parameters.texts(.like) }
        if parameters.has("unlike") { unlike = try parameters.texts(.unlike) }
        filter = try VideoFilter(parameters, defaults: filter)
        limit = try parameters.whole(.limit) ?? limit
        maximumDistance = try parameters.number(.maximumDistance) ?? maximumDistance
        minimumScore = try parameters.number(.minimumScore) ?? minimumScore
        if parameters.has("exclude_self") { excludesSelf = try parameters.flag("exclude_self") }
        sampling = try parameters.choice("mode", of: SamplingMode.self) ?? sampling
        sampleCount = try parameters.whole(.sampleCount) ?? sampleCount
        lambda = try parameters.number(.lambda) ?? lambda
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
        if parameters.has("thorough") { isThorough = try parameters.flag("thorough") }
        candidates = try parameters.whole(.candidates) ?? candidates
        if candidates != nil, !mayTakeCandidates || parameters.has("videos") {
            throw .invalidParameter(
                "candidates",
                "candidates: goes with one video, compared as a whole, and with the default mode alone")
        }
    }
}
