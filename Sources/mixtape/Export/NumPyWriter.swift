import Base
import Glibc

/// Writes one two-dimensional float32 array in NumPy's format 1.0
/// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html), row by row.
///
/// The rows go to a file beside the final one, which appears under its name only when it is whole.
final class NumPyWriter {
    private let file: AtomicFile
    private let columns: Int
    private var rowsLeft: Int

    init(path: String, rows: Int, columns: Int) throws(SystemError) {
        self.columns = columns
        rowsLeft = rows
        file = try AtomicFile(path: path)
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

    func write(row: UnsafeBufferPointer<Float>) throws(SystemError) {
        precondition(row.count == columns && rowsLeft > 0, "a row that the header did not announce")
        rowsLeft -= 1
        // Every processor this runs on stores floats as the header says: little-endian.
        try file.write(UnsafeRawBufferPointer(row))
    }

    func write(row: [Float]) throws(SystemError) {
        try row.withUnsafeBufferPointer { (row) throws(SystemError) in try write(row: row) }
    }

    func finish() throws(SystemError) {
        precondition(rowsLeft == 0, "fewer rows than the header announced")
        try file.commit()
    }
}
