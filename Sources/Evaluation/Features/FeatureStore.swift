import Base
import Distributions
import Glibc
import Synchronization

/// A file that keeps one model's features, so that an interrupted measurement goes on and a second one is quick.
///
/// Little-endian. A header of three fields: "MIXTFEA1", the length of the key in bytes (UInt32), the key (text that names model,
/// precision and clips). Then records, each appended by one write: length of the body (UInt32), FNV-1a of
/// the body (UInt64), body. A body: path length and path, size in bytes and time of change in nanoseconds (Int64 each),
/// number of clips (UInt32), and the lengths (UInt32) and float32 values of backbone, mean, variance and histogram.
/// What follows the first broken record, as an interrupted write leaves one, is cut off and made anew. A later record
/// of a path replaces an earlier one.
package final class FeatureStore: Sendable {
    /// A file's state when it was encoded.
    package struct Stamp: Sendable, Equatable {
        package var size: Int64
        package var changed: Int64

        /// The file's state now; nil where it cannot be asked.
        package init?(path: String) {
            guard let status = FileStatus(path: path) else { return nil }
            (size, changed) = (status.size, status.modified)
        }

        package init(size: Int64, changed: Int64) {
            self.size = size
            self.changed = changed
        }
    }
    private static let magic = Array("MIXTFEA1".utf8)

    package let path: String
    /// Nil once the store is closed.
    private let descriptor: Mutex<Int32?>
    private let entries: [String: (Stamp, VideoFeatures)]

    /// Opens or makes the file; a file of another key, or none of ours, is an error.
    package init(path: String, key: String) throws(EvaluationError) {
        func failure(_ problem: String, hint: String? = nil) -> EvaluationError {
            .file(path: path, line: nil, problem: problem, hint: hint ?? "name another folder with --work")
        }
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("cannot be opened: \(SystemError.message())") }
        var isOurs = false
        defer { if !isOurs { Glibc.close(descriptor) } }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw failure(
                "another measurement uses it", hint: "wait for it, or name another folder with --work")
        }
        let bytes: [UInt8]
        do throws(SystemError) { bytes = try FileBytes.read(path, limit: 16 << 30) } catch {
            throw failure(error.description)
        }
        let keyBytes = Array(key.utf8)
        var header = Self.magic
        Self.append(UInt32(keyBytes.count), to: &header)
        header += keyBytes
        var end = header.count
        var entries: [String: (Stamp, VideoFeatures)] = [:]
        if bytes.count < header.count, header.starts(with: bytes) {
            guard ftruncate(descriptor, 0) == 0, Self.write(header, to: descriptor, at: 0) else {
                throw failure("cannot be written: \(SystemError.message())")
            }
        } else {
            guard bytes.starts(with: header) else {
                throw failure(
                    "is not this model's feature file", hint: "remove it, or name another folder with --work")
            }
            while let (record, next) = Self.record(bytes, at: end) {
                entries[record.path] = (record.stamp, record.features)
                end = next
            }
            guard ftruncate(descriptor, off_t(end)) == 0 else {
                throw failure("cannot be written: \(SystemError.message())")
            }
        }
        guard lseek(descriptor, 0, SEEK_END) >= 0 else { throw failure("cannot be read") }
        isOurs = true
        self.path = path
        self.descriptor = Mutex(descriptor)
        self.entries = entries
    }

    deinit { close() }

    /// Lets the file go, for this process or another to open; what was read can still be asked for.
    ///
    /// Whoever opens a store closes it: the last reference may be a thread's that has done its work but has not ended,
    /// so that nobody could say when the file is free.
    package func close() {
        descriptor.withLock {
            guard let open = $0 else { return }
            // Closing alone would leave the lock with a child that is just being started and still holds a copy.
            flock(open, LOCK_UN)
            Glibc.close(open)
            $0 = nil
        }
    }

    /// The features of that file, if it has not changed since they were made.
    package func features(path: String, stamp: Stamp) -> VideoFeatures? {
        guard let (known, features) = entries[path], known == stamp else { return nil }
        return features
    }

    /// Appends a record; false where the disk does not take it, which leaves the file as it was, or after `close`.
    package func append(path: String, stamp: Stamp, features: VideoFeatures) -> Bool {
        var body: [UInt8] = []
        let name = Array(path.utf8)
        Self.append(UInt32(name.count), to: &body)
        body += name
        Self.append(stamp.size, to: &body)
        Self.append(stamp.changed, to: &body)
        Self.append(UInt32(features.clipCount), to: &body)
        for values in [
            features.backbone, features.moments.mean, features.moments.variance, features.histogram,
        ] {
            Self.append(UInt32(values.count), to: &body)
            for value in values { Self.append(value.bitPattern, to: &body) }
        }
        var record: [UInt8] = []
        Self.append(UInt32(body.count), to: &record)
        Self.append(Self.hash(body[...]), to: &record)
        record += body
        return descriptor.withLock { descriptor in
            guard let descriptor else { return false }
            let end = lseek(descriptor, 0, SEEK_END)
            guard end >= 0 else { return false }
            if Self.write(record, to: descriptor, at: end) { return true }
            ftruncate(descriptor, end)
            return false
        }
    }

    // MARK: - Bytes

    private static func append<Value: FixedWidthInteger>(_ value: Value, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, at offset: off_t) -> Bool {
        bytes.withUnsafeBytes { (try? FileBytes.write($0, to: descriptor, at: Int(offset))) != nil }
    }

    private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        var hash = FNVChecksum()
        bytes.withUnsafeBytes { hash.addBytes($0) }
        return hash.value
    }

    private struct Record {
        var path: String
        var stamp: Stamp
        var features: VideoFeatures
    }

    /// The record at `start` and where the next one begins; nil where none is whole.
    private static func record(_ bytes: [UInt8], at start: Int) -> (Record, next: Int)? {
        var head = Cursor(bytes: bytes[start...])
        guard let length = head.integer(UInt32.self), let hash = head.integer(UInt64.self),
            let body = head.take(Int(length)), Self.hash(body) == hash
        else { return nil }
        var cursor = Cursor(bytes: body)
        guard let nameLength = cursor.integer(UInt32.self), let name = cursor.take(Int(nameLength)),
            let size = cursor.integer(Int64.self), let changed = cursor.integer(Int64.self),
            let clipCount = cursor.integer(UInt32.self), let backbone = cursor.floats(),
            let mean = cursor.floats(),
            let variance = cursor.floats(), let histogram = cursor.floats(), mean.count == variance.count
        else { return nil }
        let features = VideoFeatures(
            clipCount: Int(clipCount), backbone: backbone, moments: Moments(mean: mean, variance: variance),
            histogram: histogram)
        let path = String(decoding: name, as: UTF8.self)
        return (
            Record(path: path, stamp: Stamp(size: size, changed: changed), features: features), body.endIndex
        )
    }

    /// Reads without trusting any length.
    private struct Cursor {
        var bytes: ArraySlice<UInt8>

        mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard count >= 0, count <= bytes.count else { return nil }
            defer { bytes = bytes.dropFirst(count) }
            return bytes.prefix(count)
        }

        mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type) -> Value? {
            take(MemoryLayout<Value>.size).map { part in
                Value(littleEndian: part.withUnsafeBytes { $0.loadUnaligned(as: Value.self) })
            }
        }

        mutating func floats() -> [Float]? {
            guard let count = integer(UInt32.self), let part = take(4 * Int(count)) else { return nil }
            return part.withUnsafeBytes { raw in
                (0..<Int(count)).map {
                    Float(
                        bitPattern: UInt32(
                            littleEndian: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
                }
            }
        }
    }
}
