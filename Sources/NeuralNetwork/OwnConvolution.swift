internal import COneDNN
import Tensors

/// A convolution by a kernel of this package, where oneDNN has none that is as fast: for inputs of one extent.
protocol OwnConvolution: Sendable {
    /// For messages.
    var what: String { get }
    /// How it is computed, such as "winograd:avx2".
    var algorithm: String { get }
    /// The layouts of its arrays.
    var source: MemoryDescription { get }
    var destination: MemoryDescription { get }
    /// Bytes that a run needs beside its arrays.
    var scratchBytes: Int { get }
    /// Bytes of prepared weights.
    var weightBytes: Int { get }

    /// Writes weights (out,in,t,h,w) as runs of any batch read them; with `backward` for the gradient by the input of the
    /// convolution that has them, whose own shape has inputs and outputs the other way round.
    func prepare(
        _ weights: UnsafePointer<Float>?, backward: Bool, into prepared: UnsafeMutableRawPointer)

    /// dst = [ReLU](weights ∗ src [+ bias] [+ dst]); oneDNN, on the same threads, is through with earlier steps.
    func run(
        source: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafeRawPointer?,
        destination: UnsafeMutableRawPointer, addsToDestination: Bool, relu: Bool,
        scratch: UnsafeMutableRawPointer)

    /// Bytes that `addWeightGradient` needs beside its arrays.
    var gradientScratchBytes: Int { get }

    /// Adds dWeights (out,in,t,h,w) from src and dDst.
    func addWeightGradient(
        source: UnsafeRawPointer, gradient: UnsafeRawPointer, to weights: UnsafeMutablePointer<Float>?,
        scratch: UnsafeMutableRawPointer)
}

/// Chooses among this package's kernels.
enum OwnConvolutions {
    /// The one for such a convolution where there is one and it pays; the same for each batch and number of threads, and so
    /// are the results.
    ///
    /// - Parameter extent: of the input.
    static func plan(
        _ shape: ConvolutionShape, batch: Int, extent: Extent3D, type: dnnl_data_type_t, threads: Int
    ) throws(NetworkError) -> (any OwnConvolution)? {
        if let tiles = try TileConvolution.plan(
            shape, batch: batch, extent: extent, type: type, threads: threads)
        {
            return tiles
        }
        return try WinogradConvolution.plan(
            shape, batch: batch, extent: extent, type: type, threads: threads)
    }
}

/// Such a convolution as a step of a network.
final class OwnConvolutionStep: InferenceStep {
    var name: String { "\(plan.what): \(plan.algorithm)" }
    let scratchBytes: Int
    /// Of the prepared weights.
    var weightBytes: Int { weights.byteCount }
    private let plan: any OwnConvolution
    private let source: Memory
    private let weights: AlignedBuffer
    private let bias: Memory
    private let destination: Memory
    private let addsToDestination: Bool
    private let relu: Bool
    private var scratch: (buffer: AlignedBuffer, offset: Int)?

    /// dst = [ReLU](weights ∗ src + bias [+ dst]).
    ///
    /// - Parameter weights: prepared.
    init(
        _ plan: any OwnConvolution, source: Memory, weights: AlignedBuffer, bias: Memory,
        destination: Memory, addsToDestination: Bool, relu: Bool
    ) {
        self.plan = plan
        self.source = source
        self.weights = weights
        self.bias = bias
        self.destination = destination
        self.addsToDestination = addsToDestination
        self.relu = relu
        scratchBytes = plan.scratchBytes
    }

    func bindScratch(_ buffer: AlignedBuffer, offset: Int, engine: ComputeEngine) {
        precondition(buffer.byteCount - offset >= scratchBytes, "too little scratch memory")
        scratch = (buffer, offset)
    }

    func execute(_ stream: ComputeStream) throws(NetworkError) {
        guard let scratch else { throw NetworkError(message: "\(name): no scratch memory") }
        plan.run(
            source: source.buffer.base, weights: weights.base, bias: bias.buffer.base,
            destination: destination.buffer.base, addsToDestination: addsToDestination, relu: relu,
            scratch: scratch.buffer.base + scratch.offset)
    }
}
