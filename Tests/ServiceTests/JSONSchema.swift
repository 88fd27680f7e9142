import Base

/// Checks JSON values against the part of JSON Schema (draft 2020-12) that our protocol uses. A keyword
/// it does not know is a failure, never something passed over.
struct JSONSchema {
    let root: JSONValue

    private static let annotations: Set = ["$schema", "$id", "$defs", "title", "description"]

    /// What is wrong with the value, each with its place; empty when it is valid.
    func problems(of value: JSONValue, against reference: String) -> [String] {
        guard let schema = resolve(reference) else { return ["no schema \(reference)"] }
        return problems(of: value, schema, at: "$")
    }

    private func resolve(_ reference: String) -> JSONValue? {
        let prefix = "#/$defs/"
        guard reference.hasPrefix(prefix) else { return nil }
        return root["$defs"]?[String(reference.dropFirst(prefix.count))]
    }

    private func problems(of value: JSONValue, _ schema: JSONValue, at place: String) -> [String] {
        guard case .object(let keywords) = schema else { return ["\(place): the schema is no object"] }
        return keywords.flatMap { keyword -> [String] in
            if Self.annotations.contains(keyword.key) { return [] }
            return problems(of: value, keyword.key, keyword.value, in: schema, at: place)
        }
    }

    private func problems(
        of value: JSONValue, _ keyword: String, _ argument: JSONValue, in schema: JSONValue, at place: String
    ) -> [String] {
        func require(_ isValid: Bool) -> [String] {
            isValid ? [] : ["\(place): \(value.serialized()) breaks \(keyword) \(argument.serialized())"]
        }
        switch keyword {
        case "$ref":
            guard let target = resolve(argument.stringValue ?? "") else { return ["\(place): unknown $ref"] }
            return problems(of: value, target, at: place)
        case "type":
            let names = argument.arrayValue?.compactMap(\.stringValue) ?? [argument.stringValue ?? ""]
            return require(names.contains { Self.isType($0, value) })
        case "const": return require(value == argument)
        case "enum": return require(argument.arrayValue?.contains(value) == true)
        case "minimum": return require(value.doubleValue.map { $0 >= argument.doubleValue ?? .nan } ?? true)
        case "maximum": return require(value.doubleValue.map { $0 <= argument.doubleValue ?? .nan } ?? true)
        case "minLength":
            return require(value.stringValue.map { $0.count >= argument.intValue ?? .max } ?? true)
        case "minItems":
            return require(value.arrayValue.map { $0.count >= argument.intValue ?? .max } ?? true)
        case "maxItems":
            return require(value.arrayValue.map { $0.count <= argument.intValue ?? .min } ?? true)
        case "exclusiveMinimum":
            return require(value.doubleValue.map { $0 > argument.doubleValue ?? .nan } ?? true)
        case "exclusiveMaximum":
            return require(value.doubleValue.map { $0 < argument.doubleValue ?? .nan } ?? true)
        case "items":
            return (value.arrayValue ?? []).enumerated().flatMap { index, element in
                problems(of: element, argument, at: "\(place)[\(index)]")
            }
        case "required":
            guard case .object = value else { return [] }
            return (argument.arrayValue ?? []).compactMap(\.stringValue).filter { value[$0] == nil }
                .map { "\(place): \($0) is missing" }
        case "properties":
            guard case .object(let members) = value else { return [] }
            return members.flatMap { member -> [String] in
                guard let schema = argument[member.key] else { return [] }
                return problems(of: member.value, schema, at: "\(place).\(member.key)")
            }
        case "additionalProperties":
            guard case .object(let members) = value else { return [] }
            guard argument == false else { return ["\(place): additionalProperties may only be false"] }
            return members.filter { schema["properties"]?[$0.key] == nil }
                .map { "\(place): \($0.key) is not foreseen" }
        case "oneOf", "anyOf":
            let results = (argument.arrayValue ?? []).map { problems(of: value, $0, at: place) }
            let valid = results.count(where: \.isEmpty)
            if keyword == "oneOf" ? valid == 1 : valid > 0 { return [] }
            return ["\(place): \(valid) alternatives of \(keyword) fit"] + results.flatMap { $0 }
        default:
            return ["\(place): the checker does not know the keyword \(keyword)"]
        }
    }

    private static func isType(_ name: String, _ value: JSONValue) -> Bool {
        switch (name, value) {
        case ("null", .null), ("boolean", .bool), ("number", .literal), ("string", .string),
            ("array", .array),
            ("object", .object):
            true
        case ("integer", .literal): value.intValue != nil
        default: false
        }
    }
}
