import Base

/// Writes safetensors files; the same tensors give the same bytes.
public enum SafetensorsWriter {
    /// Writes the tensors, sorted by name, through a temporary file: the path holds the old file or the whole new one.
    ///
    /// - Parameter type: how the elements are stored; F64 and U8 are not written.
    public static func write(
        _ tensors: [String: Tensor], as type: TensorDataType = .float32,
        metadata: [(name: String, value: String)] = [], to path: String
    ) throws(TensorFileError) {
        precondition(type != .float64 && type != .uint8, "float64 and uint8 are read, not written")
        let sorted = tensors.sorted { $0.key < $1.key }
        try write(
            sorted.map { ($0.key, type, $0.value.shape) }, metadata: metadata.sorted { $0.name < $1.name },
            to: path
        ) { (index, file) throws(SystemError) in try file.write(bytes(of: sorted[index].value, as: type)) }
    }

    /// The same for tensors in any order, of which `body` appends the bytes of the one with a number.
    package static func write(
        _ tensors: [(name: String, type: TensorDataType, shape: [Int])],
        metadata: [(name: String, value: String)], to path: String,
        _ body: (Int, AtomicFile) throws(SystemError) -> Void
    ) throws(TensorFileError) {
        var members: [JSONValue.Member] = []
        if !metadata.isEmpty {
            members.append(.init("__metadata__", .object(metadata.map { .init($0.name, .string($0.value)) })))
        }
        var offset = 0
        for (name, type, shape) in tensors {
            let end = offset + shape.reduce(1, *) * type.size
            members.append(
                .init(
                    name,
                    [
                        "dtype": .string(type.rawValue), "shape": .array(shape.map { .number($0) }),
                        "data_offsets": .array([.number(offset), .number(end)]),
                    ]))
            offset = end
        }
        var header = Array(JSONValue.object(members).text().utf8)
        // Spaces up to a whole cache line: the data can be mapped and read aligned.
        while (8 + header.count) % 64 != 0 { header.append(UInt8(ascii: " ")) }
        let prefix = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> ($0 * 8)) } + header
        do throws(SystemError) {
            let file = try AtomicFile(path: path)
            try file.write(prefix)
            for index in tensors.indices { try body(index, file) }
            try file.commit()
        } catch {
            throw TensorFileError(path: path, message: error.description)
        }
    }

    /// Little-endian, as the processor has it.
    private static func bytes(of tensor: Tensor, as type: TensorDataType) -> [UInt8] {
        tensor.withUnsafeValues { values in
            [UInt8](unsafeUninitializedCapacity: values.count * type.size) { buffer, used in
                used = values.count * type.size
                let raw = UnsafeMutableRawBufferPointer(buffer)
                switch type {
                case .float32, .float64, .uint8: raw.copyMemory(from: UnsafeRawBufferPointer(values))
                case .float16:
                    HalfPrecision.convert(values, toFloat16: raw.assumingMemoryBound(to: UInt16.self))
                case .bfloat16:
                    HalfPrecision.convert(values, toBFloat16: raw.assumingMemoryBound(to: UInt16.self))
                }
            }
        }
    }
}
