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
        var members: [JSONValue.Member] = []
        if !metadata.isEmpty {
            let sorted = metadata.sorted { $0.name < $1.name }
            members.append(.init("__metadata__", .object(sorted.map { .init($0.name, .string($0.value)) })))
        }
        let sorted = tensors.sorted { $0.key < $1.key }
        var offset = 0
        for (name, tensor) in sorted {
            let end = offset + tensor.count * type.size
            members.append(
                .init(
                    name,
                    .object([
                        .init("dtype", .string(type.rawValue)),
                        .init("shape", .array(tensor.shape.map { .integer($0) })),
                        .init("data_offsets", .array([.integer(offset), .integer(end)])),
                    ])))
            offset = end
        }
        var header = Array(JSONValue.object(members).text().utf8)
        // Spaces up to a whole cache line: the data can be mapped and read aligned.
        while (8 + header.count) % 64 != 0 { header.append(UInt8(ascii: " ")) }
        let prefix = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> ($0 * 8)) } + header
        do throws(SystemError) {
            try AtomicFile.write(to: path) { (append) throws(SystemError) in
                try Self.append(prefix, append)
                for (_, tensor) in sorted {
                    try Self.append(bytes(of: tensor, as: type), append)
                }
            }
        } catch {
            throw TensorFileError(path: path, message: error.description)
        }
    }

    private static func append(
        _ bytes: [UInt8], _ append: (UnsafeRawBufferPointer) throws(SystemError) -> Void
    ) throws(SystemError) {
        let failure: SystemError? = bytes.withUnsafeBytes { raw in
            do throws(SystemError) {
                try append(raw)
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
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
