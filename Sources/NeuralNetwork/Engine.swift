internal import COneDNN
internal import CTiles

/// A oneDNN call that failed: the processor or the memory does not allow it.
public struct NetworkError: Error, Sendable, Equatable {
    /// Such as "convolution [1, 3, 8, 112, 112] → 32: unimplemented".
    public var message: String

    /// An error of one clause.
    public init(message: String) { self.message = message }
}

/// The processor as oneDNN's engine; one for the whole process.
public final class ComputeEngine: @unchecked Sendable {
    // Unchecked: oneDNN's engines may be used from any thread.
    let handle: dnnl_engine_t

    /// Whether products of bfloat16 are an instruction of this processor.
    public static var hasNativeBFloat16: Bool { mt_has_native_bfloat16() }

    /// Whether the processor has AVX2, and oneDNN may use it (DNNL_MAX_CPU_ISA).
    package static var hasAVX2: Bool { mt_has_avx2() }

    /// Whether float32 convolutions are faster by Winograd's algorithm: oneDNN has it for AVX-512 alone.
    package static var favoursWinograd: Bool { mt_has_avx2() && !mt_has_avx512() }

    /// Whether bfloat16 may be multiplied in AMX's tiles: the processor has them, oneDNN may use them, and the system lends them.
    package static let hasTiles = mt_has_amx() && mixtape_tiles_are_available()

    /// The instruction sets of the processor by which kernels are chosen, such as ["AVX2", "AVX-512"]; without those that
    /// DNNL_MAX_CPU_ISA forbids.
    package static var processorFeatures: [String] {
        let features = [
            ("AVX2", mt_has_avx2()), ("AVX-512", mt_has_avx512()), ("AVX-512 bfloat16", hasNativeBFloat16),
            ("AMX", hasTiles),
        ]
        return features.filter(\.1).map(\.0)
    }

    private static let shared = Result<ComputeEngine, NetworkError> { () throws(NetworkError) in
        try ComputeEngine()
    }

    /// The process's engine, made at the first call.
    static func get() throws(NetworkError) -> ComputeEngine { try shared.get() }

    private init() throws(NetworkError) {
        handle = try made("engine") { dnnl_engine_create(&$0, dnnl_cpu, 0) }
    }
}

/// An order of execution; used by one thread at a time.
final class ComputeStream {
    let handle: dnnl_stream_t

    init(engine: ComputeEngine) throws(NetworkError) {
        handle = try made("stream") {
            dnnl_stream_create(&$0, engine.handle, dnnl_stream_default_flags.rawValue)
        }
    }

    deinit { dnnl_stream_destroy(handle) }
}

/// Number format of the weights and the activations between the layers; sums are float32 in each of them.
public enum Precision: String, Sendable, Hashable, CaseIterable {
    case float32
    case bfloat16
    /// bfloat16 where the processor multiplies it, else float32.
    case automatic

    /// `automatic` decided for this processor.
    public var resolved: Precision {
        self == .automatic ? (ComputeEngine.hasNativeBFloat16 ? .bfloat16 : .float32) : self
    }

    var dataType: dnnl_data_type_t { resolved == .bfloat16 ? dnnl_bf16 : dnnl_f32 }

    /// Those that are fast here. oneDNN has no bfloat16 at all below AVX-512.
    public static var supported: [Precision] {
        ComputeEngine.hasNativeBFloat16 ? [.float32, .bfloat16] : [.float32]
    }

    /// Bytes of one element.
    package var elementSize: Int { resolved == .bfloat16 ? 2 : 4 }
}

func check(_ status: dnnl_status_t, _ what: @autoclosure () -> String) throws(NetworkError) {
    guard status != dnnl_success else { return }
    let reason: String
    switch status {
    case dnnl_out_of_memory: reason = "out of memory"
    case dnnl_unimplemented: reason = "not implemented for this processor"
    case dnnl_invalid_arguments: reason = "invalid arguments"
    case dnnl_runtime_error: reason = "run-time error"
    default: reason = "oneDNN status \(status.rawValue)"
    }
    throw NetworkError(message: "\(what()): \(reason)")
}

/// What a oneDNN function makes; the caller owns it.
func made<Handle>(
    _ what: @autoclosure () -> String, _ make: (inout Handle?) -> dnnl_status_t
) throws(NetworkError) -> Handle {
    var handle: Handle?
    try check(make(&handle), what())
    guard let handle else { throw NetworkError(message: "oneDNN made no \(what())") }
    return handle
}

/// The threads that oneDNN's next calls from this thread use. libgomp keeps the number per calling thread.
func setComputeThreads(_ count: Int) {
    omp_set_num_threads(Int32(clamping: max(1, count)))
}
