import Testing
import Training

@Suite struct TrainingConfigurationTests {
    @Test func theDefaultsAreValidAndSurviveJSON() throws {
        var configuration = TrainingConfiguration()
        try configuration.validate()
        #expect(try TrainingConfiguration(json: configuration.json) == configuration)
        configuration.seed = 1 << 62 + 1
        configuration.objective.mining = .threshold(2.5)
        configuration.optimizer.kind = .sgd
        configuration.freeze = .backbone
        configuration.sampling.shortVideo = .loop
        #expect(try TrainingConfiguration(json: configuration.json) == configuration)
    }

    /// Written as a whole number, a zero has no sign.
    @Test func negativeZerosSurviveJSON() throws {
        let read = try TrainingConfiguration(json: #"{"objective": {"kl_weight": -0.0}}"#)
        #expect(read.objective.klWeight.sign == .plus)
        #expect(try TrainingConfiguration(json: read.json).json == read.json)
    }

    @Test func whatIsLeftOutStaysAtItsDefault() throws {
        let json = #"{"steps": 7, "optimizer": {"warmup_steps": 0}, "objective": {"mining": "off"}}"#
        let read = try TrainingConfiguration(json: json)
        var expected = TrainingConfiguration()
        expected.steps = 7
        expected.optimizer.warmupSteps = 0
        expected.objective.mining = .off
        #expect(read == expected)
    }

    @Test(arguments: [
        (#"{"stepz": 7}"#, "stepz"),
        (#"{"optimizer": {"rate": 1}}"#, "optimizer.rate"),
        (#"{"objective": {"tau": 1}}"#, "objective.tau"),
        (#"{"optimizer": 3}"#, "optimizer"),
        (#"{"steps": "many"}"#, "steps"),
        (#"{"steps": 0}"#, "steps"),
        (#"{"freeze": "all"}"#, "freeze"),
        (#"{"batch": {"videos": 1}}"#, "batch.videos"),
        (#"{"optimizer": {"learning_rate": -1}}"#, "optimizer.learning_rate"),
        (#"{"optimizer": {"warmup_steps": 5000}}"#, "optimizer.warmup_steps"),
        (#"{"augmentation": {"smallest_crop": 0.9, "largest_crop": 0.5}}"#, "augmentation.largest_crop"),
        (#"{"cache": {"width": 8}}"#, "cache.width"),
        (#"{"operation": {"log_every": 0}}"#, "operation.log_every"),
        (#"{"objective": {"views": 3}}"#, "objective"),
        (#"{"objective": {"views": 1, "nce_weight": 1}, "batch": {"clips": 1}}"#, "batch.clips"),
        ("{", "configuration"),
        ("[]", "configuration"),
    ])
    func whatCannotBeIsNamed(json: String, field: String) {
        do {
            _ = try TrainingConfiguration(json: json)
            Issue.record("must throw")
        } catch TrainingError.invalidConfiguration(let named, let problem) {
            #expect(named == field && !problem.isEmpty)
        } catch {
            Issue.record(error)
        }
    }

    @Test func plotsEscapeAndLeaveOutWhatIsNotFinite() {
        let svg = CurvePlot.svg([
            .init(
                title: "a < b & c", xLabel: "step",
                series: [.init(name: "loss", points: [[0, 1], [1, .nan], [2, 3], [3, .infinity]])]),
            .init(title: "flat", xLabel: "x", series: [.init(name: "one", points: [[5, 5]])]),
            .init(title: "empty", xLabel: "x", series: []),
        ])
        #expect(svg.contains("a &lt; b &amp; c") && !svg.contains("nan") && !svg.contains("inf"))
        #expect(svg.contains("points=\"70,216 570,34\""))
    }
}
