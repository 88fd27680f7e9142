import FoundationEssentials
import Testing
import Training

@Suite struct ObjectiveConfigurationTests {
    let complete = """
        {"klWeight": 0.0001, "lambda": 1, "mining": {"quantile": 0.25}, "nceWeight": 0.5, \
        "reduction": "plain", "samples": 4, "temperature": 0.1, "uncertainty": "literal", "views": 1}
        """

    func read(_ text: String) throws -> ObjectiveConfiguration {
        try JSONDecoder().decode(ObjectiveConfiguration.self, from: Data(text.utf8))
    }

    func complaint(_ text: String) -> ObjectiveConfigurationError? {
        do {
            _ = try read(text)
        } catch let error as ObjectiveConfigurationError {
            return error
        } catch {}
        return nil
    }

    @Test func reads() throws {
        let expected = ObjectiveConfiguration(
            views: 1, samples: 4, mining: .quantile(0.25), uncertainty: .literal, reduction: .plain,
            nceWeight: 0.5)
        #expect(try read(complete) == expected)
    }

    @Test(arguments: [ObjectiveConfiguration.Mining.off, .threshold(0.8), .quantile(0.02)])
    func returnsFromItsText(_ mining: ObjectiveConfiguration.Mining) throws {
        let configuration = ObjectiveConfiguration(mining: mining, uncertainty: .none)
        let text = try JSONEncoder().encode(configuration)
        #expect(try JSONDecoder().decode(ObjectiveConfiguration.self, from: text) == configuration)
    }

    @Test(arguments: [
        ("\"views\": 1", "\"views\": 3", "views"),
        ("\"views\": 1", "\"views\": \"two\"", "views"),
        ("\"samples\": 4", "\"samples\": 0", "samples"),
        ("\"samples\": 4", "\"samples\": 2.5", "samples"),
        ("\"lambda\": 1", "\"lambda\": -1", "lambda"),
        ("\"quantile\": 0.25", "\"quantile\": 1", "mining"),
        ("\"quantile\": 0.25", "\"quartile\": 0.5", "mining"),
        ("\"quantile\": 0.25", "\"quantile\": 0.25, \"threshold\": 1", "mining"),
        ("{\"quantile\": 0.25}", "\"on\"", "mining"),
        ("{\"quantile\": 0.25}", "{\"threshold\": -1}", "mining"),
        ("literal", "Literal", "uncertainty"),
        ("plain", "sum", "reduction"),
        ("\"klWeight\": 0.0001", "\"klWeight\": null", "klWeight"),
        ("\"nceWeight\": 0.5", "\"nceWeight\": 1.5", "nceWeight"),
        ("\"temperature\": 0.1", "\"temperature\": 0", "temperature"),
    ])
    func namesWhatIsWrong(_ part: String, _ replacement: String, _ key: String) throws {
        let pieces = complete.split(separator: part, omittingEmptySubsequences: false)
        #expect(pieces.count == 2)
        guard case .invalid(key, _) = complaint(pieces.joined(separator: replacement)) else {
            Issue.record("no complaint about \(key)")
            return
        }
    }

    @Test func namesMissingKeys() {
        let missing = complete.split(separator: ", \"views\": 1").joined()
        #expect(complaint(missing) == .invalid(key: "views", expected: "1 or 2"))
    }

    @Test func objectiveRefusesWhatIsOutOfRange() {
        #expect(throws: ObjectiveConfigurationError.self) {
            try Objective(ObjectiveConfiguration(nceWeight: .nan))
        }
        #expect(throws: ObjectiveConfigurationError.self) {
            try Objective(ObjectiveConfiguration(temperature: .infinity))
        }
    }
}
