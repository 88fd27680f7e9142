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
        var made: mt_memory_desc_t?
        try check(
            mt_memory_desc_create(&made, Int32(shape.count), extents, type, tag), "layout of \(shape)")
        guard let made else { throw NetworkError(message: "oneDNN made no layout of \(shape)") }
        handle = made
    }

    /// A copy of one of the primitive's own descriptions.
    init(of primitive: PrimitiveDescription, _ what: dnnl_query_t, index: Int32 = 0) throws(NetworkError) {
        var made: mt_memory_desc_t?
        try check(
            mt_primitive_desc_memory_desc(&made, primitive.handle, what, index), "layout of \(primitive.what)"
        )
        guard let made else { throw NetworkError(message: "oneDNN has no layout of \(primitive.what)") }
        handle = made
    }

    private init(owning made: mt_memory_desc_t) { handle = made }

    deinit { mt_memory_desc_destroy(handle) }

    /// The extent of each dimension.
    var extents: [Int] {
        (0..<mt_memory_desc_rank(handle)).map { Int(mt_memory_desc_extent(handle, $0)) }
    }

    /// The same memory seen with its first two of five dimensions swapped.
    func withSwappedAxes() throws(NetworkError) -> MemoryDescription {
        var made: mt_memory_desc_t?
        try check(mt_memory_desc_create_swapped(&made, handle), "layout")
        guard let made else { throw NetworkError(message: "oneDNN made no layout") }
        return MemoryDescription(owning: made)
    }

    /// The same array, with the layout left to oneDNN.
    func withAnyLayout() throws(NetworkError) -> MemoryDescription {
        var made: mt_memory_desc_t?
        try check(mt_memory_desc_create_any(&made, handle), "layout")
        guard let made else { throw NetworkError(message: "oneDNN made no layout") }
        return MemoryDescription(owning: made)
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
        var made: dnnl_memory_t?
        try check(
            mt_memory_create(&made, description.handle, engine.handle, buffer.base + offset), "memory")
        guard let made else { throw NetworkError(message: "oneDNN made no memory") }
        handle = made
    }

    deinit { dnnl_memory_destroy(handle) }
}
