// Strict on reading: every key must be there, no other may, and a wrong value is named. A run that is
// resumed with a setting silently left out would train on something else.

extension ObjectiveConfiguration {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case views, samples, lambda, mining, uncertainty, reduction, klWeight, nceWeight, temperature
    }

    /// Throws `ObjectiveConfigurationError` for an unknown, missing or invalid setting.
    public init(from decoder: any Decoder) throws {
        let reader = try StrictReader(decoder, keys: CodingKeys.allCases.map(\.rawValue))
        let mining: Mining = try reader.value(
            CodingKeys.mining.rawValue, #""off", {"threshold": τ} or {"quantile": q}"#)
        try self.init(
            views: reader.value(CodingKeys.views.rawValue, "1 or 2"),
            samples: reader.value(CodingKeys.samples.rawValue, "a whole number from 1 to 64"),
            lambda: reader.value(CodingKeys.lambda.rawValue, "a number, 0 or more"),
            mining: mining,
            uncertainty: reader.value(
                CodingKeys.uncertainty.rawValue, Self.list(UncertaintyWeighting.allCases.map(\.rawValue))),
            reduction: reader.value(
                CodingKeys.reduction.rawValue, Self.list(Reduction.allCases.map(\.rawValue))),
            klWeight: reader.value(CodingKeys.klWeight.rawValue, "a number, 0 or more"),
            nceWeight: reader.value(CodingKeys.nceWeight.rawValue, "a number from 0 to 1"),
            temperature: reader.value(CodingKeys.temperature.rawValue, "a number above 0"))
        try validate()
    }

    private static func list(_ names: [String]) -> String { "one of " + names.joined(separator: ", ") }
}

/// `"off"`, `{"threshold": τ}` or `{"quantile": q}`.
extension ObjectiveConfiguration.Mining: Codable {
    private enum Key: String, CodingKey, CaseIterable {
        case threshold, quantile
    }

    /// Throws for anything but the three forms.
    public init(from decoder: any Decoder) throws {
        if let word = try? decoder.singleValueContainer().decode(String.self) {
            guard word == "off" else { throw MalformedMining() }
            self = .off
            return
        }
        let container = try decoder.container(keyedBy: AnyKey.self)
        guard container.allKeys.count == 1, let name = container.allKeys.first,
            let key = Key(rawValue: name.stringValue)
        else { throw MalformedMining() }
        let number = try container.decode(Double.self, forKey: name)
        self = key == .threshold ? .threshold(number) : .quantile(number)
    }

    /// One of the three forms.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .off:
            var container = encoder.singleValueContainer()
            try container.encode("off")
        case .threshold(let tau):
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(tau, forKey: .threshold)
        case .quantile(let quantile):
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(quantile, forKey: .quantile)
        }
    }

    private struct MalformedMining: Error {}
}

/// A keyed container whose errors name the key and what it should hold.
private struct StrictReader {
    private let container: KeyedDecodingContainer<AnyKey>

    init(_ decoder: any Decoder, keys: [String]) throws {
        container = try decoder.container(keyedBy: AnyKey.self)
        // Sorted, so that the same file always gets the same complaint.
        for key in container.allKeys.map(\.stringValue).sorted() where !keys.contains(key) {
            throw ObjectiveConfigurationError.unknownKey(key)
        }
    }

    func value<Value: Decodable>(
        _ key: String, _ expected: String
    ) throws(ObjectiveConfigurationError) -> Value {
        guard container.contains(AnyKey(key)) else { throw .missingKey(key) }
        do {
            return try container.decode(Value.self, forKey: AnyKey(key))
        } catch {
            throw .invalid(key: key, expected: expected)
        }
    }
}

private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
}
