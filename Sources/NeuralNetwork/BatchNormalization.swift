import Tensors

/// Batch normalisation as it is stored: y = (x − mean)/√(variance + ε)·weight + bias, a channel.
public struct BatchNormalization: Sendable {
    /// Added to the variance.
    public static let epsilon = 1e-5
    /// γ [channels].
    public var weight: Tensor
    /// β [channels].
    public var bias: Tensor
    /// Mean of the data [channels].
    public var runningMean: Tensor
    /// Variance of the data [channels].
    public var runningVariance: Tensor

    /// All of shape [channels].
    public init(weight: Tensor, bias: Tensor, runningMean: Tensor, runningVariance: Tensor) {
        precondition(
            [bias.shape, runningMean.shape, runningVariance.shape].allSatisfy { $0 == weight.shape })
        self.weight = weight
        self.bias = bias
        self.runningMean = runningMean
        self.runningVariance = runningVariance
    }

    /// The identity but for ε: weight 1, bias 0, mean 0, variance 1.
    public init(channels: Int) {
        let ones = Tensor(shape: [channels], values: [Float](repeating: 1, count: channels))
        let zeros = Tensor(shape: [channels])
        self.init(weight: ones, bias: zeros, runningMean: zeros, runningVariance: ones)
    }

    /// The number of channels.
    public var channels: Int { weight.count }

    /// The convolution and bias that do what the convolution (out,in,t,h,w) followed by this normalisation does.
    public func folded(into convolution: Tensor) -> (weights: Tensor, bias: Tensor) {
        precondition(convolution.shape.first == channels)
        let gamma = weight.values
        let beta = bias.values
        let mean = runningMean.values
        let scales = runningVariance.values.enumerated().map {
            Double(gamma[$0.offset]) / (Double($0.element) + Self.epsilon).squareRoot()
        }
        var weights = convolution
        let row = convolution.count / max(channels, 1)
        weights.withUnsafeMutableValues { values in
            for (channel, scale) in scales.enumerated() {
                for index in channel * row..<(channel + 1) * row {
                    values[index] = Float(Double(values[index]) * scale)
                }
            }
        }
        let shifts = scales.enumerated().map {
            Float(Double(beta[$0.offset]) - Double(mean[$0.offset]) * $0.element)
        }
        return (weights, Tensor(shape: [channels], values: shifts))
    }

    /// Mean and (biased) variance a channel over the clips and cells of `activations`, each (channels, cells).
    package static func statistics(of activations: [Tensor], channels: Int) -> (
        mean: [Float], variance: [Float]
    ) {
        var sums = [Double](repeating: 0, count: channels)
        var squares = [Double](repeating: 0, count: channels)
        var count = 0
        for activation in activations {
            let cells = activation.count / channels
            count += cells
            activation.withUnsafeValues { values in
                for channel in 0..<channels {
                    var sum = 0.0
                    var square = 0.0
                    for index in channel * cells..<(channel + 1) * cells {
                        let value = Double(values[index])
                        sum += value
                        square += value * value
                    }
                    sums[channel] += sum
                    squares[channel] += square
                }
            }
        }
        let scale = 1 / Double(max(count, 1))
        let variance = zip(sums, squares).map { Float(max(0, $1 * scale - ($0 * scale) * ($0 * scale))) }
        return (sums.map { Float($0 * scale) }, variance)
    }
}
