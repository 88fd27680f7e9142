import Base

/// What the OpenAPI document says of a route.
struct Operation: Sendable {
    /// A parameter of the path or the query.
    struct Parameter: Sendable {
        var name: String
        var isInPath = false
        var description: String
        /// JSON Schema.
        var schema: JSONValue
    }

    /// What a status means, and what its body is.
    struct Reply: Sendable {
        var status: Int
        var description: String
        /// Media types of its body; none where there is none.
        var types: [String] = []
        /// JSON Schema of the body.
        var schema: JSONValue?
        /// Headers and what they say.
        var headers: [(name: String, description: String)] = []
    }

    /// Unique, for generated clients.
    var id: String
    var summary: String
    var parameters: [Parameter] = []
    /// Whether other parameters of the query are refused here, or by what the protocol says of them.
    var refusesOtherParameters = true
    /// The body's media types and their schema.
    var body: (types: [String], schema: JSONValue)?
    var replies: [Reply]
    /// Errors that it has beside those that any request can have.
    var errors: [Int] = []
}

extension Operation.Parameter {
    /// A number of the path.
    static func path(_ name: String, _ description: String) -> Operation.Parameter {
        .init(
            name: name, isInPath: true, description: description,
            schema: ["type": "integer", "minimum": 0, "maximum": .number(Int64.max)])
    }

    /// A parameter of the query.
    static func query(_ name: String, _ description: String, _ schema: JSONValue) -> Operation.Parameter {
        .init(name: name, description: description, schema: schema)
    }
}

extension Operation.Reply {
    /// JSON of a schema.
    static func json(_ schema: JSONValue, _ description: String, status: Int = 200) -> Operation.Reply {
        .init(status: status, description: description, types: ["application/json"], schema: schema)
    }

    /// A definition of the protocol's schema, or of the document's own.
    static func named(_ name: String, _ description: String, status: Int = 200) -> Operation.Reply {
        .json(["$ref": .string("#/components/schemas/\(name)")], description, status: status)
    }

    /// Text of a media type.
    static func text(_ type: String, _ description: String) -> Operation.Reply {
        .init(status: 200, description: description, types: [type], schema: ["type": "string"])
    }

    /// Bytes of one of these media types.
    static func bytes(_ types: [String], _ description: String, status: Int = 200) -> Operation.Reply {
        .init(
            status: status, description: description, types: types,
            schema: ["type": "string", "format": "binary"])
    }
}
