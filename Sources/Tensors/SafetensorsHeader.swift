import Base

/// The JSON header of a safetensors file, checked.
struct SafetensorsHeader {
    var entries: [SafetensorsFile.Entry] = []
    var metadata: [(name: String, value: String)] = []
    /// Ten for each tensor of the largest networks.
    package static let mostValues = 1 << 20

    init(bytes: [UInt8], dataSize: Int, path: String) throws(TensorFileError) {
        func failure(_ message: String, _ tensor: String? = nil) -> TensorFileError {
            TensorFileError(path: path, tensor: tensor, message: message)
        }
        let document: JSONValue
        do throws(JSONSyntaxError) {
            document = try JSONValue(parsing: bytes, values: Self.mostValues)
        } catch {
            throw failure("the header is not valid JSON: \(error.message) at byte \(8 + error.offset)")
        }
        guard case .object(let members) = document else { throw failure("the header is not a JSON object") }
        for member in members {
            if member.key == "__metadata__" {
                metadata = try Self.metadata(member.value, path: path)
            } else {
                entries.append(try Self.entry(member, path: path))
            }
        }
        // The data section is exactly the tensors, one after the other: nothing shared, nothing hidden.
        var end = 0
        for entry in entries.sorted(by: { ($0.range.lowerBound, $0.name) < ($1.range.lowerBound, $1.name) }) {
            guard entry.range.lowerBound == end else {
                throw failure("its data starts at \(entry.range.lowerBound) and not at \(end)", entry.name)
            }
            guard entry.range.upperBound <= dataSize else {
                throw failure(
                    "its data ends at \(entry.range.upperBound) of \(dataSize) bytes: the file is cut short",
                    entry.name)
            }
            end = entry.range.upperBound
        }
        guard end == dataSize else { throw failure("\(dataSize - end) bytes belong to no tensor") }
        entries.sort { $0.name < $1.name }
        metadata.sort { $0.name < $1.name }
    }

    private static func metadata(
        _ value: JSONValue, path: String
    ) throws(TensorFileError) -> [(name: String, value: String)] {
        guard case .object(let members) = value else {
            throw TensorFileError(path: path, message: "__metadata__ is \(value.kind) and not an object")
        }
        var result: [(name: String, value: String)] = []
        for member in members {
            guard case .string(let text) = member.value else {
                throw TensorFileError(path: path, message: "__metadata__.\(member.key) is not a string")
            }
            result.append((member.key, text))
        }
        return result
    }

    private static func entry(
        _ member: JSONValue.Member, path: String
    ) throws(TensorFileError) -> SafetensorsFile.Entry {
        func failure(_ message: String) -> TensorFileError {
            TensorFileError(path: path, tensor: member.key, message: message)
        }
        guard case .object(let fields) = member.value else {
            throw failure("is \(member.value.kind) and not an object")
        }
        var type: TensorDataType?
        var shape: [Int]?
        var offsets: [Int]?
        for field in fields {
            switch (field.key, field.value) {
            case ("dtype", .string(let name)):
                type = TensorDataType(rawValue: name)
                guard type != nil else {
                    throw failure("has dtype \(name); expected F64, F32, F16, BF16 or U8")
                }
            case ("shape", .array(let values)): shape = integers(values)
            case ("data_offsets", .array(let values)): offsets = integers(values)
            default: throw failure("has an unexpected \"\(field.key)\"")
            }
        }
        guard let type, let shape, let offsets else { throw failure("needs dtype, shape and data_offsets") }
        guard offsets.count == 2, offsets[0] <= offsets[1] else {
            throw failure("data_offsets are \(offsets); expected a start and an end")
        }
        var size = type.size
        for extent in shape {
            let (product, overflow) = size.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw failure("shape \(shape) is too large") }
            size = product
        }
        guard size == offsets[1] - offsets[0] else {
            throw failure(
                "shape \(shape) of \(type.rawValue) takes \(size) bytes, not \(offsets[1] - offsets[0])")
        }
        return .init(name: member.key, type: type, shape: shape, range: offsets[0]..<offsets[1])
    }

    /// Nil where an element is not an integer of at least zero.
    private static func integers(_ values: [JSONValue]) -> [Int]? {
        var result: [Int] = []
        for value in values {
            guard let number = value.integerValue, number >= 0 else { return nil }
            result.append(number)
        }
        return result
    }
}
