/// One request or notification of a client (JSON-RPC 2.0 §4).
struct RPCRequest: Sendable {
    /// A string, a number or null; nil where the message is a notification, which gets no reply.
    var id: JSONValue?
    var method: String
    var params: JSONValue?

    /// What is wrong with a message, and the id that the reply should carry.
    struct Invalid: Error {
        var id: JSONValue
        var error: RPCError
    }

    private static let members = ["id", "jsonrpc", "method", "params"]

    init(_ message: JSONValue) throws(Invalid) {
        guard case .object(let given) = message else {
            throw Invalid(
                id: .null, error: .init(.invalidRequest, "a request is an object, not \(message.kind)"))
        }
        let id = message["id"]
        var replyID = JSONValue.null
        switch id {
        case nil, .null: break
        case .string, .literal: replyID = id ?? .null
        default:
            throw Invalid(
                id: .null, error: .init(.invalidRequest, "id: expected a string, a number or null"))
        }
        func invalid(_ text: String) -> Invalid { Invalid(id: replyID, error: .init(.invalidRequest, text)) }

        if let unknown = given.first(where: { !Self.members.contains($0.key) }) {
            throw invalid("unknown member \"\(unknown.key)\"; a request has id, jsonrpc, method and params")
        }
        guard message["jsonrpc"] == "2.0" else { throw invalid("jsonrpc: expected \"2.0\"") }
        guard let method = message["method"]?.stringValue else {
            throw invalid("method: expected a string")
        }
        self.id = id
        self.method = method
        self.params = message["params"]
    }
}

/// The lines that a client receives.
enum RPCReply {
    static func result(_ result: JSONValue, id: JSONValue) -> JSONValue {
        ["jsonrpc": "2.0", "id": id, "result": result]
    }

    static func error(_ error: RPCError, id: JSONValue) -> JSONValue {
        ["jsonrpc": "2.0", "id": id, "error": error.json]
    }

    static func progress(_ params: JSONValue) -> JSONValue {
        ["jsonrpc": "2.0", "method": "progress", "params": params]
    }
}
