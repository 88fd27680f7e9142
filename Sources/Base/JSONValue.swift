/// A JSON value that keeps what it read: numbers stay the text that was sent, so that an id of
/// any size or spelling comes back unchanged.
///
/// Files and configurations are read with this and not with `JSONDecoder` because they must refuse what that one lets
/// pass: names given twice and names that nobody knows.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// A number by its JSON spelling; make one with `number(_:)`.
    case literal(String)
    case string(String)
    case array([JSONValue])
    /// Members in the order they were read.
    case object([Member])

    /// One member of an object.
    public struct Member: Sendable, Equatable {
        /// The member's name.
        public var key: String
        /// The member's value.
        public var value: JSONValue

        /// A member.
        public init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// A whole number.
    public static func number(_ value: some BinaryInteger & Sendable) -> JSONValue {
        .literal(String(value))
    }

    /// A finite number by its shortest spelling that reads back the same; JSON has no other numbers,
    /// so anything else becomes null.
    public static func number(_ value: Double) -> JSONValue {
        value.isFinite ? .literal(value.description) : .null
    }

    /// A number or null.
    public static func number(_ value: Double?) -> JSONValue {
        value.map { number($0) } ?? .null
    }

    /// The member of that name, where this is an object that has one.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The text, where this is a string.
    public var stringValue: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The truth value, where this is one.
    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The number, where this is one that a double can hold.
    public var doubleValue: Double? {
        guard case .literal(let text) = self, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// The number, where this is a whole one that an `Int` can hold; `3.0` counts as 3.
    public var intValue: Int? {
        guard case .literal(let text) = self else { return nil }
        return Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
    }

    /// The number, where it is written as a whole one, without a point, and an `Int` can hold it.
    public var integerValue: Int? {
        if case .literal(let text) = self { Int(text) } else { nil }
    }

    /// The elements, where this is an array.
    public var arrayValue: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// What kind of value this is, in words for an error message.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .literal: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral,
    ExpressibleByArrayLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An object with its members in the order written.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// A whole number.
    public init(integerLiteral value: Int) { self = .number(value) }
}
