import NeuralNetwork
import VideoEncoding

extension EncoderTrainer: TrainableEncoder {
    /// In the model file's order; those of a frozen backbone are marked so.
    public var parameters: [TrainableParameter] {
        weights.parameters.map { parameter in
            TrainableParameter(
                name: parameter.name, shape: parameter.shape, value: parameter.value,
                gradient: parameter.gradient,
                isFrozen: isBackboneFrozen && !parameter.name.hasPrefix("head."))
        }
    }

    /// That of `precision`.
    public var numberFormat: String { precision.rawValue }

    /// The running statistics.
    public var buffers: [TrainableBuffer] {
        weights.buffers.map { TrainableBuffer(name: $0.name, shape: $0.shape, value: $0.value) }
    }

    /// Sets `isBackboneFrozen`.
    public func freeze(_ part: TrainingConfiguration.Freeze) { isBackboneFrozen = part == .backbone }
}
