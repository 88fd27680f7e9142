import Base
import NeuralNetwork
import Testing
import TestSupport
import VideoDecoding
import VideoEncoding

/// One forward pass and, with gradients, one backward pass.
private func run(
    _ trainer: EncoderTrainer, _ clips: [Clip], dMu: [Float]? = nil, dS: [Float]? = nil
) throws -> (mu: [Float], s: [Float]) {
    let bytes = clips.flatMap(\.frames)
    var mu = [Float](repeating: 0, count: clips.count * trainer.dimension)
    var s = mu
    try bytes.withUnsafeBufferPointer { bytes in
        try mu.withUnsafeMutableBufferPointer { mu in
            try s.withUnsafeMutableBufferPointer { s in
                try trainer.forward(clips: bytes, count: clips.count, mu: mu, s: s)
            }
        }
    }
    if let dMu, let dS {
        try dMu.withUnsafeBufferPointer { dMu in
            try dS.withUnsafeBufferPointer { try trainer.backward(dMu: dMu, dS: $0) }
        }
    }
    return (mu, s)
}

private func gradients(_ trainer: EncoderTrainer) -> [String: [Float]] {
    Dictionary(uniqueKeysWithValues: trainer.weights.parameters.map { ($0.name, Array($0.gradient)) })
}

private func waves(_ count: Int, _ pace: Double) -> [Float] {
    (0..<count).map { i in Float(((Double(i) * pace).truncatingRemainder(dividingBy: 2)) - 1) }
}

@Suite struct EncoderTrainerTests {
    @Test func tensorsAreNamedAsInTheFile() throws {
        let trainer = try EncoderTrainer(folder: sharedModel.path, threads: 1, precision: .float32)
        let names = ModelWeights.expected(trainer.configuration)
        let learned = names.filter { !$0.name.contains(".running_") }
        #expect(trainer.weights.parameters.map(\.name) == learned.map(\.name))
        #expect(trainer.weights.parameters.map(\.shape) == learned.map(\.shape))
        #expect(
            trainer.weights.buffers.map(\.name) == names.filter { $0.name.contains(".running_") }.map(\.name))
    }

    @Test func aFrozenBackboneGivesWhatInferenceGives() throws {
        let trainer = try EncoderTrainer(folder: sharedModel.path, threads: 1, precision: .float32)
        trainer.isBackboneFrozen = true
        let before = trainer.weights.tensors
        let clips = randomClips(3, for: trainer.configuration)
        let count = clips.count * trainer.dimension
        let (mu, s) = try run(trainer, clips, dMu: waves(count, 0.37), dS: waves(count, 0.73))
        let session = try VideoEncoder(folder: sharedModel.path, precision: .float32).makeSession(threads: 1)
        let expected = try session.encode(clips)
        for (clip, gaussian) in expected.enumerated() {
            for d in 0..<trainer.dimension {
                // The index's numbers are float16.
                #expect(abs(mu[clip * trainer.dimension + d] - gaussian.mean[d]) < 1e-3)
                #expect(abs(s[clip * trainer.dimension + d] - gaussian.logVariance[d]) < 8e-3)
            }
        }
        for (name, gradient) in gradients(trainer) {
            let isHead = name.hasPrefix("head.")
            let learns = gradient.contains { $0 != 0 }
            #expect(learns == isHead, "\(name)")
        }
        for buffer in trainer.weights.buffers {
            let old = before[buffer.name]?.values
            #expect(old == Array(buffer.value), "\(buffer.name)")
        }
    }

    /// The slope of Σ dMu·mu + dS·s along the gradient is the gradient's squared length. The step is short for the
    /// network's kinks and long for float32's rounding.
    @Test func theLossFallsAlongTheGradientAsFastAsItSays() throws {
        let trainer = try EncoderTrainer(folder: sharedModel.path, threads: 1, precision: .float32)
        let clips = randomClips(4, for: trainer.configuration)
        let count = clips.count * trainer.dimension
        let (dMu, dS) = (waves(count, 0.37), waves(count, 0.73))
        func loss(_ result: (mu: [Float], s: [Float])) -> Double {
            var sum = 0.0
            for i in 0..<count {
                sum += Double(dMu[i]) * Double(result.mu[i])
                sum += Double(dS[i]) * Double(result.s[i])
            }
            return sum
        }
        for parameter in trainer.weights.parameters { parameter.gradient.update(repeating: 0) }
        _ = try run(trainer, clips, dMu: dMu, dS: dS)
        for prefix in ["head.mean", "head.norm", "head.log_variance", "backbone.stages.3", "backbone.stem"] {
            let chosen = trainer.weights.parameters.filter { $0.name.hasPrefix(prefix) }
            var squared = 0.0
            for parameter in chosen {
                for value in parameter.gradient { squared += Double(value) * Double(value) }
            }
            let step = 0.0002 / squared.squareRoot()
            func moved(by step: Double) throws -> Double {
                for parameter in chosen {
                    for i in parameter.value.indices {
                        parameter.value[i] += Float(step) * parameter.gradient[i]
                    }
                }
                return loss(try run(trainer, clips))
            }
            let up = try moved(by: step)
            let down = try moved(by: -2 * step)
            _ = try moved(by: step)
            let slope = (up - down) / (2 * step)
            #expect(abs(slope / squared - 1) < 0.02, "\(prefix): \(slope) and \(squared)")
        }
    }

    @Test func gradientsAddUp() throws {
        let trainer = try EncoderTrainer(folder: sharedModel.path, threads: 1, precision: .float32)
        let clips = randomClips(3, for: trainer.configuration)
        let count = clips.count * trainer.dimension
        _ = try run(trainer, clips, dMu: waves(count, 0.37), dS: waves(count, 0.73))
        let once = gradients(trainer)
        _ = try run(trainer, clips, dMu: waves(count, 0.37), dS: waves(count, 0.73))
        for (name, twice) in gradients(trainer) {
            for (a, b) in zip(once[name] ?? [], twice) {
                #expect(abs(2 * a - b) <= 1e-5 * abs(b) + 1e-6, "\(name)")
            }
        }
    }

    @Test(arguments: Precision.supported) func memoryIsKnownBeforehand(precision: Precision) throws {
        let trainer = try EncoderTrainer(folder: sharedModel.path, threads: 2, precision: precision)
        let stated = trainer.workspaceBytes(count: 6)
        try trainer.prepare(count: 6)
        #expect(stated != nil && trainer.allocatedBytes == stated)
        // A frozen backbone keeps nothing for its backward: less, but known too.
        trainer.isBackboneFrozen = true
        let frozen = try #require(trainer.workspaceBytes(count: 6))
        try trainer.prepare(count: 6)
        #expect(trainer.allocatedBytes == frozen)
        #expect(frozen < stated ?? 0)
    }

    @Test func newModelsAreSeeded() throws {
        let first = try EncoderTrainer(configuration: tinyConfiguration(), seed: 5, threads: 1)
        let again = try EncoderTrainer(configuration: tinyConfiguration(), seed: 5, threads: 1)
        let other = try EncoderTrainer(configuration: tinyConfiguration(), seed: 6, threads: 1)
        let name = "backbone.stages.0.0.conv1.weight"
        #expect(first.weights.tensors[name]?.values == again.weights.tensors[name]?.values)
        #expect(first.weights.tensors[name]?.values != other.weights.tensors[name]?.values)
    }
}
