import Base
import HTTPTypes
import Hummingbird
import Service

/// One path and method of the interface.
struct Route: Sendable {
    /// What runs it; throws `Refusal`, `RPCError` or `LibraryError`.
    typealias Handling = @Sendable (Call) async throws -> Answer

    var method: HTTPRequest.Method
    /// Such as `/api/videos/{id}/preview`; the part in braces is a number or a name without slashes.
    var template: String
    /// What the OpenAPI document says of it; nil leaves it out of the document.
    var operation: Operation?
    /// Whether it answers without the token: what says nothing of the library.
    var isOpen = false
    var handling: Handling

    /// What it is about, by which generated clients group operations: the part of the path behind `/api/`.
    var tag: String {
        let parts = template.split(separator: "/")
        return parts.first == "api" && parts.count > 1 ? String(parts[1]) : "service"
    }

    /// The values of a path's parts in braces, or nil where the path is another's.
    func parameters(of path: [Substring]) -> [String: String]? {
        let parts = template.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard parts.count == path.count else { return nil }
        var values: [String: String] = [:]
        for (part, given) in zip(parts, path) {
            if part.hasPrefix("{") {
                guard !given.isEmpty else { return nil }
                values[String(part.dropFirst().dropLast())] = String(given)
            } else if part != given {
                return nil
            }
        }
        return values
    }
}

/// One request, taken apart for its route.
struct Call: Sendable {
    var request: Request
    var path: [String: String]
    var query: QueryParameters
    /// The address it came from, as it is counted: a key of `ClientAddress`.
    var client: String
    /// Asked by blocking work; true once the client has gone or the service ends.
    var cancellation: Cancellation

    /// A whole number of the path; the route is not found where it is none.
    func number(_ name: String) throws -> Int64 {
        guard let text = path[name], text.utf8.count <= 19,
            text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            let number = Int64(text)
        else { throw Refusal(404, "not_found", "there is nothing at this path") }
        return number
    }
}

/// A query string's parameters, each at most once; those that are not asked for are refused by name.
struct QueryParameters: Sendable {
    private var values: [String: String] = [:]
    /// Of those that were given, in their order.
    private(set) var names: [String] = []

    /// - Throws: 400 for a parameter that comes twice or is not UTF-8.
    init(_ text: Substring?) throws(Refusal) {
        for pair in (text ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(parts[0]), let value = Self.decoded(parts.count > 1 ? parts[1] : "")
            else {
                throw Refusal(400, "invalid_parameter", "the query string is not percent-encoded UTF-8")
            }
            guard values[name] == nil else {
                throw Refusal(parameter: name, "comes twice")
            }
            values[name] = value
            names.append(name)
        }
    }

    /// Refuses parameters of other names.
    func only(_ known: [String]) throws(Refusal) {
        try Bodies.refuseUnknown(names, known)
    }

    func text(_ name: String) -> String? { values[name] }

    /// The parameters as the protocol's, numbers and truth values by name, the rest as text.
    func json(numbers: Set<String> = [], flags: Set<String> = []) throws(Refusal) -> JSONValue {
        var members: [JSONValue.Member] = []
        for name in names {
            let text = values[name] ?? ""
            if numbers.contains(name) {
                guard let value = try? JSONValue(parsing: text), value.doubleValue != nil else {
                    throw Refusal(parameter: name, "expected a number")
                }
                members.append(.init(name, value))
            } else if flags.contains(name) {
                guard text == "true" || text == "false" else {
                    throw Refusal(parameter: name, "expected true or false")
                }
                members.append(.init(name, .bool(text == "true")))
            } else {
                members.append(.init(name, .string(text)))
            }
        }
        return .object(members)
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit)
                else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
