internal import COneDNN
internal import CWinograd

/// A convolution of 3 × 3 taps in height and width by Winograd's minimal filtering, in float32: a quarter of the products of
/// the definition, sums in another order, so results that differ by some 1e-6 of the largest.
///
/// For processors with AVX2 and no AVX-512, where oneDNN has direct kernels alone for three dimensions. It works on arrays
/// in blocks of 8 channels, which is what oneDNN likes best there.
struct WinogradConvolution: OwnConvolution {
    private let shape: mixtape_winograd
    let what: String
    var algorithm: String { "winograd:avx2" }
    let source: MemoryDescription
    let destination: MemoryDescription
    let threads: Int

    var scratchBytes: Int {
        withUnsafePointer(to: shape) { mixtape_winograd_scratch_size($0, Int32(threads)) }
    }

    var weightBytes: Int {
        withUnsafePointer(to: shape) { 4 * mixtape_winograd_weight_count($0) }
    }

    func prepare(
        _ weights: UnsafePointer<Float>?, backward: Bool, into prepared: UnsafeMutableRawPointer
    ) {
        withUnsafePointer(to: shape) {
            mixtape_winograd_prepare(
                $0, weights, backward, prepared.assumingMemoryBound(to: Float.self), Int32(threads))
        }
    }

    func run(
        source: UnsafeRawPointer, weights: UnsafeRawPointer, bias: UnsafeRawPointer?,
        destination: UnsafeMutableRawPointer, addsToDestination: Bool, relu: Bool,
        scratch: UnsafeMutableRawPointer
    ) {
        withUnsafePointer(to: shape) {
            mixtape_winograd_run(
                $0, source.assumingMemoryBound(to: Float.self),
                weights.assumingMemoryBound(to: Float.self), bias?.assumingMemoryBound(to: Float.self),
                destination.assumingMemoryBound(to: Float.self), addsToDestination, relu, scratch,
                Int32(threads))
        }
    }

    var gradientScratchBytes: Int {
        withUnsafePointer(to: shape) { mixtape_winograd_gradient_scratch_size($0) }
    }

    /// Strides are 1.
    func addWeightGradient(
        source: UnsafeRawPointer, gradient: UnsafeRawPointer, to weights: UnsafeMutablePointer<Float>?,
        scratch: UnsafeMutableRawPointer
    ) {
        withUnsafePointer(to: shape) {
            mixtape_winograd_add_weight_gradient(
                $0, source.assumingMemoryBound(to: Float.self),
                gradient.assumingMemoryBound(to: Float.self), weights, scratch, Int32(threads))
        }
    }

    /// A plan where there is one and it pays; the same for each batch and number of threads, and so are the results.
    ///
    /// - Parameter extent: of the input.
    static func plan(
        _ shape: ConvolutionShape, batch: Int, extent: Extent3D, type: dnnl_data_type_t, threads: Int
    ) throws(NetworkError) -> Self? {
        let kernel = shape.kernel
        guard type == dnnl_f32, ComputeEngine.favoursWinograd, kernel.height == 3, kernel.width == 3,
            shape.stride == Extent3D(1, 1, 1) || shape.stride == Extent3D(1, 2, 2),
            shape.padding == Extent3D(kernel.time / 2, 1, 1)
        else { return nil }
        let stride = shape.stride.height
        // The transforms of a stride's larger tiles cost more, and must be shared by more products.
        guard stride == 1 || kernel.time > 1 && shape.inputChannels >= 64 else { return nil }
        let description = mixtape_winograd(
            batch: Int32(batch), input_channels: Int32(shape.inputChannels),
            output_channels: Int32(shape.outputChannels), time_taps: Int32(kernel.time),
            frames: Int32(extent.time), height: Int32(extent.height), width: Int32(extent.width),
            stride: Int32(stride))
        guard withUnsafePointer(to: description, { mixtape_winograd_is_supported($0) }) else { return nil }
        let output = Extent3D(
            extent.time, (extent.height + stride - 1) / stride, (extent.width + stride - 1) / stride)
        let tiles = (output.height + 3) / 4 * ((output.width + 3) / 4)
        let isMostlyInside = 2 * output.height * output.width >= 16 * tiles
        // The weights are four times as many numbers as those of the definition, and must be worth their way from memory.
        // Other clips of a batch do not count: a clip's values must not depend on its company.
        guard isMostlyInside, extent.time * tiles >= 8 else { return nil }
        func blocked(_ channels: Int, _ extent: Extent3D) throws(NetworkError) -> MemoryDescription {
            try MemoryDescription(
                shape: [batch, channels] + extent.values, type: dnnl_f32, tag: dnnl_nCdhw8c)
        }
        return Self(
            shape: description, what: "convolution \(shape.weightShape)",
            source: try blocked(shape.inputChannels, extent),
            destination: try blocked(shape.outputChannels, output), threads: threads)
    }
}
