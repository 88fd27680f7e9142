import Glibc

/// Writes one two-dimensional float32 array in NumPy's format 1.0
/// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html), row by row.
///
/// The rows go to a file beside the final one, which appears under its name only when it is whole.
final class NumPyWriter {
    private let path: String
    private let file: PartialFile
    private let columns: Int
    private var rowsLeft: Int

    init(path: String, rows: Int, columns: Int) throws {
        self.path = path
        self.columns = columns
        rowsLeft = rows
        file = try PartialFile(path: path)
        try file.write(Self.header(rows: rows, columns: columns))
    }

    /// How every such file begins.
    static let magic: [UInt8] = [0x93] + "NUMPY".utf8

    /// Magic, version, length of the rest, a Python dictionary, spaces, and a line break at a multiple
    /// of 64 bytes.
    static func header(rows: Int, columns: Int) -> [UInt8] {
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), \(columns)), }"
        let used = 10 + text.utf8.count + 1
        let padding = (64 - used % 64) % 64
        let length = UInt16(text.utf8.count + padding + 1)
        return magic + [1, 0, UInt8(length & 255), UInt8(length >> 8)] + text.utf8
            + repeatElement(0x20, count: padding) + [0x0A]
    }

    func write(row: UnsafeBufferPointer<Float>) throws {
        precondition(row.count == columns && rowsLeft > 0, "a row that the header did not announce")
        rowsLeft -= 1
        // Every processor this runs on stores floats as the header says: little-endian.
        try file.write(UnsafeRawBufferPointer(row))
    }

    func write(row: [Float]) throws {
        try row.withUnsafeBufferPointer { try write(row: $0) }
    }

    func finish() throws {
        precondition(rowsLeft == 0, "fewer rows than the header announced")
        try file.finish()
    }
}

/// A file that appears under its name only once it is whole and on the disk.
final class PartialFile {
    private let path: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var isFinished = false

    init(path: String) throws {
        self.path = path
        descriptor = Self.uninterrupted {
            open(path + ".partial", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        }
        if descriptor < 0 { throw Self.failure(path) }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        if !isFinished { unlink(path + ".partial") }
    }

    func write(_ bytes: some Sequence<UInt8>) throws {
        buffer.append(contentsOf: bytes)
        if buffer.count >= 1 << 20 { try flush() }
    }

    func write(line: String) throws {
        try write(line.utf8)
        try write(CollectionOfOne(0x0A))
    }

    func finish() throws {
        try flush()
        let isStored =
            Self.uninterrupted { fsync(descriptor) } == 0
            && Self.uninterrupted { rename(path + ".partial", path) } == 0
        guard isStored else { throw Self.failure(path) }
        isFinished = true
    }

    /// Calls again what a signal ended.
    private static func uninterrupted(_ call: () -> Int32) -> Int32 {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }

    private func flush() throws {
        try buffer.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
                if count > 0 { done += count } else if errno != EINTR { throw Self.failure(path) }
            }
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private static func failure(_ path: String) -> CommandError {
        let message = String(cString: strerror(errno))
        return CommandError(
            message: "\(path): \(message)", hint: "check that the folder can be written and its disk has room"
        )
    }
}
