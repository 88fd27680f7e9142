import Base
import Service

/// The definitions that HTTP adds to the protocol's.
enum HTTPSchemas {
    ///
    /// - Parameter schema: the protocol's, whose `info` says the same of the library.
    static func definitions(_ schema: JSONValue) -> [JSONValue.Member] {
        func known(_ name: String) -> JSONValue {
            guard let found = schema["$defs"]?["info_result"]?["properties"]?[name] else {
                preconditionFailure("the protocol's schema lacks \(name) of info")
            }
            return found
        }
        return [
            .init("problem", problem), .init("health", health), .init("library", library),
            .init("model", known("model")), .init("counts", known("videos")),
            .init("failures", known("failures")), .init("upload", upload), .init("job", job),
            .init("jobs", object(["jobs": list(of: reference("job"))], required: ["jobs"])),
            .init("token", object(["token": text], required: ["token"])),
        ]
    }

    private static let text: JSONValue = ["type": "string"]
    private static let count: JSONValue = ["type": "integer", "minimum": 0]

    private static func described(_ type: String, _ description: String) -> JSONValue {
        ["type": .string(type), "description": .string(description)]
    }

    private static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/$defs/\(name)")] }

    private static func list(of items: JSONValue) -> JSONValue { ["type": "array", "items": items] }

    private static func orNull(_ schema: JSONValue) -> JSONValue { ["anyOf": [schema, ["type": "null"]]] }

    private static let problem: JSONValue = {
        let data = object(
            [
                "reason": described("string", "Stable, for programs."),
                "hint": described("string", "What to do about it."),
                "parameter": described("string", "The parameter it is about."),
            ], required: ["reason"])
        let error = object(
            ["message": described("string", "One sentence for people."), "data": data],
            required: ["message", "data"])
        return object(["error": error], required: ["error"])
    }()

    private static let health: JSONValue = object(
        ["status": ["enum": ["ok", "no_index"]], "version": text, "needs_token": ["type": "boolean"]],
        required: ["status", "version", "needs_token"])

    private static let library: JSONValue = {
        let limits = object(
            [
                "upload_bytes": ["type": "integer", "minimum": 1],
                "video_seconds": ["type": "number", "exclusiveMinimum": 0],
            ], required: ["upload_bytes", "video_seconds"])
        return object(
            [
                "folders": list(
                    of: described("string", "A folder whose files may be searched for and indexed.")),
                "model": orNull(reference("model")), "videos": reference("counts"), "clips": count,
                "failures": reference("failures"), "limits": limits,
            ], required: ["folders", "model", "videos", "clips", "limits"])
    }()

    private static let upload: JSONValue = object(
        [
            "id": described("string", "Names the upload in searches, while it is kept."), "name": text,
            "duration": ["type": ["number", "null"], "description": "Seconds."], "width": count,
            "height": count, "clips": ["type": "integer", "minimum": 1],
        ], required: ["id", "name", "duration", "width", "height", "clips"])

    private static let job: JSONValue = {
        let states = IndexJobs.Job.State.allCases.map { JSONValue.string($0.rawValue) }
        return object(
            [
                "id": ["type": "integer", "minimum": 1], "folders": list(of: text),
                "state": ["enum": .array(states)],
                "progress": orNull(described("object", "As the protocol's progress notifications.")),
                "result": orNull(reference("index_result")), "error": orNull(reference("problem")),
            ], required: ["id", "folders", "state", "progress", "result", "error"])
    }()

    /// The same schema, of which exactly one of these members must be there. Said by what must not be: generators of clients pass
    /// over that, and of `oneOf` they make a type of no members.
    static func exactlyOne(of names: [String], _ schema: JSONValue) -> JSONValue {
        guard case .object(let members) = schema else { return schema }
        func required(_ names: [String]) -> JSONValue { ["required": .array(names.map { .string($0) })] }
        let none: JSONValue = ["not": ["anyOf": .array(names.map { required([$0]) })]]
        let pairs = names.indices.flatMap { first in
            names[(first + 1)...].map { required([names[first], $0]) }
        }
        return .object(members + [.init("not", ["anyOf": .array([none] + pairs)])])
    }

    /// An object of these members and no others.
    static func object(_ properties: JSONValue, required: JSONValue) -> JSONValue {
        ["type": "object", "properties": properties, "required": required, "additionalProperties": false]
    }

    /// The object `name_parameters` of the protocol, with members put in and taken out.
    static func parameters(
        _ method: Method, of schema: JSONValue, keeping names: [String], adding more: [JSONValue.Member] = [],
        required: JSONValue = []
    ) -> JSONValue {
        let known = schema["$defs"]?["\(method.rawValue)_request"]?["properties"]?["params"]?["properties"]
        let kept = names.compactMap { name in known?[name].map { JSONValue.Member(name, $0) } }
        precondition(
            kept.count == names.count, "the protocol's schema lacks a parameter of \(method.rawValue)")
        return object(.object(more + kept), required: required)
    }
}
