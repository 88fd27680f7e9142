extension ObjectiveConfiguration {
    enum CodingKeys: String, CodingKey {
        case views, samples, lambda, mining, uncertainty, reduction, klWeight, nceWeight, temperature
    }

    /// Strict: a run that is resumed with a setting silently left out would train on something else. Throws
    /// `ObjectiveConfigurationError` for a missing or invalid setting.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func value<Value: Decodable>(
            _ key: CodingKeys, _ expected: String
        ) throws(ObjectiveConfigurationError) -> Value {
            do { return try container.decode(Value.self, forKey: key) } catch {
                throw .invalid(key: key.rawValue, expected: expected)
            }
        }
        self.init(
            views: try value(.views, "1 or 2"), samples: try value(.samples, "a whole number from 1 to 64"),
            lambda: try value(.lambda, "a number, 0 or more"),
            mining: try value(.mining, #""off", {"threshold": τ} or {"quantile": q}"#),
            uncertainty: try value(.uncertainty, Self.oneOf(UncertaintyWeighting.self)),
            reduction: try value(.reduction, Self.oneOf(Reduction.self)),
            klWeight: try value(.klWeight, "a number, 0 or more"),
            nceWeight: try value(.nceWeight, "a number from 0 to 1"),
            temperature: try value(.temperature, "a number above 0"))
        try validate()
    }

    private static func oneOf<Choice: CaseIterable & RawRepresentable<String>>(_ type: Choice.Type) -> String
    {
        "one of " + type.allCases.map(\.rawValue).joined(separator: ", ")
    }
}

/// `"off"`, `{"threshold": τ}` or `{"quantile": q}`.
extension ObjectiveConfiguration.Mining: Codable {
    /// Throws for anything but the three forms.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let word = try? container.decode(String.self), word == "off" {
            self = .off
            return
        }
        let members = try container.decode([String: Double].self)
        switch (members.count, members.first?.key, members.first?.value) {
        case (1, "threshold", let tau?): self = .threshold(tau)
        case (1, "quantile", let quantile?): self = .quantile(quantile)
        default: throw MalformedMining()
        }
    }

    /// One of the three forms.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .off: try container.encode("off")
        case .threshold(let tau): try container.encode(["threshold": tau])
        case .quantile(let quantile): try container.encode(["quantile": quantile])
        }
    }

    private struct MalformedMining: Error {}
}
