internal import COneDNN

/// Extents, strides or paddings in time, height and width.
public struct Extent3D: Sendable, Hashable {
    /// Frames.
    public var time: Int
    /// Rows.
    public var height: Int
    /// Columns.
    public var width: Int

    /// In the order time, height, width.
    public init(_ time: Int, _ height: Int, _ width: Int) {
        self.time = time
        self.height = height
        self.width = width
    }

    /// [time, height, width].
    public var values: [Int] { [time, height, width] }
    /// The number of cells.
    public var product: Int { time * height * width }
}

/// A 3D convolution's shape: everything but its weights [out, in, t, h, w].
public struct ConvolutionShape: Sendable, Hashable {
    /// Channels read.
    public var inputChannels: Int
    /// Channels written.
    public var outputChannels: Int
    /// Taps.
    public var kernel: Extent3D
    /// Steps.
    public var stride: Extent3D
    /// Zeros on both sides.
    public var padding: Extent3D

    /// A shape of these parts.
    public init(
        inputChannels: Int, outputChannels: Int, kernel: Extent3D, stride: Extent3D, padding: Extent3D
    ) {
        self.inputChannels = inputChannels
        self.outputChannels = outputChannels
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
    }

    /// [out, in, t, h, w].
    public var weightShape: [Int] { [outputChannels, inputChannels] + kernel.values }

    /// ⌊(input + 2·padding − kernel)/stride⌋ + 1 a dimension; not positive where the input is too small.
    public func outputExtent(_ input: Extent3D) -> Extent3D {
        slidingOutput(input, kernel: kernel, stride: stride, padding: padding)
    }
}

func slidingOutput(_ input: Extent3D, kernel: Extent3D, stride: Extent3D, padding: Extent3D) -> Extent3D {
    func one(_ n: Int, _ k: Int, _ s: Int, _ p: Int) -> Int {
        n + 2 * p < k ? 0 : (n + 2 * p - k) / s + 1
    }
    return Extent3D(
        one(input.time, kernel.time, stride.time, padding.time),
        one(input.height, kernel.height, stride.height, padding.height),
        one(input.width, kernel.width, stride.width, padding.width))
}

extension Extent3D {
    var int64: [Int64] { values.map { Int64($0) } }
}

/// 3D convolution on oneDNN.
enum Convolution3D {
    /// A kernel of one direction for one input shape, and the layouts it wants: those of the arrays and, backward, of their
    /// gradients.
    struct Plan {
        let description: PrimitiveDescription
        let source: MemoryDescription
        let weights: MemoryDescription
        let destination: MemoryDescription

        /// Asks a kernel for its layouts.
        init(
            _ description: PrimitiveDescription, source: dnnl_query_t = dnnl_query_src_md,
            weights: dnnl_query_t = dnnl_query_weights_md, destination: dnnl_query_t = dnnl_query_dst_md
        ) throws(NetworkError) {
            self.description = description
            self.source = try MemoryDescription(of: description, source)
            self.weights = try MemoryDescription(of: description, weights)
            self.destination = try MemoryDescription(of: description, destination)
        }
    }

    /// The forward kernel: dst (N,out,t',h',w') = [ReLU](weights ∗ src (N,in,t,h,w) + bias (out) [+ dst]).
    ///
    /// - Parameters:
    ///   - source: the input's layout, or one with `dnnl_format_tag_any` to let oneDNN choose.
    ///   - destination: likewise.
    static func forward(
        _ shape: ConvolutionShape, source: MemoryDescription, destination: MemoryDescription,
        type: dnnl_data_type_t, addsToDestination: Bool, relu: Bool, engine: ComputeEngine
    ) throws(NetworkError) -> Plan {
        let weights = try shape.weights(type)
        let bias = try MemoryDescription(shape: [shape.outputChannels], type: dnnl_f32, tag: dnnl_a)
        let attributes = try ForwardAttributes(addsToDestination: addsToDestination, relu: relu)
        return try Plan(
            PrimitiveDescription("convolution \(shape.weightShape)") {
                mt_convolution_inference(
                    &$0, engine.handle, source.handle, weights.handle, bias.handle, destination.handle,
                    shape.stride.int64, shape.padding.int64, attributes.handle)
            })
    }
}

extension Convolution3D {
    /// The kernel for the first pair of layouts of source and destination that has a fast one, else for the first that has any.
    static func best(
        _ candidates: [(MemoryDescription, MemoryDescription)],
        _ make: (MemoryDescription, MemoryDescription) throws(NetworkError) -> Plan
    ) throws(NetworkError) -> Plan {
        var failure: NetworkError?
        var fallback: Plan?
        for (source, destination) in candidates {
            do throws(NetworkError) {
                let plan = try make(source, destination)
                if !plan.description.isReference { return plan }
                fallback = fallback ?? plan
            } catch {
                failure = error
            }
        }
        if let fallback { return fallback }
        throw failure ?? NetworkError(message: "no convolution kernel")
    }
}

extension ConvolutionShape {
    /// The weights, with the layout left to oneDNN.
    fileprivate func weights(_ type: dnnl_data_type_t) throws(NetworkError) -> MemoryDescription {
        try MemoryDescription(shape: weightShape, type: type, tag: dnnl_format_tag_any)
    }
}

