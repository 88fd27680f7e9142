import Base
import Library

/// A line of `search --batch`: the path of a video, or an object with the members of a `search` request.
public struct SearchLine: Sendable {
    /// The video as it was named; of a line that names none, the line itself.
    public var video: String
    /// What to search for, or what is wrong with the line.
    public var request: Result<SearchRequest, RPCError>
    /// Whether the line says more than which video.
    public var hasOptions = false

    private static let parameterNames = SearchRequest.parameterNames.filter { $0 != "videos" }

    /// Of a video alone.
    ///
    /// - Parameter defaults: what else the request is.
    public init(video: String, defaults: SearchRequest) {
        self.video = video
        var request = defaults
        request.video = video
        self.request = .success(request)
    }

    /// Bytes of a line.
    public static let maximumLength = 1 << 20

    /// Reads a line. One that begins with a brace is an object, one that begins with a quotation mark may be a JSON
    /// string, and any other is a path.
    ///
    /// - Parameter defaults: what holds where the line says nothing else.
    public init(_ line: LineInput.Line, defaults: SearchRequest) {
        guard case .bytes(let bytes) = line else {
            let error = RPCError(
                .parseError, "the line is longer than \(Self.maximumLength) bytes and was skipped",
                data: ["reason": "line_too_long", "limit": .number(Self.maximumLength)])
            self.init(refused: "", error)
            return
        }
        let text = String(
            decoding: bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes[...], as: UTF8.self)
        let isObject = text.first == "{"
        do {
            let json = isObject || text.first == "\"" ? try JSONValue(parsing: Array(text.utf8)) : nil
            guard isObject, let json else {
                self.init(path: json?.stringValue ?? text, defaults: defaults)
                return
            }
            self.init(object: json, text: text, defaults: defaults)
        } catch {
            if !isObject {
                self.init(path: text, defaults: defaults)
                return
            }
            let message =
                "not JSON: \(error.message), at byte \(error.offset); a path that begins with { is written ./{…"
            self.init(refused: text, RPCError(.parseError, message))
        }
    }

    private init(path: String, defaults: SearchRequest) {
        if path.isEmpty || path.utf8.contains(0) {
            let message =
                "video: expected a path on each line" + (path.isEmpty ? "" : ", not between zero bytes")
            self.init(refused: path, .invalidParameter("video", message))
        } else {
            self.init(video: path, defaults: defaults)
        }
    }

    private init(object: JSONValue, text: String, defaults: SearchRequest) {
        self.init(refused: object["video"]?.stringValue ?? text, RPCError(.invalidParameters, ""))
        do {
            let parameters = try Parameters(
                object, of: Method.search.rawValue, known: Self.parameterNames)
            let named = try parameters.text("video")
            request = .success(try SearchRequest(video: named, parameters, defaults: defaults))
            video = named
            if case .object(let members) = object { hasOptions = members.count > 1 }
        } catch {
            request = .failure(error)
        }
    }

    /// Names in answers are no longer than that.
    private static let longestName = 1000

    private init(refused text: String, _ error: RPCError) {
        video = text.count <= Self.longestName ? text : text.prefix(Self.longestName) + "…"
        request = .failure(error)
    }

    /// The answer to a line that is no request, as to a video that cannot be used.
    public static func json(video: String, error: RPCError) -> JSONValue {
        ["video": .string(video), "error": error.json]
    }
}
