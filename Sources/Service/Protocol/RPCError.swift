import Base

/// What an error reply carries (JSON-RPC 2.0 §5.1).
public struct RPCError: Error, Sendable, Equatable {
    /// The codes in use; those up to −32600 are JSON-RPC's own.
    public enum Code: Int, Sendable, CaseIterable {
        /// The line is not JSON, or longer than a line may be; the reply's id is null.
        case parseError = -32700
        /// JSON, but no request: a member is missing, wrong or unknown, or the id is in use.
        case invalidRequest = -32600
        /// No method of that name.
        case methodNotFound = -32601
        /// A parameter is missing, wrong or unknown; `data.parameter` names it.
        case invalidParameters = -32602
        /// A fault of ours.
        case internalError = -32603
        /// A video file cannot be used; `data.reason` and `data.path` say which and why.
        case file = -32010
        /// The index cannot be used; `data.reason` and `data.path` say why.
        case index = -32020
        /// The model cannot be used; `data.path` names the file.
        case model = -32025
        /// The request was cancelled.
        case cancelled = -32030
        /// Too many requests are waiting; send this one again later.
        case busy = -32040
    }

    /// What kind of error.
    public var code: Code
    /// One sentence for people.
    public var message: String
    /// An object for programs.
    public var data: JSONValue?

    /// An error reply's content.
    public init(_ code: Code, _ message: String, data: JSONValue? = nil) {
        self.code = code
        self.message = message
        self.data = data
    }

    /// The `error` member of a reply.
    public var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("code", .number(code.rawValue)), .init("message", .string(message)),
        ]
        if let data { members.append(.init("data", data)) }
        return .object(members)
    }
}

extension RPCError {
    /// What a cancelled request is answered with.
    static let cancelled = RPCError(.cancelled, "cancelled", data: ["reason": "cancelled"])

    /// What is turned away because too much is going on.
    static func busy(_ text: String) -> RPCError { RPCError(.busy, text + "; send this one later") }

    /// `after` names what no request was called.
    static func unknownEarlier(_ id: JSONValue, remembered: Int) -> RPCError {
        let text = id.serialized()
        return .invalidParameter(
            "after",
            "after: no earlier request has the id \(text.utf8.count <= 60 ? text : "given")"
                + ", or more than \(remembered) came since")
    }

    /// A parameter that is missing, unknown or wrong.
    static func invalidParameter(_ name: String, _ message: String) -> RPCError {
        RPCError(.invalidParameters, message, data: ["parameter": .string(name)])
    }
}
