internal import COneDNN
import Tensors

/// Shape, number format and layout of an array; owns oneDNN's descriptor.
final class MemoryDescription: @unchecked Sendable {
    // Unchecked: never changed after it was made.
    let handle: mt_memory_desc_t

    var byteCount: Int { mt_memory_desc_size(handle) }

    init(shape: [Int], type: dnnl_data_type_t, tag: dnnl_format_tag_t) throws(NetworkError) {
        // oneDNN 2.x copies a fixed number of dimensions, whatever the rank.
        var extents = [Int64](repeating: 0, count: Int(DNNL_MAX_NDIMS))
        for (index, extent) in shape.enumerated() { extents[index] = Int64(extent) }
        handle = try made("layout of \(shape)") {
            mt_memory_desc_create(&$0, Int32(shape.count), extents, type, tag)
        }
    }

    /// A copy of one of the primitive's own descriptions.
    init(of primitive: PrimitiveDescription, _ what: dnnl_query_t) throws(NetworkError) {
        handle = try made("layout of \(primitive.what)") {
            mt_primitive_desc_memory_desc(&$0, primitive.handle, what, 0)
        }
    }

    private init(_ make: (inout mt_memory_desc_t?) -> dnnl_status_t) throws(NetworkError) {
        handle = try made("layout", make)
    }

    deinit { mt_memory_desc_destroy(handle) }

    /// The extent of each dimension.
    var extents: [Int] {
        (0..<mt_memory_desc_rank(handle)).map { Int(mt_memory_desc_extent(handle, $0)) }
    }

    /// The same memory seen with its first two of five dimensions swapped.
    func withSwappedAxes() throws(NetworkError) -> MemoryDescription {
        try MemoryDescription { mt_memory_desc_create_swapped(&$0, handle) }
    }

    /// The same array, with the layout left to oneDNN.
    func withAnyLayout() throws(NetworkError) -> MemoryDescription {
        try MemoryDescription { mt_memory_desc_create_any(&$0, handle) }
    }

    static func == (a: MemoryDescription, b: MemoryDescription) -> Bool {
        mt_memory_desc_equal(a.handle, b.handle)
    }

    static func != (a: MemoryDescription, b: MemoryDescription) -> Bool { !(a == b) }
}

/// An array that primitives read and write. Several may lie in one buffer where their lifetimes allow it.
final class Memory {
    let description: MemoryDescription
    let buffer: AlignedBuffer
    let handle: dnnl_memory_t

    /// In `buffer` from `offset` (bytes) on, which must be large enough, or in a new one.
    init(
        _ description: MemoryDescription, engine: ComputeEngine, buffer: AlignedBuffer? = nil, offset: Int = 0
    ) throws(NetworkError) {
        let buffer = buffer ?? AlignedBuffer(byteCount: description.byteCount)
        precondition(
            buffer.byteCount - offset >= description.byteCount, "the buffer is too small for its array")
        self.description = description
        self.buffer = buffer
        handle = try made("memory") {
            mt_memory_create(&$0, description.handle, engine.handle, buffer.base + offset)
        }
    }

    deinit { dnnl_memory_destroy(handle) }
}
