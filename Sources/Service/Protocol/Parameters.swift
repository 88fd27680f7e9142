import Base
import Library

/// Reads a request's parameters by name; every complaint names the parameter. Null counts as not given.
struct Parameters {
    private let method: String
    private var values: [String: JSONValue] = [:]

    /// Refuses parameters by position and parameters that are not `known`.
    init(_ params: JSONValue?, of method: String, known: [String]) throws(RPCError) {
        self.method = method
        switch params {
        case nil: break
        case .object(let members):
            for member in members {
                guard known.contains(member.key) else {
                    let list = known.isEmpty ? "takes none" : "takes " + known.joined(separator: ", ")
                    throw .invalidParameter(
                        member.key, "unknown parameter \"\(member.key)\"; \(method) \(list)")
                }
                if member.value != .null { values[member.key] = member.value }
            }
        default:
            throw RPCError(.invalidParameters, "params: expected an object of named parameters")
        }
    }

    private func wrong(_ name: String, expected: String, _ value: JSONValue) -> RPCError {
        .invalidParameter(name, "\(name): expected \(expected), got \(Self.describe(value))")
    }

    private static func describe(_ value: JSONValue) -> String {
        switch value {
        case .literal(let text): text.utf8.count <= 24 ? text : "a number"
        case .string(let text): text.isEmpty ? "an empty string" : "a string"
        default: value.kind
        }
    }

    func required(_ name: String) throws(RPCError) -> JSONValue {
        guard let value = values[name] else {
            throw .invalidParameter(name, "missing parameter \"\(name)\" of \(method)")
        }
        return value
    }

    func text(_ name: String) throws(RPCError) -> String {
        let value = try required(name)
        guard let text = value.stringValue, !text.isEmpty, !text.utf8.contains(0) else {
            throw wrong(name, expected: "a string that is not empty", value)
        }
        return text
    }

    /// Whether a value was given.
    func has(_ name: String) -> Bool { values[name] != nil }

    /// As `texts`; none where it is not given, and no more than so many.
    func texts(_ name: String, atMost limit: Int) throws(RPCError) -> [String] {
        guard let value = values[name] else { return [] }
        let texts = try texts(name)
        guard texts.count <= limit else { throw wrong(name, expected: "at most \(limit) strings", value) }
        return texts
    }

    /// Text that may be empty, or nil.
    ///
    /// - Parameter limit: of its bytes.
    func optionalText(_ name: String, atMost limit: Int = 4096) throws(RPCError) -> String? {
        guard let value = values[name] else { return nil }
        guard let text = value.stringValue, !text.utf8.contains(0), text.utf8.count <= limit else {
            throw wrong(name, expected: "a string of at most \(limit) bytes", value)
        }
        return text
    }

    func wholes(_ name: String, count: ClosedRange<Int>) throws(RPCError) -> [Int] {
        let value = try required(name)
        let numbers = value.arrayValue?.compactMap(\.intValue) ?? []
        guard count.contains(numbers.count), numbers.count == value.arrayValue?.count else {
            throw wrong(
                name, expected: "an array of \(count.lowerBound) to \(count.upperBound) whole numbers", value)
        }
        return numbers
    }

    func texts(_ name: String) throws(RPCError) -> [String] {
        let value = try required(name)
        let texts = value.arrayValue?.compactMap(\.stringValue) ?? []
        guard !texts.isEmpty, texts.count == value.arrayValue?.count,
            texts.allSatisfy({ !$0.isEmpty && !$0.utf8.contains(0) })
        else {
            throw wrong(name, expected: "an array of one or more strings", value)
        }
        return texts
    }

    func flag(_ name: String) throws(RPCError) -> Bool {
        guard let value = values[name] else { return false }
        guard let flag = value.boolValue else { throw wrong(name, expected: "true or false", value) }
        return flag
    }

    func whole(_ name: String, in range: ClosedRange<Int>) throws(RPCError) -> Int? {
        guard let value = values[name] else { return nil }
        guard let number = value.intValue, range.contains(number) else {
            throw wrong(
                name, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)", value)
        }
        return number
    }

    func number(_ name: String, atLeast minimum: Double) throws(RPCError) -> Double? {
        guard let value = values[name] else { return nil }
        guard let number = value.doubleValue, number >= minimum else {
            throw wrong(
                name, expected: "a number of at least \(JSONValue.number(minimum).serialized())", value)
        }
        return number
    }

    func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, of _: Choice.Type
    ) throws(RPCError) -> Choice? where Choice.RawValue == String {
        guard let value = values[name] else { return nil }
        guard let text = value.stringValue, let choice = Choice(rawValue: text) else {
            let names = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
            throw wrong(name, expected: names, value)
        }
        return choice
    }

    func identifier(_ name: String) throws(RPCError) -> JSONValue {
        let value = try required(name)
        switch value {
        case .string, .literal: return value
        default: throw wrong(name, expected: "a string or a number", value)
        }
    }
}

extension Parameters {
    /// One or more texts; none where it is not given.
    func texts(_ parameter: SearchParameter) throws(RPCError) -> [String] {
        guard case .texts(let most) = parameter.kind else { preconditionFailure("these are no texts") }
        return try texts(parameter.name, atMost: most)
    }

    /// A whole number within its range.
    func whole(_ parameter: SearchParameter) throws(RPCError) -> Int? {
        guard case .whole(let range) = parameter.kind else { preconditionFailure("this is no whole number") }
        return try whole(parameter.name, in: range)
    }

    /// A number within its range.
    func number(_ parameter: SearchParameter) throws(RPCError) -> Double? {
        var least = 0.0
        if case .number(let range) = parameter.kind { least = range.lowerBound }
        guard let number = try number(parameter.name, atLeast: least) else { return nil }
        guard parameter.admits(number) else {
            throw .invalidParameter(
                parameter.name, "\(parameter.name): expected \(parameter.range ?? "another number")")
        }
        return number
    }
}
