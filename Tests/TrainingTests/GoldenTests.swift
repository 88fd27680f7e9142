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
        let terms = [
            ("total", result.total), ("soft", result.soft), ("stochastic", result.stochastic),
            ("kl", result.kl), ("nce", result.nce), ("mean_log_variance", result.meanLogVariance),
            ("positives_per_anchor", result.positivesPerAnchor),
        ]
        for (name, value) in terms {
            #expect(relativeError(value, try golden.scalar("\(form).terms.\(name)")) < 1e-5, "\(name)")
        }
        #expect(relativeError(result.dMu, try golden.values("\(form).gradients.means")) < 1e-3)
        #expect(relativeError(result.dS, try golden.values("\(form).gradients.log_variances")) < 1e-3)
        #expect(relativeError(result.dAlpha, try golden.scalar("\(form).gradients.log_a")) < 1e-3)
        #expect(relativeError(result.dB, try golden.scalar("\(form).gradients.b")) < 1e-3)
    }

    @Test(arguments: architectures)
    func featuresEqualTheReference(architecture: String) throws {
        let folder = "\(GoldenFixture.folder)/\(architecture)"
        let golden = try GoldenFixture("\(architecture)/golden")
        let encoder = try FeatureEncoder(encoder: VideoEncoder(folder: folder, precision: .float32))
        let bytes = try golden.bytes("clips")
        let count = try golden.shape("clips")[0]
        var features: [Float] = []
        var means: [Float] = []
        for number in 0..<count {
            let size = bytes.count / count
            let clip = Clip(
                interval: TimeRange(start: 0, stop: 1),
                frames: Array(bytes[(number * size)..<((number + 1) * size)]))
            let (feature, gaussian) = try encoder.encode(clip)
            features += feature
            means += gaussian.mean
        }
        #expect(relativeError(features, try golden.values("features")) < 1e-4)
        // Gaussians are rounded to float16, which has 11 bits.
        #expect(relativeError(means, try golden.values("mean")) < 1e-3)
    }

    @Test(arguments: architectures)
    func everyGradientEqualsTheReference(architecture: String) throws {
        let step = try GoldenStep(architecture)
        let result = try step.forwardAndBackward(noise: 0)
        let golden = step.golden
        for (name, value) in [
            ("total", result.total), ("soft", result.soft), ("stochastic", result.stochastic),
            ("kl", result.kl), ("positives_per_anchor", result.positivesPerAnchor),
        ] {
            // The network's own rounding is in these; the objective alone is held to 1e-5 above.
            #expect(relativeError(value, try golden.scalar("terms.\(name)")) < 1e-4, "\(name)")
        }
        var compared = 0
        for parameter in step.encoder.parameters {
            let expected = try golden.values("gradients.\(parameter.name)")
            let error = relativeError(Array(parameter.gradient), expected)
            #expect(error < 1e-3, "\(parameter.name): \(error)")
            compared += 1
        }
        #expect(compared == golden.gradientNames.count - 2)
        #expect(relativeError(result.dAlpha, try golden.scalar("gradients.log_a")) < 1e-3)
        #expect(relativeError(result.dB, try golden.scalar("gradients.b")) < 1e-3)
        for buffer in step.encoder.buffers {
            #expect(
                relativeError(Array(buffer.value), try golden.values("after.\(buffer.name)")) < 1e-4,
                "\(buffer.name)")
        }
    }

    @Test(arguments: architectures, ["sgd", "adamw"])
    func tenStepsFollowTheReference(architecture: String, optimiser: String) throws {
        let step = try GoldenStep(architecture)
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
        let expected = try step.golden.values("losses.\(optimiser)")
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

/// One training step of a golden model on its golden clips, in float32.
private final class GoldenStep {
    let golden: GoldenFixture
    let settings: GoldenFixture.Settings
    let encoder: any TrainableEncoder
    private let objective: Objective
    private let clips: [UInt8]
    private let matchMemory = UnsafeMutableBufferPointer<Float>.allocate(capacity: 4)

    init(_ architecture: String) throws {
        golden = try GoldenFixture("\(architecture)/golden")
        settings = try GoldenFixture.settings()
        encoder = try EncoderTrainer(
            folder: "\(GoldenFixture.folder)/\(architecture)", threads: 1, precision: .float32)
        objective = try Objective(settings.objective)
        clips = try golden.bytes("clips")
        let start = MatchParameters()
        _ = matchMemory.initialize(from: [Float(start.alpha), Float(start.b), 0, 0])
    }

    deinit { matchMemory.deallocate() }

    /// α, b and their gradients, one number each.
    func match(_ index: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(rebasing: matchMemory[index..<(index + 1)])
    }

    func forwardAndBackward(noise number: Int) throws -> ObjectiveResult<Float> {
        let shape = try objective.shape(
            videos: settings.videos, clips: settings.clips, dimension: encoder.dimension)
        let rows = shape.mixtures * shape.clips
        var mu = [Float](repeating: .nan, count: rows * encoder.dimension)
        var s = mu
        try clips.withUnsafeBufferPointer { clips in
            try mu.withUnsafeMutableBufferPointer { mu in
                try s.withUnsafeMutableBufferPointer { s in
                    try encoder.forward(clips: clips, count: rows, mu: mu, s: s)
                }
            }
        }
        let noise = try golden.values("noise")
        let part = noise[(number * shape.noiseCount)..<((number + 1) * shape.noiseCount)]
        let result = try objective.evaluate(
            mu: mu, s: s, noise: Array(part),
            parameters: MatchParameters(alpha: Double(match(0)[0]), b: Double(match(1)[0])), shape: shape)
        try result.dMu.withUnsafeBufferPointer { dMu in
            try result.dS.withUnsafeBufferPointer { dS in try encoder.backward(dMu: dMu, dS: dS) }
        }
        return result
    }
}