/// The three directions of training; no bias, for a batch norm follows.
extension Convolution3D {
    /// dst (N,out,t',h',w') = weights (out,in,t,h,w) ∗ src (N,in,t,h,w).
    static func forwardTraining(
        _ shape: ConvolutionShape, source: MemoryDescription, destination: MemoryDescription,
        type: dnnl_data_type_t, engine: ComputeEngine
    ) throws(NetworkError) -> Plan {
        let weights = try shape.weights(type)
        let attributes = try ForwardAttributes()
        return try Plan(
            PrimitiveDescription("convolution \(shape.weightShape)") {
                mt_convolution_training(
                    &$0, engine.handle, source.handle, weights.handle, destination.handle, shape.stride.int64,
                    shape.padding.int64, attributes.handle)
            })
    }

    /// dSrc (N,in,t,h,w) from dDst (N,out,t',h',w') and the weights (out,in,t,h,w).
    static func backwardData(
        _ shape: ConvolutionShape, source: MemoryDescription, destination: MemoryDescription,
        type: dnnl_data_type_t, forward: PrimitiveDescription, engine: ComputeEngine
    ) throws(NetworkError) -> Plan {
        let weights = try shape.weights(type)
        let attributes = try ForwardAttributes()
        return try Plan(
            PrimitiveDescription("convolution \(shape.weightShape) backward to its input") {
                mt_convolution_backward_data(
                    &$0, engine.handle, source.handle, weights.handle, destination.handle, shape.stride.int64,
                    shape.padding.int64, attributes.handle, forward.handle)
            }, source: dnnl_query_diff_src_md, destination: dnnl_query_diff_dst_md)
    }

    /// dWeights (out,in,t,h,w), always float32, from src (N,in,t,h,w) and dDst (N,out,t',h',w').
    static func backwardWeights(
        _ shape: ConvolutionShape, source: MemoryDescription, destination: MemoryDescription,
        forward: PrimitiveDescription, engine: ComputeEngine
    ) throws(NetworkError) -> Plan {
        let weights = try shape.weights(dnnl_f32)
        let attributes = try ForwardAttributes()
        return try Plan(
            PrimitiveDescription("convolution \(shape.weightShape) backward to its weights") {
                mt_convolution_backward_weights(
                    &$0, engine.handle, source.handle, weights.handle, destination.handle, shape.stride.int64,
                    shape.padding.int64, attributes.handle, forward.handle)
            }, weights: dnnl_query_diff_weights_md, destination: dnnl_query_diff_dst_md)
    }

    /// dWeights by a forward kernel: dW(o,i,k) = Σ src(n,i,cell·stride + k − padding)·dDst(n,o,cell) is itself a
    /// convolution, of src seen as (in,N,t,h,w) by dDst seen as weights (out,N,t',h',w') with the stride as dilation,
    /// to (in,out,kernel).
    ///
    /// oneDNN 2.x's own backward kernels transpose rows as they go, which costs more than half the time where rows are
    /// short; here two small reorders do it beforehand. Measured 1.6 to 2.8 times as fast on rows of 7 and 4.
    /// The batch takes the channels' place and is padded to whole blocks; below one block oneDNN has no kernel.
    ///
    /// - Returns: source (in,N,t,h,w), weights (out,N,t',h',w') and destination (in,out,kernel; float32); nil where
    ///   that does not pay or oneDNN has no kernel.
    static func backwardWeightsByForward(
        _ shape: ConvolutionShape, batch: Int, input: Extent3D, type: dnnl_data_type_t,
        layout: dnnl_format_tag_t,
        engine: ComputeEngine
    ) throws(NetworkError) -> Plan? {
        let output = shape.outputExtent(input)
        let blocks = (batch + 15) / 16
        guard layout == dnnl_nCdhw16c, type == dnnl_bf16, shape.kernel.product >= 9, output.product <= 1024,
            batch >= 16, 16 * blocks * 2 <= 3 * batch
        else { return nil }
        // The padding behind that makes the result exactly as large as the kernel.
        func after(_ kernel: Int, _ input: Int, _ padding: Int, _ output: Int, _ stride: Int) -> Int64 {
            Int64(kernel - input - padding + (output - 1) * stride)
        }
        let after = [
            after(shape.kernel.time, input.time, shape.padding.time, output.time, shape.stride.time),
            after(
                shape.kernel.height, input.height, shape.padding.height, output.height, shape.stride.height),
            after(shape.kernel.width, input.width, shape.padding.width, output.width, shape.stride.width),
        ]
        guard after.allSatisfy({ $0 >= 0 }) else { return nil }
        let source = try MemoryDescription(
            shape: [shape.inputChannels, batch] + input.values, type: type, tag: layout)
        let weights = try MemoryDescription(
            shape: [shape.outputChannels, batch] + output.values, type: type, tag: dnnl_format_tag_any)
        let destination = try MemoryDescription(
            shape: [shape.inputChannels, shape.outputChannels] + shape.kernel.values, type: dnnl_f32,
            tag: layout)
        let attributes = try ForwardAttributes()
        let description = try? PrimitiveDescription(
            "convolution \(shape.weightShape) backward to its weights, as forward"
        ) {
            mt_dilated_convolution(
                &$0, engine.handle, source.handle, weights.handle, destination.handle,
                shape.stride.values.map { Int64($0 - 1) }, shape.padding.int64, after, attributes.handle)
        }
        guard let description, !description.isReference else { return nil }
        return try Plan(description)
    }
}
