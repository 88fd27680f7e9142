import Testing
import Training
import VideoEncoding

/// The range of log variances is the model's own (`log_variance_range` in its `config.json`; −10…4 unless told
/// otherwise): the head cuts to it, and the objective takes what the head gives.
@Suite struct LogVarianceRangeTests {
    @Test func theUsualRangeIsTheDefault() {
        #expect(ModelPreset.slowOnly18(width: 8).configuration().logVarianceRange == -10...4)
    }

    /// Log variances are the head's bias here. Its gradient is the loss's slope wherever the model's range has it,
    /// beyond −10…4 too, and nothing beyond the model's range.
    @Test func gradientsPassWithinTheModelsRange() throws {
        let folder = GoldenFixture.folder + "/r3d_18"
        let golden = try GoldenFixture("r3d_18/golden")
        let given = try EncoderTrainer(folder: folder, threads: 1, precision: .float32)
        var configuration = given.configuration
        configuration.logVarianceRange = -14...6.5
        let trainer = EncoderTrainer(
            configuration: configuration, weights: ModelWeights(tensors: given.weights.tensors), threads: 1,
            precision: .float32)
        let start: [Float] = [-20, -13, -12, -10.5, -5, 4.5, 6, 9]
        let clips = try golden.bytes("clips")
        let count = try golden.shape("clips")[0]
        let objective = try Objective(
            ObjectiveConfiguration(views: 1, samples: 4, mining: .off, klWeight: 0.1))
        let shape = try objective.shape(videos: count, clips: 1, dimension: trainer.dimension)
        let noise = Array(try golden.values("noise")[..<shape.noiseCount])
        trainer.weights.parameter("head.log_variance.weight").value.update(repeating: 0)
        let bias = trainer.weights.parameter("head.log_variance.bias")
        var (mu, s) = ([Float](repeating: 0, count: shape.headCount), [Float]())
        s = mu
        func evaluate() throws -> ObjectiveResult<Float> {
            try clips.withUnsafeBufferPointer { clips in
                try mu.withUnsafeMutableBufferPointer { mu in
                    try s.withUnsafeMutableBufferPointer { s in
                        try trainer.forward(clips: clips, count: count, mu: mu, s: s)
                    }
                }
            }
            return try objective.evaluate(
                mu: mu, s: s, noise: noise, parameters: MatchParameters(), shape: shape)
        }

        _ = bias.value.update(fromContentsOf: start)
        let result = try evaluate()
        #expect(Array(s[..<8]) == [-14, -13, -12, -10.5, -5, 4.5, 6, 6.5])
        try result.dMu.withUnsafeBufferPointer { dMu in
            try result.dS.withUnsafeBufferPointer { try trainer.backward(dMu: dMu, dS: $0) }
        }
        let gradient = Array(bias.gradient)
        #expect(gradient[0] == 0 && gradient[7] == 0)
        for index in start.indices {
            func total(_ step: Float) throws -> Double {
                bias.value[index] = start[index] + step
                defer { bias.value[index] = start[index] }
                return try evaluate().total
            }
            let h: Float = 0x1p-7
            let slope = (try total(h) - total(-h)) / Double(2 * h)
            #expect(abs(slope) > 1e-2 || index == 0 || index == 7, "\(index): nothing to compare with")
            #expect(
                relativeError(Double(gradient[index]), slope) < 1e-4, "\(index): \(gradient[index]), \(slope)"
            )
        }
    }
}
