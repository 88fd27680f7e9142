internal import COneDNN

/// A network compiled for one input shape, with the memory it runs in; used by one thread at a time.
///
/// Activations stay in the layouts that the kernels want. The input is written by the caller straight into the first
/// convolution's layout (planar, which is the fastest for three channels).
public final class InferenceProgram {
    /// Clips at once.
    public let batch: Int
    /// That each layer is spread over.
    public let threads: Int
    /// C.
    public let featureChannels: Int

    private let stream: ComputeStream
    private let steps: [any InferenceStep]
    private let input: Memory
    private let output: Memory
    private let outputCells: Int
    private var features: [Float]
    /// Bytes beside the weights.
    public let allocatedBytes: Int

    /// Compiles the network.
    ///
    /// - Parameter threads: that each layer is spread over. Programs that run side by side take 1 each.
    public init(
        _ network: ResidualNetwork, inputExtent: Extent3D, batch: Int = 1, threads: Int = 1,
        precision: Precision = .automatic
    ) throws(NetworkError) {
        precondition(batch > 0 && threads > 0)
        // Kernels divide the work when they are made, so the number must be set here too.
        setComputeThreads(threads)
        let engine = try ComputeEngine.get()
        var builder = try ProgramBuilder(
            network: network, inputExtent: inputExtent, batch: batch, threads: threads,
            precision: precision.resolved, engine: engine)
        try builder.build()
        self.batch = batch
        self.threads = threads
        featureChannels = network.architecture.featureChannels
        stream = try ComputeStream(engine: engine)
        steps = builder.program
        input = builder.input
        output = builder.output
        outputCells = builder.outputCells
        allocatedBytes = builder.allocatedBytes
        features = [Float](repeating: 0, count: batch * featureChannels)
    }

    /// How many clips at once are fastest; their results are the same to the bit however many run together.
    ///
    /// More than one where prepared weights, read from end to end for every run, outweigh what a clip itself takes, and
    /// several clips are still small.
    public var favouredBatch: Int {
        let ofWeights = steps.reduce(0) { $0 + (($1 as? OwnConvolutionStep)?.weightBytes ?? 0) }
        let ofClip = allocatedBytes / batch
        return ofWeights > 2 * ofClip ? min(4, max(1, (64 << 20) / max(1, ofClip))) : 1
    }

    /// The kernel of each step, such as "convolution [32, 3, 1, 7, 7]: jit_bf16:avx512_core_bf16".
    public var kernels: [String] { steps.map(\.name) }

    /// The input, (N,3,t,h,w) row-major, in the number format of its precision; to be filled before each `run`.
    public var inputBytes: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: input.buffer.base, count: input.description.byteCount)
    }

    /// Runs the network on the input and returns the features (N,C) after global average pooling.
    public func run() throws(NetworkError) -> [Float] {
        setComputeThreads(threads)
        for step in steps { try step.execute(stream) }
        try check(dnnl_stream_wait(stream.handle), "network")
        let cells = UnsafeBufferPointer(
            start: output.buffer.base.assumingMemoryBound(to: Float.self), count: features.count * outputCells
        )
        features.withUnsafeMutableBufferPointer {
            GlobalAveragePooling.forward(cells, into: $0, cells: outputCells)
        }
        return features
    }
}
