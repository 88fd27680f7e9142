internal import FoundationEssentials
import Base

extension TrainingConfiguration {
    /// The JSON form, keys sorted and in snake_case.
    public var json: String {
        guard let data = try? JSONCoding.encoder(pretty: true).encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    /// Reads a JSON form that may leave out whatever shall stay at its default; what a run was made of (`TrainingRecord`) is no
    /// choice and passed over. Throws `.invalidConfiguration` for a key that does not exist, a wrong type, or a value that cannot be.
    public init(json: String) throws(TrainingError) {
        var changes: JSONValue
        do {
            changes = try JSONValue(parsing: json)
        } catch {
            throw .invalidConfiguration(field: "configuration", problem: "is not JSON: \(error)")
        }
        if case .object(let members) = changes { changes = .object(members.filter { $0.key != "run" }) }
        let whole = try Self.overlay(changes, on: TrainingConfiguration().value, path: "")
        do {
            self = try JSONCoding.decoder().decode(TrainingConfiguration.self, from: Data(whole.text().utf8))
        } catch let DecodingError.typeMismatch(_, context) {
            throw .invalidConfiguration(field: Self.path(context), problem: "has the wrong type")
        } catch let DecodingError.dataCorrupted(context) {
            throw .invalidConfiguration(field: Self.path(context), problem: "has an invalid value")
        } catch let error as ObjectiveConfigurationError {
            throw .invalidConfiguration(field: "objective", problem: error.description)
        } catch {
            throw .invalidConfiguration(field: "configuration", problem: "cannot be read: \(error)")
        }
        try validate()
    }

    /// The JSON form as a value.
    var value: JSONValue {
        guard let data = try? JSONCoding.encoder().encode(self),
            let value = try? JSONValue(parsing: Array(data))
        else { preconditionFailure("a validated configuration is finite and has a JSON form") }
        return value
    }

    /// `base` with the members of `changes`; a member that is not in `base` is refused by its path.
    private static func overlay(
        _ changes: JSONValue, on base: JSONValue, path: String
    ) throws(TrainingError) -> JSONValue {
        // One of several forms, not a set of choices.
        if path == "objective.mining" { return changes }
        guard case .object(var members) = base else {
            // Written as a whole number, a zero has no sign.
            return changes.doubleValue == 0 ? 0 : changes
        }
        guard case .object(let others) = changes else {
            throw .invalidConfiguration(
                field: path.isEmpty ? "configuration" : path, problem: "must be an object")
        }
        for change in others {
            let here = path.isEmpty ? change.key : path + "." + change.key
            guard let place = members.firstIndex(where: { $0.key == change.key }) else {
                throw .invalidConfiguration(field: here, problem: "unknown option")
            }
            members[place].value = try overlay(change.value, on: members[place].value, path: here)
        }
        return .object(members)
    }

    /// Choices as (dotted path, text), in the order of the JSON form.
    var leaves: [(path: String, text: String)] {
        func walk(_ value: JSONValue, _ path: String) -> [(path: String, text: String)] {
            guard case .object(let members) = value, path != "objective.mining" else {
                return [(path, value.text())]
            }
            return members.flatMap { walk($0.value, path.isEmpty ? $0.key : path + "." + $0.key) }
        }
        return walk(value, "")
    }

    private static func path(_ context: DecodingError.Context) -> String {
        let keys = context.codingPath.map { key in
            key.stringValue.reduce(into: "") { text, letter in
                if letter.isUppercase { text += "_" }
                text += letter.lowercased()
            }
        }
        return keys.isEmpty ? "configuration" : keys.joined(separator: ".")
    }
}

/// One way to write and read JSON: sorted keys, snake_case.
enum JSONCoding {
    static func encoder(pretty: Bool = false) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting =
            pretty
            ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }
}
