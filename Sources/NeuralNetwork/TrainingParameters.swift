import Tensors

/// The tensors that a network learns, their gradients, and the numbers it keeps beside them; float32, row-major.
///
/// One thread uses it at a time. The memory is allocated once and never moves.
public final class TrainingParameters {
    /// A learned tensor and the gradient of the loss with respect to it, which backward passes add to.
    public struct Parameter {
        /// As in the weights file, such as "head.mean.weight".
        public let name: String
        /// Slowest dimension first.
        public let shape: [Int]
        /// Row-major.
        public let value: UnsafeMutableBufferPointer<Float>
        /// Of the same size.
        public let gradient: UnsafeMutableBufferPointer<Float>
        let storage: AlignedBuffer
        let gradientStorage: AlignedBuffer
    }

    /// Numbers that belong to the state but are not learned, such as running means.
    public struct Buffer {
        /// As in the weights file, such as "backbone.stem.0.norm.running_mean".
        public let name: String
        /// Slowest dimension first.
        public let shape: [Int]
        /// Row-major.
        public let value: UnsafeMutableBufferPointer<Float>
        fileprivate let storage: AlignedBuffer
    }

    /// In the order of the network.
    public let parameters: [Parameter]
    /// In the order of the network.
    public let buffers: [Buffer]
    private let parameterIndex: [String: Int]
    private let bufferIndex: [String: Int]

    /// All zeros.
    package init(parameters: [(name: String, shape: [Int])], buffers: [(name: String, shape: [Int])]) {
        func floats(_ buffer: AlignedBuffer) -> UnsafeMutableBufferPointer<Float> {
            UnsafeMutableBufferPointer(
                start: buffer.base.assumingMemoryBound(to: Float.self), count: buffer.byteCount / 4)
        }
        self.parameters = parameters.map { name, shape in
            let value = AlignedBuffer(byteCount: 4 * shape.reduce(1, *))
            let gradient = AlignedBuffer(byteCount: value.byteCount)
            return Parameter(
                name: name, shape: shape, value: floats(value), gradient: floats(gradient), storage: value,
                gradientStorage: gradient)
        }
        self.buffers = buffers.map { name, shape in
            let value = AlignedBuffer(byteCount: 4 * shape.reduce(1, *))
            return Buffer(name: name, shape: shape, value: floats(value), storage: value)
        }
        parameterIndex = Dictionary(
            parameters.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { $1 })
        bufferIndex = Dictionary(
            buffers.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { $1 })
        precondition(parameterIndex.count == parameters.count && bufferIndex.count == buffers.count)
    }

    /// Those of the architecture, without a head.
    package convenience init(_ architecture: ResidualArchitecture) {
        var parameters: [(name: String, shape: [Int])] = []
        var buffers: [(name: String, shape: [Int])] = []
        for unit in architecture.units {
            let channels = [unit.shape.outputChannels]
            parameters += [
                (unit.weightName, unit.shape.weightShape), ("\(unit.normName).weight", channels),
                ("\(unit.normName).bias", channels),
            ]
            buffers += [
                ("\(unit.normName).running_mean", channels), ("\(unit.normName).running_var", channels),
            ]
        }
        self.init(parameters: parameters, buffers: buffers)
    }

    /// The parameter of that name, which must be one of this network.
    package func parameter(_ name: String) -> Parameter {
        guard let index = parameterIndex[name] else { preconditionFailure("no parameter \(name)") }
        return parameters[index]
    }

    /// The buffer of that name, which must be one of this network.
    package func buffer(_ name: String) -> Buffer {
        guard let index = bufferIndex[name] else { preconditionFailure("no buffer \(name)") }
        return buffers[index]
    }

    /// A copy of the values of parameters and buffers, by name.
    package var tensors: [String: Tensor] {
        var result: [String: Tensor] = [:]
        for parameter in parameters {
            result[parameter.name] = Tensor(shape: parameter.shape, values: Array(parameter.value))
        }
        for buffer in buffers {
            result[buffer.name] = Tensor(shape: buffer.shape, values: Array(buffer.value))
        }
        return result
    }

    /// Copies the tensor of each parameter and buffer, which must all be there in the right shape.
    package func load(_ tensors: [String: Tensor]) {
        func copy(_ name: String, _ shape: [Int], _ value: UnsafeMutableBufferPointer<Float>) {
            guard let tensor = tensors[name], tensor.shape == shape else {
                preconditionFailure("no tensor \(name) of shape \(shape)")
            }
            tensor.withUnsafeValues { _ = value.update(fromContentsOf: $0) }
        }
        for parameter in parameters { copy(parameter.name, parameter.shape, parameter.value) }
        for buffer in buffers { copy(buffer.name, buffer.shape, buffer.value) }
    }

    /// Bytes of values, gradients and buffers.
    public var byteCount: Int {
        8 * parameters.reduce(0) { $0 + $1.value.count } + 4 * buffers.reduce(0) { $0 + $1.value.count }
    }
}
