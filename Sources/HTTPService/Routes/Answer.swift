import Base
import HTTPTypes
import Hummingbird
import Service

/// What a request is answered with.
struct Answer: Sendable {
    var status: Int
    var headers: [(HTTPField.Name, String)] = []
    var body: ResponseBody

    /// Nothing but a status.
    init(status: Int) {
        self.status = status
        body = ResponseBody()
    }

    /// Bytes of a media type.
    init(status: Int = 200, _ type: String, _ bytes: [UInt8]) {
        self.status = status
        headers = [(.contentType, type)]
        body = ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
    }

    /// Bytes as they are written.
    init(
        status: Int = 200, _ type: String, length: Int?,
        writing: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) {
        self.status = status
        headers = [(.contentType, type)]
        body = ResponseBody(contentLength: length, writing)
    }

    /// JSON.
    static func json(_ value: JSONValue, status: Int = 200) -> Answer {
        Answer(status: status, "application/json", Array(value.serialized().utf8))
    }

    /// The same answer, with one header more.
    func with(_ name: HTTPField.Name, _ value: String) -> Answer {
        var answer = self
        answer.headers.append((name, value))
        return answer
    }
}

/// An error as an answer, which ends the handling of a request: in the shape of the protocol's, so that programs need to know one.
struct Refusal: Error {
    var status: Int
    /// Stable, for programs.
    var reason: String
    var message: String
    var hint: String?
    var parameter: String?
    /// Seconds after which to come again.
    var retryAfter: Int?

    init(_ status: Int, _ reason: String, _ message: String, hint: String? = nil, parameter: String? = nil) {
        self.status = status
        self.reason = reason
        self.message = message
        self.hint = hint
        self.parameter = parameter
    }

    /// 400 for a parameter whose value cannot be.
    init(parameter: String, _ problem: String) {
        self.init(400, "invalid_parameter", "\(parameter): \(problem)", parameter: parameter)
    }

    /// 429, and when to come again.
    static func tooMany(_ message: String, seconds: Int) -> Refusal {
        var refusal = Refusal(429, "busy", message)
        refusal.retryAfter = seconds
        return refusal
    }

    /// The body of the answer.
    var json: JSONValue {
        var data: [JSONValue.Member] = [.init("reason", .string(reason))]
        if let hint { data.append(.init("hint", .string(hint))) }
        if let parameter { data.append(.init("parameter", .string(parameter))) }
        return ["error": ["message": .string(message), "data": .object(data)]]
    }

    var answer: Answer {
        let answer = Answer.json(json, status: status)
        return retryAfter.map { answer.with(.retryAfter, String($0)) } ?? answer
    }
}

extension Refusal {
    /// How an error of the protocol reads in HTTP.
    ///
    /// Paths outside of `folders` are not told, and neither are sentences about the index and the model, which name
    /// their places; those stand in the log.
    init(_ error: RPCError, _ folders: IndexedFolders) {
        let given = error.data?["reason"]?.stringValue
        switch error.code {
        case .invalidParameters, .invalidRequest, .parseError:
            self.init(400, given ?? "invalid_parameter", error.message)
            parameter = error.data?["parameter"]?.stringValue
            hint = error.data?["hint"]?.stringValue
        case .methodNotFound: self.init(404, "not_found", error.message)
        case .file where given == VideoError.Reason.decoderUnavailable.rawValue:
            self.init(
                503, VideoError.Reason.decoderUnavailable.rawValue,
                "no decoder can be started; the log says why")
        case .file:
            let isMissing = given == "not_found" || given == "video_not_found"
            let isShown = error.data?["path"]?.stringValue.map(folders.shows) ?? true
            self.init(
                isMissing ? 404 : 422, given ?? "unreadable",
                isShown ? error.message : "the video cannot be used")
            hint = error.data?["hint"]?.stringValue
        case .index where given == "index_busy":
            self.init(429, "index_busy", "another program writes the index")
        case .index where given == "index_not_found":
            self.init(503, "index_not_found", "there is no index yet")
            hint = "index a folder first"
        case .index where given == "not_in_index":
            self.init(404, "not_in_index", "the index holds no such video")
        case .index where given == "too_many_pairs":
            self.init(422, "too_many_pairs", "too many pairs of videos are this near")
            hint = "ask for nearer ones: a higher min_score, or a smaller max_distance"
        case .index: self.init(503, given ?? "index_unusable", "the index cannot be used; the log says why")
        // Scores that the model does not have are asked for in vain, and nothing is broken.
        case .model where given == "no_calibration":
            self.init(400, "no_calibration", "the model has no scores for this search")
            parameter = "min_score"
        case .model: self.init(503, given ?? "model_unusable", "the model cannot be used; the log says why")
        case .cancelled: self.init(409, "cancelled", "the request was cancelled")
        case .busy: self.init(429, "busy", "too many requests are waiting")
        case .internalError: self.init(500, "internal", "an internal error; see the log")
        }
        if status == 429 { retryAfter = 5 }
    }
}
