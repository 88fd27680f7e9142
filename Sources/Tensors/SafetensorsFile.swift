import Base
import Glibc

/// Why a tensor file cannot be read or written; names the file and, where it is about one, the tensor.
public struct TensorFileError: Error, Sendable, Equatable {
    /// The file.
    public var path: String
    /// The tensor, where the error is about one.
    public var tensor: String?
    /// One sentence without the path.
    public var message: String

    /// An error about a file, or about a tensor in it.
    public init(path: String, tensor: String? = nil, message: String) {
        self.path = path
        self.tensor = tensor
        self.message = message
    }
}

extension TensorFileError: CustomStringConvertible {
    /// The whole sentence, with path and tensor.
    public var description: String {
        tensor.map { "\(path): tensor \($0): \(message)" } ?? "\(path): \(message)"
    }
}

/// How a tensor's elements are stored in a file.
public enum TensorDataType: String, Sendable, CaseIterable {
    case float64 = "F64"
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"
    /// Whole numbers from 0 to 255: pictures, and yes or no.
    case uint8 = "U8"

    /// Bytes of one element.
    public var size: Int {
        switch self {
        case .float64: 8
        case .float32: 4
        case .float16, .bfloat16: 2
        case .uint8: 1
        }
    }
}

/// A safetensors file, open for reading: 8 bytes little-endian header length, a JSON header, the data.
///
/// (Format: huggingface/safetensors.) The header is checked whole when the file is opened; a tensor's bytes are
/// read when it is asked for.
public final class SafetensorsFile {
    /// What the header says of one tensor.
    public struct Entry: Sendable, Equatable {
        /// Unique in the file.
        public var name: String
        /// As stored.
        public var type: TensorDataType
        /// Slowest dimension first.
        public var shape: [Int]
        /// Bytes from the start of the data section.
        public var range: Range<Int>
    }

    /// As given to `init`.
    public let path: String
    /// In the order of their names.
    public let entries: [Entry]
    /// The header's `__metadata__`, in the order of the names.
    public let metadata: [(name: String, value: String)]

    /// The reference implementation's own limit.
    static let maximumHeader = 100_000_000
    private let descriptor: Int32
    private let dataStart: Int

    /// Opens the file and checks its header against its size.
    public convenience init(path: String) throws(TensorFileError) {
        func failure(_ message: String) -> TensorFileError { TensorFileError(path: path, message: message) }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw failure(SystemError(operation: "open", code: errno).description)
        }
        do throws(TensorFileError) {
            guard let status = FileStatus(descriptor: descriptor), status.isRegular else {
                throw failure("not a regular file")
            }
            let size = Int(status.size)
            guard size >= 8 else { throw failure("too short for a safetensors file (\(size) bytes)") }
            let prefix = try Self.read(descriptor, path: path, offset: 0, count: 8)
            let length = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard length <= UInt64(min(size - 8, Self.maximumHeader)) else {
                throw failure(
                    "header of \(length) bytes in a file of \(size); damaged, or not a safetensors file")
            }
            let header = try Self.read(descriptor, path: path, offset: 8, count: Int(length))
            let parsed = try SafetensorsHeader(
                bytes: header, dataSize: size - 8 - Int(length), path: path)
            self.init(
                path: path, descriptor: descriptor, dataStart: 8 + Int(length), header: parsed)
        } catch {
            close(descriptor)
            throw error
        }
    }

    private init(path: String, descriptor: Int32, dataStart: Int, header: SafetensorsHeader) {
        self.path = path
        self.descriptor = descriptor
        self.dataStart = dataStart
        entries = header.entries
        metadata = header.metadata
    }

    deinit { close(descriptor) }

    /// The entry of that name, if the file has one.
    public func entry(named name: String) -> Entry? {
        entries.first { $0.name == name }
    }

    /// The tensor, converted to float32. With `requiringFinite`, infinities and NaN are an error.
    public func tensor(named name: String, requiringFinite: Bool = true) throws(TensorFileError) -> Tensor {
        guard let entry = entry(named: name) else {
            throw TensorFileError(path: path, tensor: name, message: "is not in the file")
        }
        return try read(entry, requiringFinite: requiringFinite).tensor
    }

    /// The tensor, converted to float32, and its bytes as stored.
    public func read(
        _ entry: Entry, requiringFinite: Bool = true
    ) throws(TensorFileError) -> (tensor: Tensor, bytes: [UInt8]) {
        let bytes = try bytes(of: entry)
        let tensor = Tensor(shape: entry.shape) { (destination: UnsafeMutableBufferPointer<Float>) in
            bytes.withUnsafeBytes { Self.convert($0, type: entry.type, to: destination) }
        }
        if requiringFinite,
            let index = tensor.withUnsafeValues({ values in values.firstIndex { !$0.isFinite } })
        {
            throw TensorFileError(
                path: path, tensor: entry.name, message: "element \(index) is not a finite number")
        }
        return (tensor, bytes)
    }

    /// The tensor's bytes as stored.
    public func bytes(of entry: Entry) throws(TensorFileError) -> [UInt8] {
        do throws(TensorFileError) {
            return try Self.read(
                descriptor, path: path, offset: dataStart + entry.range.lowerBound, count: entry.range.count)
        } catch {
            throw TensorFileError(path: path, tensor: entry.name, message: error.message)
        }
    }

    private static func convert(
        _ bytes: UnsafeRawBufferPointer, type: TensorDataType,
        to destination: UnsafeMutableBufferPointer<Float>
    ) {
        switch type {
        case .float64:
            let source = bytes.assumingMemoryBound(to: Double.self)
            for i in 0..<destination.count { destination[i] = Float(source[i]) }
        case .uint8: for i in 0..<destination.count { destination[i] = Float(bytes[i]) }
        case .float32: _ = destination.update(fromContentsOf: bytes.assumingMemoryBound(to: Float.self))
        case .float16:
            HalfPrecision.convert(float16: bytes.assumingMemoryBound(to: UInt16.self), to: destination)
        case .bfloat16:
            HalfPrecision.convert(bfloat16: bytes.assumingMemoryBound(to: UInt16.self), to: destination)
        }
    }

    private static func read(
        _ descriptor: Int32, path: String, offset: Int, count: Int
    ) throws(TensorFileError) -> [UInt8] {
        var got = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
            let rest = UnsafeMutableRawBufferPointer(
                rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count])
            got = FileBytes.read(descriptor, into: rest, at: Int64(offset))
            used = max(0, got)
        }
        if got < 0 {
            let error = SystemError(operation: "read", code: Int32(-got))
            throw TensorFileError(path: path, message: error.description)
        }
        guard got == count else { throw TensorFileError(path: path, message: "the file ends too early") }
        return bytes
    }
}
