import Base

/// One request or notification of a client (JSON-RPC 2.0 §4).
struct RPCRequest: Sendable {
    /// A string, a number or null; nil where the message is a notification, which gets no reply.
    var id: JSONValue?
    var method: String
    var params: JSONValue?
    /// The ids of earlier requests that must have been answered before this one starts.
    var after: [JSONValue] = []

    /// The id as JSON text; nil where there is none, or null, which names nothing: such requests can neither clash nor be
    /// cancelled.
    var key: String? { id.flatMap { $0 == .null ? nil : $0.serialized() } }

    /// What is wrong with a message, and the id that the reply should carry.
    struct Invalid: Error {
        var id: JSONValue
        var error: RPCError
    }

    private static let members = ["after", "id", "jsonrpc", "method", "params"]
    /// Ids in one `after`.
    private static let mostEarlier = 1000

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
            throw invalid(
                "unknown member \"\(unknown.key)\"; a request has id, jsonrpc, method, params and after")
        }
        guard message["jsonrpc"] == "2.0" else { throw invalid("jsonrpc: expected \"2.0\"") }
        guard let method = message["method"]?.stringValue else {
            throw invalid("method: expected a string")
        }
        self.id = id
        self.method = method
        self.params = message["params"]
        do {
            after = try Self.earlier(message["after"])
        } catch {
            throw Invalid(id: replyID, error: error)
        }
    }

    /// One id, or several.
    private static func earlier(_ value: JSONValue?) throws(RPCError) -> [JSONValue] {
        func isID(_ value: JSONValue) -> Bool {
            switch value {
            case .string, .literal: true
            default: false
            }
        }
        switch value {
        case nil, .null: return []
        case .array(let ids) where ids.count <= mostEarlier && ids.allSatisfy(isID): return ids
        case .some(let id) where isID(id): return [id]
        default:
            throw .invalidParameter(
                "after", "after: expected the id of an earlier request, or at most \(mostEarlier) of them")
        }
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
