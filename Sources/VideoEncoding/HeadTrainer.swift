import NeuralNetwork
import Tensors

/// The probabilistic head (paper eq. 2) in training: features to μ and log σ², and back to every parameter.
///
/// Unlike inference nothing is rounded to float16.
final class HeadTrainer {
    private let mean: (weight: TrainingParameters.Parameter, bias: TrainingParameters.Parameter)
    private let norm: (weight: TrainingParameters.Parameter, bias: TrainingParameters.Parameter)
    private let logVariance: (weight: TrainingParameters.Parameter, bias: TrainingParameters.Parameter)
    private let dimension: Int
    private let range: ClosedRange<Float>
    private let batch: Int
    /// What forward leaves for backward: (N,D) each.
    private let projected: AlignedBuffer
    private let normalized: AlignedBuffer
    private let unclamped: AlignedBuffer
    private let first: AlignedBuffer
    private let second: AlignedBuffer

    /// Bytes of its buffers.
    static func requiredMemory(batch: Int, dimension: Int) -> Int { 5 * 4 * batch * dimension }

    var allocatedBytes: Int {
        [projected, normalized, unclamped, first, second].reduce(0) { $0 + $1.byteCount }
    }

    init(parameters: TrainingParameters, batch: Int, dimension: Int, range: ClosedRange<Double>) {
        func pair(_ name: String) -> (
            weight: TrainingParameters.Parameter, bias: TrainingParameters.Parameter
        ) {
            (parameters.parameter("head.\(name).weight"), parameters.parameter("head.\(name).bias"))
        }
        mean = pair("mean")
        norm = pair("norm")
        logVariance = pair("log_variance")
        self.batch = batch
        self.dimension = dimension
        self.range = Float(range.lowerBound)...Float(range.upperBound)
        func rows() -> AlignedBuffer { AlignedBuffer(byteCount: 4 * batch * dimension) }
        projected = rows()
        normalized = rows()
        unclamped = rows()
        first = rows()
        second = rows()
    }

    /// mu (N,D) and s (N,D) from features (N,C).
    func forward(
        _ features: UnsafeBufferPointer<Float>, mu: UnsafeMutableBufferPointer<Float>,
        s: UnsafeMutableBufferPointer<Float>
    ) {
        Linear.forward(
            features, weight: .init(mean.weight.value), bias: .init(mean.bias.value), into: floats(projected))
        LayerNormalization.forward(
            .init(floats(projected)), weight: .init(norm.weight.value), bias: .init(norm.bias.value),
            into: floats(normalized))
        L2Normalization.forward(.init(floats(normalized)), into: mu, dimension: dimension)
        Linear.forward(
            features, weight: .init(logVariance.weight.value), bias: .init(logVariance.bias.value),
            into: floats(unclamped))
        Clamp.forward(.init(floats(unclamped)), into: s, range: range)
    }

    /// dFeatures (N,C), where wanted, from dMu (N,D) and dS (N,D); adds to the parameters' gradients.
    func backward(
        _ dMu: UnsafeBufferPointer<Float>, dS: UnsafeBufferPointer<Float>,
        features: UnsafeBufferPointer<Float>,
        into dFeatures: UnsafeMutableBufferPointer<Float>?
    ) {
        let (a, b) = (floats(first), floats(second))
        L2Normalization.backward(dMu, inp: .init(floats(normalized)), into: a, dimension: dimension)
        LayerNormalization.backward(
            .init(a), inp: .init(floats(projected)), weight: .init(norm.weight.value),
            dWeight: norm.weight.gradient, dBias: norm.bias.gradient, into: b)
        Linear.backward(
            .init(b), inp: features, weight: .init(mean.weight.value), dWeight: mean.weight.gradient,
            dBias: mean.bias.gradient, into: dFeatures)
        Clamp.backward(dS, inp: .init(floats(unclamped)), into: a, range: range)
        Linear.backward(
            .init(a), inp: features, weight: .init(logVariance.weight.value),
            dWeight: logVariance.weight.gradient,
            dBias: logVariance.bias.gradient, into: dFeatures, accumulating: true)
    }

    private func floats(_ buffer: AlignedBuffer) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(
            start: buffer.base.assumingMemoryBound(to: Float.self), count: batch * dimension)
    }
}
