internal import COneDNN
import Tensors

/// One float32 convolution without bias on plain tensors: slower than a program, for making models and for training
/// to start from.
package final class PlainConvolution {
    private let stream: ComputeStream
    private let steps: [Primitive]
    private let input: Memory
    private let output: Memory
    private let outputShape: [Int]

    /// - Parameters:
    ///   - weights: (out,in,t,h,w).
    ///   - extent: of the input.
    package init(
        _ shape: ConvolutionShape, weights: Tensor, extent: Extent3D, threads: Int
    ) throws(NetworkError) {
        setComputeThreads(threads)
        let engine = try ComputeEngine.get()
        let sourceShape = [1, shape.inputChannels] + extent.values
        let targetShape = [1, shape.outputChannels] + shape.outputExtent(extent).values
        let plan = try Convolution3D.forward(
            shape, source: MemoryDescription(shape: sourceShape, type: dnnl_f32, tag: dnnl_format_tag_any),
            destination: MemoryDescription(shape: targetShape, type: dnnl_f32, tag: dnnl_format_tag_any),
            type: dnnl_f32, addsToDestination: false, relu: false, engine: engine)
        func plain(_ shape: [Int], _ tag: dnnl_format_tag_t) throws(NetworkError) -> Memory {
            try Memory(MemoryDescription(shape: shape, type: dnnl_f32, tag: tag), engine: engine)
        }
        outputShape = Array(targetShape.dropFirst())
        stream = try ComputeStream(engine: engine)
        input = try plain(sourceShape, dnnl_ncdhw)
        output = try plain(targetShape, dnnl_ncdhw)
        let plainWeights = try plain(weights.shape, dnnl_oidhw)
        Self.copy(weights, to: plainWeights)
        let blockedWeights = try Memory(plan.weights, engine: engine)
        try Reorder.run(from: plainWeights, to: blockedWeights, engine: engine)
        let source = try Memory(plan.source, engine: engine)
        let destination = try Memory(plan.destination, engine: engine)
        steps = [
            try Reorder.primitive(from: input, to: source, engine: engine),
            try Primitive(
                plan.description,
                arguments: [
                    (DNNL_ARG_SRC, source), (DNNL_ARG_WEIGHTS, blockedWeights),
                    (DNNL_ARG_BIAS, try plain([shape.outputChannels], dnnl_a)), (DNNL_ARG_DST, destination),
                ]),
            try Reorder.primitive(from: destination, to: output, engine: engine),
        ]
        let scratch = AlignedBuffer(byteCount: steps.map(\.scratchBytes).max() ?? 0)
        for step in steps { try step.bindScratch(scratch, engine: engine) }
    }

    /// out (out,t',h',w') from inp (in,t,h,w).
    package func forward(_ inp: Tensor) throws(NetworkError) -> Tensor {
        Self.copy(inp, to: input)
        for step in steps { try step.execute(stream) }
        try check(dnnl_stream_wait(stream.handle), "convolution")
        return Tensor(shape: outputShape) { (values: UnsafeMutableBufferPointer<Float>) in
            UnsafeMutableRawBufferPointer(values).copyMemory(
                from: UnsafeRawBufferPointer(start: output.buffer.base, count: values.count * 4))
        }
    }

    private static func copy(_ tensor: Tensor, to memory: Memory) {
        precondition(tensor.count * 4 == memory.description.byteCount, "a tensor of another size")
        tensor.withUnsafeValues { values in
            UnsafeMutableRawBufferPointer(start: memory.buffer.base, count: memory.buffer.byteCount)
                .copyMemory(from: UnsafeRawBufferPointer(values))
        }
    }
}
