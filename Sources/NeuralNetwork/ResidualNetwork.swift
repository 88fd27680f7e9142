internal import COneDNN
import Synchronization
import Tensors

/// A residual network's weights, ready for inference: batch norms folded, shared by all programs.
public final class ResidualNetwork: Sendable {
    /// What the weights are of.
    public let architecture: ResidualArchitecture
    let units: [ConvolutionUnit]
    private let weights: [Tensor]
    private let biases: [Tensor]

    private struct Prepared: Sendable {
        var description: MemoryDescription
        var buffer: AlignedBuffer
    }
    /// Per unit, each layout that a program has asked for; reordered once and read by all.
    private let prepared: Mutex<[[Prepared]]>
    /// Per unit, its weights as each of this package's kernels that a program has asked for reads them.
    private let own: Mutex<[[(kernel: String, buffer: AlignedBuffer)]]>

    /// - Parameter parameters: a unit's convolution (out,in,t,h,w) and the batch norm behind it.
    public init<Failure>(
        architecture: ResidualArchitecture,
        parameters: (ConvolutionUnit) throws(Failure) -> (convolution: Tensor, norm: BatchNormalization)
    ) throws(Failure) {
        self.architecture = architecture
        units = architecture.units
        var weights: [Tensor] = []
        var biases: [Tensor] = []
        for unit in units {
            let (convolution, norm) = try parameters(unit)
            precondition(
                convolution.shape == unit.shape.weightShape, "\(unit.weightName) has the wrong shape")
            let folded = norm.folded(into: convolution)
            weights.append(folded.weights)
            biases.append(folded.bias)
        }
        self.weights = weights
        self.biases = biases
        prepared = Mutex([[Prepared]](repeating: [], count: units.count))
        own = Mutex([[(kernel: String, buffer: AlignedBuffer)]](repeating: [], count: units.count))
    }

    /// Bytes that an `InferenceProgram` of these choices takes beside the weights.
    public func requiredMemory(
        inputExtent: Extent3D, batch: Int, threads: Int = 1, precision: Precision = .automatic
    ) throws(NetworkError) -> Int {
        setComputeThreads(threads)
        var builder = try ProgramBuilder(
            network: self, inputExtent: inputExtent, batch: batch, threads: threads,
            precision: precision.resolved, engine: try ComputeEngine.get())
        return try builder.requiredMemory()
    }

    /// The unit's folded weights in the layout that a kernel wants.
    func weightMemory(
        unit: Int, _ wanted: MemoryDescription, engine: ComputeEngine
    ) throws(NetworkError) -> Memory {
        let result: Result<AlignedBuffer, NetworkError> = prepared.withLock { cache in
            if let found = cache[unit].first(where: { $0.description == wanted }) {
                return .success(found.buffer)
            }
            do throws(NetworkError) {
                let plain = try plainMemory(weights[unit], tag: dnnl_oidhw, engine: engine)
                let reordered = try Memory(wanted, engine: engine)
                try Reorder.run(from: plain, to: reordered, engine: engine)
                cache[unit].append(Prepared(description: wanted, buffer: reordered.buffer))
                return .success(reordered.buffer)
            } catch { return .failure(error) }
        }
        return try Memory(wanted, engine: engine, buffer: try result.get())
    }

    /// The unit's folded weights as one of this package's kernels reads them. Forms of one algorithm differ in size.
    func ownWeights(unit: Int, _ plan: any OwnConvolution) -> AlignedBuffer {
        own.withLock { cache in
            let kept = cache[unit].first {
                $0.kernel == plan.algorithm && $0.buffer.byteCount == plan.weightBytes
            }
            if let kept { return kept.buffer }
            let made = AlignedBuffer(byteCount: plan.weightBytes)
            weights[unit].withUnsafeValues { plan.prepare($0.baseAddress, backward: false, into: made.base) }
            cache[unit].append((plan.algorithm, made))
            return made
        }
    }

    func biasMemory(unit: Int, engine: ComputeEngine) throws(NetworkError) -> Memory {
        try plainMemory(biases[unit], tag: dnnl_a, engine: engine)
    }

    private func plainMemory(
        _ tensor: Tensor, tag: dnnl_format_tag_t, engine: ComputeEngine
    ) throws(NetworkError) -> Memory {
        let memory = try Memory(
            MemoryDescription(shape: tensor.shape, type: dnnl_f32, tag: tag), engine: engine)
        tensor.withUnsafeValues { values in
            memory.buffer.base.copyMemory(from: values.baseAddress!, byteCount: values.count * 4)
        }
        return memory
    }
}
