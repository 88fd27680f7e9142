import Base
import NeuralNetwork
import Testing
import Training
import VideoDecoding
import VideoEncoding

private let architectures = ["slowonly18", "r3d_18", "mc3_18", "r2plus1d_18"]

/// The loss, every gradient and ten optimiser steps against the PyTorch reference's values (computed in double
/// precision). Tolerances: loss terms 1e-5, gradients 1e-3, losses over ten steps 1e-3, all relative.
@Suite struct GoldenTests {
    @Test(arguments: ["literal", "normalised", "soft", "nce", "mixed"])
    func objectiveAloneEqualsTheReference(form: String) throws {
        let golden = try GoldenFixture("objective")
        let configuration = try #require(try GoldenFixture.settings().objective_forms[form])
        let objective = try Objective(configuration)
        let extents = try golden.shape("means")
        let shape = try objective.shape(
            videos: extents[0] / configuration.views, clips: extents[1], dimension: extents[2])
        let result = try objective.evaluate(
            mu: try golden.values("means"), s: try golden.values("log_variances"),
            noise: try golden.values("noise"), parameters: MatchParameters(), shape: shape)
        for (name, value) in result.terms {
            #expect(relativeError(value, try golden.scalar("\(form).terms.\(name)")) < 1e-5, "\(name)")
        }
        #expect(relativeError(result.dMu, try golden.values("\(form).gradients.means")) < 1e-3)
        #expect(relativeError(result.dS, try golden.values("\(form).gradients.log_variances")) < 1e-3)
        #expect(relativeError(result.dAlpha, try golden.scalar("\(form).gradients.log_a")) < 1e-3)
        #expect(relativeError(result.dB, try golden.scalar("\(form).gradients.b")) < 1e-3)
    }

    @Test(arguments: architectures)
    func featuresEqualTheReference(architecture: String) throws {
        let golden = try GoldenFixture("\(architecture)/golden")
        let (features, means) = try encoded(architecture, .float32)
        #expect(relativeError(features.flatMap(\.self), try golden.values("features")) < 1e-4)
        // Gaussians are rounded to float16, which has 11 bits.
        #expect(relativeError(means, try golden.values("mean")) < 1e-3)
    }

    /// Of every clip. The networks are two channels wide where they begin, so that the rounding to 8 bits averages out
    /// less than in wide ones.
    @Test(.enabled(if: ComputeEngine.hasNativeBFloat16), arguments: architectures)
    func bfloat16FeaturesPointWhereThoseOfFloat32Do(architecture: String) throws {
        let (narrow, _) = try encoded(architecture, .bfloat16)
        let (exact, _) = try encoded(architecture, .float32)
        #expect(narrow != exact, "bfloat16 was not used")
        #expect(narrow.count == exact.count && exact.count == 8)
        for (clip, (a, b)) in zip(narrow, exact).enumerated() {
            #expect(cosine(a, b) >= 0.999, "clip \(clip): \(cosine(a, b))")
        }
    }

    @Test(arguments: architectures, GoldenObjective.allCases)
    func everyGradientEqualsTheReference(architecture: String, objective: GoldenObjective) throws {
        let step = try GoldenStep(architecture, objective)
        let result = try step.forwardAndBackward(noise: 0)
        for (name, value) in result.terms {
            let error = relativeError(value, Double(try step.expected("terms.\(name)")[0]))
            #expect(error < 1e-5, "\(name): \(error)")
        }
        var compared = 0
        for parameter in step.encoder.parameters {
            let expected = try step.expected("gradients.\(parameter.name)")
            let error = relativeError(Array(parameter.gradient), expected)
            #expect(error < 1e-3, "\(parameter.name): \(error)")
            compared += 1
        }
        #expect(compared == step.expectedGradientCount - 2)
        #expect(relativeError(result.dAlpha, Double(try step.expected("gradients.log_a")[0])) < 1e-3)
        #expect(relativeError(result.dB, Double(try step.expected("gradients.b")[0])) < 1e-3)
        for buffer in step.encoder.buffers {
            #expect(
                relativeError(Array(buffer.value), try step.golden.values("after.\(buffer.name)")) < 1e-4,
                "\(buffer.name)")
        }
    }

    @Test(
        arguments: architectures, [("sgd", GoldenObjective.proViCo), ("adamw", .proViCo), ("sgd", .baseline)])
    func tenStepsFollowTheReference(architecture: String, run: (String, GoldenObjective)) throws {
        let (optimiser, objective) = run
        let step = try GoldenStep(architecture, objective)
        let settings = step.settings
        let rates = try #require(settings.optimisers[optimiser])
        var choice = OptimizerChoice()
        choice.kind = try #require(OptimizerChoice.Kind(rawValue: optimiser))
        choice.weightDecay = rates.decay
        choice.momentum = rates.momentum ?? choice.momentum
        let match = [
            TrainableParameter(
                name: "alpha", shape: [1], value: step.match(0), gradient: step.match(2), decays: false),
            TrainableParameter(
                name: "b", shape: [1], value: step.match(1), gradient: step.match(3), decays: false),
        ]
        let parameters = step.encoder.parameters + match
        let optimizer = choice.makeOptimizer(for: parameters)
        let schedule = LearningRateSchedule(
            peak: rates.rate, warmupSteps: settings.warm_up, totalSteps: settings.steps)
        let expected = try step.expected("losses.\(optimiser)")
        #expect(expected.count == settings.steps)
        for number in 0..<settings.steps {
            Gradients.clear(parameters)
            let result = try step.forwardAndBackward(noise: number)
            step.match(2)[0] = Float(result.dAlpha)
            step.match(3)[0] = Float(result.dB)
            #expect(relativeError(result.total, Double(expected[number])) < 1e-3, "step \(number)")
            _ = Gradients.clip(parameters, maximum: settings.gradient_clip)
            optimizer.step(learningRate: schedule.rate(step: number))
        }
    }
}

/// Each clip's feature, and all means in one row.
private func encoded(
    _ architecture: String, _ precision: Precision
) throws -> (features: [[Float]], means: [Float]) {
    let golden = try GoldenFixture("\(architecture)/golden")
    let encoder = try EncodingLane(
        encoder: VideoEncoder(folder: "\(GoldenFixture.folder)/\(architecture)", precision: precision),
        threads: 1)
    let bytes = try golden.bytes("clips")
    let count = try golden.shape("clips")[0]
    let size = bytes.count / count
    var features: [[Float]] = []
    var means: [Float] = []
    for number in 0..<count {
        let clip = Clip(
            interval: TimeRange(start: 0, stop: 1),
            frames: Array(bytes[(number * size)..<((number + 1) * size)]))
        let (feature, gaussian) = try encoder.encodeWithFeature(clip)
        features.append(feature)
        means += gaussian.mean
    }
    return (features, means)
}

extension ObjectiveResult {
    /// By the reference's names.
    fileprivate var terms: [(String, Double)] {
        [
            ("total", total), ("soft", soft), ("stochastic", stochastic), ("kl", kl), ("nce", nce),
            ("mean_log_variance", meanLogVariance), ("positives_per_anchor", positivesPerAnchor),
        ]
    }
}
