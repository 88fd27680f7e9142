import Base
import Library

extension SearchBatch {
    /// Reads the parameters of the `search` method; nil where they are about one video.
    init?(_ parameters: Parameters) throws(RPCError) {
        guard parameters.has("videos") else { return nil }
        if parameters.has("video") {
            throw .invalidParameter("videos", "videos: pass either video or videos, not both")
        }
        self.init(videos: try parameters.texts(.videos))
        common = try SearchRequest(video: "", parameters)
    }
}

extension BatchResponse.Answer {
    /// As of a single search; where there is no ranking, `error` and the `video` that it is about.
    public var json: JSONValue {
        switch result {
        case .success(let response): response.json
        case .failure(let error): ["video": .string(video), "error": RPCError(error).json]
        }
    }
}

extension BatchResponse {
    /// The `search` method's result for `videos`.
    public var json: JSONValue {
        ["results": .array(answers.map(\.json)), "elapsed_ms": .number(elapsed.milliseconds)]
    }
}
