/// A tensor that learns, and the gradient of the loss with respect to it. The memory belongs to whoever
/// made the parameter and stays valid as long as that owner lives.
public struct TrainableParameter {
    /// As in the weights file, such as `head.mean.weight`.
    public let name: String
    /// Dimensions, outermost first.
    public let shape: [Int]
    /// The numbers, row-major.
    public let value: UnsafeMutableBufferPointer<Float>
    /// Of the same size; backward passes add to it.
    public let gradient: UnsafeMutableBufferPointer<Float>
    /// Whether weight decay applies: tensors of two and more dimensions.
    public let decays: Bool
    /// Whether optimiser, clipping and averaging leave it alone.
    public let isFrozen: Bool

    /// - Parameter decays: nil decides by the number of dimensions.
    public init(
        name: String, shape: [Int], value: UnsafeMutableBufferPointer<Float>,
        gradient: UnsafeMutableBufferPointer<Float>, decays: Bool? = nil, isFrozen: Bool = false
    ) {
        precondition(value.count == shape.reduce(1, *) && gradient.count == value.count)
        self.name = name
        self.shape = shape
        self.value = value
        self.gradient = gradient
        self.decays = decays ?? (shape.count >= 2)
        self.isFrozen = isFrozen
    }
}

/// Numbers that are not learned by gradients but belong to the state, such as running statistics.
public struct TrainableBuffer {
    /// As in the weights file, such as `backbone.stem.0.norm.running_mean`.
    public let name: String
    /// Dimensions, outermost first.
    public let shape: [Int]
    /// The numbers, row-major.
    public let value: UnsafeMutableBufferPointer<Float>

    /// Names existing memory.
    public init(name: String, shape: [Int], value: UnsafeMutableBufferPointer<Float>) {
        precondition(value.count == shape.reduce(1, *))
        self.name = name
        self.shape = shape
        self.value = value
    }
}

/// The network as the training loop sees it. One thread uses it at a time.
public protocol TrainableEncoder: AnyObject {
    /// T, frames of a clip.
    var frames: Int { get }
    /// Pixels.
    var height: Int { get }
    /// Pixels.
    var width: Int { get }
    /// D, width of the embedding.
    var dimension: Int { get }
    /// What the network is, such that two networks with the same text have the same tensors.
    var architecture: String { get }
    /// Number format of the products, which changes the result.
    var numberFormat: String { get }
    /// In a fixed order; read again after `freeze(_:)`.
    var parameters: [TrainableParameter] { get }
    /// In a fixed order.
    var buffers: [TrainableBuffer] { get }

    /// Training mode for `count` clips: uint8 RGB [count, T, height, width, 3], not normalised yet, to
    /// `mu` [count, D] of unit norm and `s` [count, D], the log variances, within the model's range of them. Keeps
    /// what backward needs.
    func forward(
        clips: UnsafeBufferPointer<UInt8>, count: Int, mu: UnsafeMutableBufferPointer<Float>,
        s: UnsafeMutableBufferPointer<Float>) throws

    /// Adds the gradients of the last forward pass to the parameters' gradients: dMu [count, D], dS [count, D]. No
    /// gradient passes where a log variance was cut to its range.
    func backward(dMu: UnsafeBufferPointer<Float>, dS: UnsafeBufferPointer<Float>) throws

    /// Holds parts of the network from learning, so that backward passes may stop early.
    func freeze(_ part: TrainingConfiguration.Freeze)

    /// Bytes that a batch of `count` clips needs beside the parameters, where known.
    func workspaceBytes(count: Int) -> Int?
}

extension TrainableEncoder {
    /// float32.
    public var numberFormat: String { "float32" }
    /// Not known.
    public func workspaceBytes(count: Int) -> Int? { nil }
}
