internal import COneDNN
import Synchronization
import Tensors

/// What a primitive computes and how: the kernel and the layouts that oneDNN chose.
final class PrimitiveDescription {
    let handle: dnnl_primitive_desc_t
    /// For messages.
    let what: String
    private static let making = Mutex(())

    /// - Parameter make: calls the oneDNN function that makes one. It runs alone in the process: oneDNN 2.6 computes
    ///   wrong results now and then with "brgconv" kernels (odd channel counts) whose descriptors two threads made at
    ///   the same time.
    init(
        _ what: String, make: (inout dnnl_primitive_desc_t?) -> dnnl_status_t
    ) throws(NetworkError) {
        var made: dnnl_primitive_desc_t?
        let status = Self.making.withLock { _ in make(&made) }
        try check(status, what)
        guard let handle = made else {
            throw NetworkError(message: "\(what): oneDNN has no implementation")
        }
        self.what = what
        self.handle = handle
    }

    deinit { dnnl_primitive_desc_destroy(handle) }

    /// Such as "jit_bf16:avx512_core_bf16".
    var implementation: String { String(cString: mt_primitive_desc_implementation(handle)) }

    /// Memory that it needs while it runs.
    var scratchBytes: Int { (try? MemoryDescription(of: self, dnnl_query_scratchpad_md))?.byteCount ?? 0 }

    /// Whether oneDNN fell back to its reference loops, which are a thousand times slower than its kernels.
    var isReference: Bool { implementation.hasPrefix("ref") }
}

/// Attributes of forward primitives; owns oneDNN's object.
final class ForwardAttributes {
    let handle: dnnl_primitive_attr_t

    /// Destination = [ReLU](result [+ destination]); scratch memory comes from the caller.
    init(addsToDestination: Bool = false, relu: Bool = false) throws(NetworkError) {
        handle = try made("attributes") { mt_forward_attributes(&$0, addsToDestination, relu) }
    }

    deinit { dnnl_primitive_attr_destroy(handle) }
}

/// A step of a network, bound to its memory.
protocol ComputeStep {
    /// What it computes and how, such as "convolution [32, 3, 1, 7, 7]: jit:avx2".
    var name: String { get }
    func execute(_ stream: ComputeStream) throws(NetworkError)
}

/// One of inference, where steps run one after the other and share scratch memory.
protocol InferenceStep: ComputeStep, AnyObject {
    /// Of the scratch memory that it needs.
    var scratchBytes: Int { get }
    /// Hands that memory over, from `offset` (bytes) on.
    func bindScratch(_ buffer: AlignedBuffer, offset: Int, engine: ComputeEngine) throws(NetworkError)
}

/// A compiled primitive bound to its arrays.
final class Primitive: InferenceStep {
    let name: String
    let scratchBytes: Int
    private let handle: dnnl_primitive_t
    private var memories: [Memory]
    private var arguments: [dnnl_exec_arg_t]
    private let scratch: MemoryDescription?

    /// - Parameter arguments: each array under its `DNNL_ARG_…` number.
    init(_ description: PrimitiveDescription, arguments: [(Int32, Memory)]) throws(NetworkError) {
        name = "\(description.what): \(description.implementation)"
        memories = arguments.map(\.1)
        self.arguments = arguments.map { dnnl_exec_arg_t(arg: $0.0, memory: $0.1.handle) }
        let scratch = try? MemoryDescription(of: description, dnnl_query_scratchpad_md)
        scratchBytes = scratch?.byteCount ?? 0
        self.scratch = scratch
        handle = try made(description.what) { dnnl_primitive_create(&$0, description.handle) }
    }

    deinit { dnnl_primitive_destroy(handle) }

    func bindScratch(
        _ buffer: AlignedBuffer, offset: Int = 0, engine: ComputeEngine
    ) throws(NetworkError) {
        guard let scratch, scratchBytes > 0 else { return }
        let memory = try Memory(scratch, engine: engine, buffer: buffer, offset: offset)
        memories.append(memory)
        arguments.append(dnnl_exec_arg_t(arg: DNNL_ARG_SCRATCHPAD, memory: memory.handle))
    }

    func execute(_ stream: ComputeStream) throws(NetworkError) {
        let status = arguments.withUnsafeBufferPointer {
            dnnl_primitive_execute(handle, stream.handle, Int32($0.count), $0.baseAddress)
        }
        try check(status, name)
    }
}

/// A change of layout or number format.
enum Reorder {
    static func primitive(from source: Memory, to destination: Memory, engine: ComputeEngine)
        throws(NetworkError)
        -> Primitive
    {
        let attributes = try ForwardAttributes()
        let description = try PrimitiveDescription("reorder") {
            mt_reorder(
                &$0, engine.handle, source.description.handle, destination.description.handle,
                attributes.handle)
        }
        return try Primitive(
            description, arguments: [(DNNL_ARG_FROM, source), (DNNL_ARG_TO, destination)])
    }

    /// Once, outside a program.
    static func run(from source: Memory, to destination: Memory, engine: ComputeEngine) throws(NetworkError) {
        let primitive = try primitive(from: source, to: destination, engine: engine)
        try primitive.bindScratch(AlignedBuffer(byteCount: primitive.scratchBytes), engine: engine)
        let stream = try ComputeStream(engine: engine)
        try primitive.execute(stream)
        try check(dnnl_stream_wait(stream.handle), "reorder")
    }
}
