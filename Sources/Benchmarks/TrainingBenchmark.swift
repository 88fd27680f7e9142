import Base
import Distributions
import Training
import VideoEncoding

/// How fast a model trains on clips that are there already: forward, loss, backward, clipping, AdamW.
public enum TrainingBenchmark {
    /// What was measured.
    public struct Result: Sendable {
        /// Clips of a step.
        public var clips: Int
        /// Median over the steps.
        public var clipsPerSecond: Double
        /// Bytes of the network's workspace, where known.
        public var workspaceBytes: Int?
    }

    /// Makes `steps` steps after two that are not counted.
    ///
    /// - Parameter layout: of one step.
    public static func run(
        encoder: any TrainableEncoder, layout: MixtureLayout, steps: Int
    ) throws -> Result {
        precondition(steps > 0)
        var configuration = ObjectiveConfiguration()
        configuration.views = layout.views
        let objective = try PaperObjective(configuration)
        let parameters = encoder.parameters + objective.parameters
        let optimizer = OptimizerChoice().makeOptimizer(for: parameters)
        let values = layout.rows * encoder.dimension
        let buffers = (0..<4).map { _ in FloatStorage(count: values) }
        let (mu, s, dMu, dS) = (buffers[0], buffers[1], buffers[2], buffers[3])
        var random = SeededGenerator(seed: 1)
        let clipBytes = encoder.frames * encoder.height * encoder.width * 3
        let clips = (0..<(layout.rows * clipBytes)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        var times: [Double] = []
        for step in 0..<(steps + 2) {
            let start = Time.monotonic
            Gradients.clear(parameters)
            try clips.withUnsafeBufferPointer { clips in
                try encoder.forward(clips: clips, count: layout.rows, mu: mu.buffer, s: s.buffer)
            }
            _ = try objective.evaluate(
                mu: UnsafeBufferPointer(mu.buffer), s: UnsafeBufferPointer(s.buffer),
                dimension: encoder.dimension, layout: layout, noiseSeed: UInt64(step), dMu: dMu.buffer,
                dS: dS.buffer)
            try encoder.backward(dMu: UnsafeBufferPointer(dMu.buffer), dS: UnsafeBufferPointer(dS.buffer))
            _ = Gradients.clip(parameters, maximum: 5)
            optimizer.step(learningRate: 1e-4)
            if step >= 2 { times.append(Time.monotonic - start) }
        }
        return Result(
            clips: layout.rows, clipsPerSecond: Double(layout.rows) / median(times),
            workspaceBytes: encoder.workspaceBytes(count: layout.rows))
    }
}
