import Base

/// The interface's description, OpenAPI 3.1: made of the routes' own table and of the protocol's schema, so that neither
/// can say what the other does not.
enum OpenAPIDocument {
    /// The document.
    static func make(_ routes: [Route], schema: JSONValue, version: String, needsToken: Bool) -> JSONValue {
        var paths: [JSONValue.Member] = []
        for route in routes {
            guard let operation = route.operation else { continue }
            let member = JSONValue.Member(
                route.method.rawValue.lowercased(),
                describe(operation, tag: route.tag, needsToken: needsToken && !route.isOpen))
            if let place = paths.firstIndex(where: { $0.key == route.template }),
                case .object(let others) = paths[place].value
            {
                paths[place].value = .object(others + [member])
            } else {
                paths.append(.init(route.template, .object([member])))
            }
        }
        var components: [JSONValue.Member] = [.init("schemas", .object(schemas(schema)))]
        if needsToken {
            components.append(
                .init(
                    "securitySchemes",
                    [
                        "token": ["type": "http", "scheme": "bearer"],
                        "session": ["type": "apiKey", "in": "cookie", "name": "mixtape_session"],
                    ]))
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Mixtape", "version": .string(version), "summary": "Search videos by example.",
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
            "servers": [["url": "/"]],
            "paths": .object(paths),
            "components": .object(components),
        ]
    }

    /// What any request may be answered with.
    static let commonErrors = [400, 403, 421, 429, 503]

    private static let meanings: [Int: String] = [
        400: "A parameter is missing, wrong or unknown.", 401: "The token is missing or wrong.",
        403: "The request comes from another site's page.", 404: "There is no such thing.",
        408: "The body took too long to arrive.", 409: "It was cancelled.", 413: "The body is too large.",
        415: "The body is of another media type.", 416: "The range lies outside the file.",
        421: "The Host header does not name this service.", 422: "The video cannot be used.",
        429: "Too many requests at once; Retry-After tells when to try again.",
        503: "The index or the model cannot be used, or the service ends.",
    ]

    private static func describe(_ operation: Operation, tag: String, needsToken: Bool) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("operationId", .string(operation.id)), .init("summary", .string(operation.summary)),
            .init("tags", [.string(tag)]),
        ]
        if !operation.parameters.isEmpty {
            members.append(
                .init(
                    "parameters",
                    .array(
                        operation.parameters.map { parameter in
                            [
                                "name": .string(parameter.name), "in": parameter.isInPath ? "path" : "query",
                                "required": .bool(parameter.isInPath),
                                "description": .string(parameter.description), "schema": parameter.schema,
                            ]
                        })))
        }
        if let body = operation.body {
            let content = body.types.map { JSONValue.Member($0, ["schema": body.schema]) }
            members.append(.init("requestBody", ["required": true, "content": .object(content)]))
        }
        var replies = operation.replies.map { JSONValue.Member(String($0.status), describe($0)) }
        let bodyErrors = operation.body == nil ? [] : [408, 413, 415]
        let errors = commonErrors + bodyErrors + operation.errors + (needsToken ? [401] : [])
        for status in Set(errors).sorted() where !replies.contains(where: { $0.key == String(status) }) {
            replies.append(.init(String(status), error(status)))
        }
        members.append(.init("responses", .object(replies)))
        if needsToken { members.append(.init("security", [["token": []], ["session": []]])) }
        return .object(members)
    }

    private static func describe(_ reply: Operation.Reply) -> JSONValue {
        var members: [JSONValue.Member] = [.init("description", .string(reply.description))]
        if !reply.types.isEmpty {
            let content = reply.types.map { JSONValue.Member($0, ["schema": reply.schema ?? [:]]) }
            members.append(.init("content", .object(content)))
        }
        if !reply.headers.isEmpty {
            members.append(
                .init(
                    "headers",
                    .object(
                        reply.headers.map { header in
                            .init(
                                header.name,
                                ["description": .string(header.description), "schema": ["type": "string"]])
                        })))
        }
        return .object(members)
    }

    private static func error(_ status: Int) -> JSONValue {
        var reply = Operation.Reply.named("problem", meanings[status] ?? "An error.", status: status)
        if status == 429 { reply.headers = [("Retry-After", "Seconds to wait.")] }
        return describe(reply)
    }

    /// The protocol's definitions under the document's own place, and those that HTTP adds.
    private static func schemas(_ schema: JSONValue) -> [JSONValue.Member] {
        let own = HTTPSchemas.definitions(schema)
        guard case .object(let definitions) = schema["$defs"] else { return own }
        // Requests, replies and lines are the other transport's.
        let kept = definitions.filter { definition in
            let name = definition.key
            let isEnvelope = ["id", "request", "request_line", "progress"].contains(name)
            return !isEnvelope && !name.hasSuffix("_request") && !name.contains("reply")
        }
        let parameters = definitions.compactMap { member -> JSONValue.Member? in
            guard member.key.hasSuffix("_request"), let params = member.value["properties"]?["params"] else {
                return nil
            }
            return .init(member.key.replacingSuffix("_request", by: "_parameters"), params)
        }
        return (kept + parameters + own).map { .init($0.key, relocated($0.value)) }
    }

    /// References in a value, led to where OpenAPI keeps schemas.
    private static func relocated(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            .object(
                members.map { member in
                    if member.key == "$ref", let text = member.value.stringValue {
                        return .init(
                            "$ref", .string(text.replacingPrefix("#/$defs/", by: "#/components/schemas/")))
                    }
                    return .init(member.key, relocated(member.value))
                })
        case .array(let elements): .array(elements.map(relocated))
        default: value
        }
    }
}

extension String {
    fileprivate func replacingPrefix(_ prefix: String, by text: String) -> String {
        hasPrefix(prefix) ? text + dropFirst(prefix.count) : self
    }

    fileprivate func replacingSuffix(_ suffix: String, by text: String) -> String {
        hasSuffix(suffix) ? dropLast(suffix.count) + text : self
    }
}
