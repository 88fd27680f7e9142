internal import COneDNN

/// A max pooling's shape; cells of the padding never win.
public struct PoolingShape: Sendable, Hashable {
    /// The window.
    public var kernel: Extent3D
    /// Steps of the window.
    public var stride: Extent3D
    /// Empty cells on both sides.
    public var padding: Extent3D

    /// A shape of these parts.
    public init(kernel: Extent3D, stride: Extent3D, padding: Extent3D) {
        self.kernel = kernel
        self.stride = stride
        self.padding = padding
    }

    /// ⌊(input + 2·padding − kernel)/stride⌋ + 1 a dimension; not positive where the input is too small.
    public func outputExtent(_ input: Extent3D) -> Extent3D {
        slidingOutput(input, kernel: kernel, stride: stride, padding: padding)
    }
}

/// 3D max pooling on oneDNN.
enum MaxPooling3D {
    struct Plan {
        let description: PrimitiveDescription
        let destination: MemoryDescription
    }

    /// dst (N,C,t',h',w') = maximum of src (N,C,t,h,w) under the kernel, in the layout of the source.
    static func forward(
        _ shape: PoolingShape, source: MemoryDescription, sourceShape: [Int], type: dnnl_data_type_t,
        engine: ComputeEngine
    ) throws(NetworkError) -> Plan {
        let input = Extent3D(sourceShape[2], sourceShape[3], sourceShape[4])
        let output = shape.outputExtent(input)
        let destination = try MemoryDescription(
            shape: [sourceShape[0], sourceShape[1]] + output.values, type: type, tag: dnnl_format_tag_any)
        let attributes = try ForwardAttributes()
        let paddingAfter = paddingAfter(shape, input: input, output: output)
        let description = try PrimitiveDescription("max pooling") {
            mt_max_pooling_forward(
                &$0, engine.handle, dnnl_forward_inference, source.handle, destination.handle,
                shape.kernel.int64, shape.stride.int64, shape.padding.int64, paddingAfter, attributes.handle)
        }
        return Plan(
            description: description, destination: try MemoryDescription(of: description, dnnl_query_dst_md))
    }

    /// Forward in training, which remembers the winners, and the backward of the same shape.
    struct TrainingPlan {
        let forward: PrimitiveDescription
        let backward: PrimitiveDescription
        let workspace: MemoryDescription
    }

    /// dst (N,C,t',h',w') = maximum of src (N,C,t,h,w) under the kernel; backward, dSrc from dDst: each window's
    /// gradient goes to its first maximum. Gradients have the layouts of what they belong to.
    static func training(
        _ shape: PoolingShape, source: MemoryDescription, input: Extent3D, destination: MemoryDescription,
        engine: ComputeEngine
    ) throws(NetworkError) -> TrainingPlan {
        let paddingAfter = paddingAfter(shape, input: input, output: shape.outputExtent(input))
        let attributes = try ForwardAttributes()
        let forward = try PrimitiveDescription("max pooling") {
            mt_max_pooling_forward(
                &$0, engine.handle, dnnl_forward_training, source.handle, destination.handle,
                shape.kernel.int64, shape.stride.int64, shape.padding.int64, paddingAfter, attributes.handle)
        }
        let backward = try PrimitiveDescription("max pooling backward") {
            mt_max_pooling_backward(
                &$0, engine.handle, source.handle, destination.handle, shape.kernel.int64,
                shape.stride.int64,
                shape.padding.int64, paddingAfter, attributes.handle, forward.handle)
        }
        return TrainingPlan(
            forward: forward, backward: backward,
            workspace: try MemoryDescription(of: forward, dnnl_query_workspace_md))
    }

    /// oneDNN wants the padding that the last window really needs.
    private static func paddingAfter(_ shape: PoolingShape, input: Extent3D, output: Extent3D) -> [Int64] {
        func after(_ n: Int, _ out: Int, _ k: Int, _ s: Int, _ p: Int) -> Int64 {
            Int64(max(0, (out - 1) * s + k - n - p))
        }
        return [
            after(input.time, output.time, shape.kernel.time, shape.stride.time, shape.padding.time),
            after(
                input.height, output.height, shape.kernel.height, shape.stride.height, shape.padding.height),
            after(input.width, output.width, shape.kernel.width, shape.stride.width, shape.padding.width),
        ]
    }
}
