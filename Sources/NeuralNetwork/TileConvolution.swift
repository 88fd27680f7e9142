internal import COneDNN
internal import CTiles

/// A convolution in bfloat16 on AMX, sums in float32: of the same products as oneDNN's, in another order.
///
/// It works on channels-last arrays, and reads planar ones where channels are few, as the network's input is.
struct TileConvolution: OwnConvolution {
    private let shape: mixtape_tiles
    let what: String
    var algorithm: String { "tiles:amx_bf16" }
    let source: MemoryDescription
    let destination: MemoryDescription
    let threads: Int

    var scratchBytes: Int { withUnsafePointer(to: shape) { mixtape_tiles_scratch_size($0) } }
    var weightBytes: Int { withUnsafePointer(to: shape) { mixtape_tiles_weight_size($0) } }

    func prepare(
        _ weights: UnsafePointer<Float>?, backward: Bool, into prepared: UnsafeMutableRawPointer
    ) {
        withUnsafePointer(to: shape) {
            mixtape_tiles_prepare(
                $0, weights, backward, prepared.assumingMemoryBound(to: UInt16.self), Int32(threads))
        }
    }

    func run(
        source: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafeRawPointer?,
        destination: UnsafeMutableRawPointer, addsToDestination: Bool, relu: Bool,
        scratch: UnsafeMutableRawPointer
    ) {
        withUnsafePointer(to: shape) {
            mixtape_tiles_run(
                $0, source.assumingMemoryBound(to: UInt16.self),
                weights.assumingMemoryBound(to: UInt16.self), bias?.assumingMemoryBound(to: Float.self),
                destination.assumingMemoryBound(to: UInt16.self), addsToDestination, relu, scratch,
                Int32(threads))
        }
    }

    var gradientScratchBytes: Int { withUnsafePointer(to: shape) { mixtape_tiles_gradient_scratch_size($0) } }

    func addWeightGradient(
        source: UnsafeRawPointer, gradient: UnsafeRawPointer, to weights: UnsafeMutablePointer<Float>?,
        scratch: UnsafeMutableRawPointer
    ) {
        withUnsafePointer(to: shape) {
            mixtape_tiles_add_weight_gradient(
                $0, source.assumingMemoryBound(to: UInt16.self),
                gradient.assumingMemoryBound(to: UInt16.self), weights, scratch, Int32(threads))
        }
    }

    /// A plan where there is one; the same for each batch and number of threads, and so are the results.
    ///
    /// - Parameter extent: of the input.
    static func plan(
        _ shape: ConvolutionShape, batch: Int, extent: Extent3D, type: dnnl_data_type_t, threads: Int
    ) throws(NetworkError) -> Self? {
        let description = description(shape, batch: batch, extent: extent)
        guard type == dnnl_bf16, ComputeEngine.hasTiles,
            withUnsafePointer(to: description, { mixtape_tiles_support($0) })
        else { return nil }
        let isPlanar = withUnsafePointer(to: description) { mixtape_tiles_read_planar($0) }
        return Self(
            shape: description, what: "convolution \(shape.weightShape)",
            source: try MemoryDescription(
                shape: [batch, shape.inputChannels] + extent.values, type: type,
                tag: isPlanar ? dnnl_ncdhw : dnnl_ndhwc),
            destination: try MemoryDescription(
                shape: [batch, shape.outputChannels] + shape.outputExtent(extent).values, type: type,
                tag: dnnl_ndhwc),
            threads: threads)
    }

    /// Whether there is a plan for inputs of any extent.
    static func supports(_ shape: ConvolutionShape) -> Bool {
        guard ComputeEngine.hasTiles else { return false }
        return withUnsafePointer(to: description(shape, batch: 1, extent: shape.kernel)) {
            mixtape_tiles_support($0)
        }
    }

    private static func description(
        _ shape: ConvolutionShape, batch: Int, extent: Extent3D
    ) -> mixtape_tiles {
        func triple(_ extent: Extent3D) -> (Int32, Int32, Int32) {
            (Int32(extent.time), Int32(extent.height), Int32(extent.width))
        }
        return mixtape_tiles(
            batch: Int32(batch), input_channels: Int32(shape.inputChannels),
            output_channels: Int32(shape.outputChannels), extent: triple(extent),
            taps: triple(shape.kernel), stride: triple(shape.stride), padding: triple(shape.padding))
    }
}
