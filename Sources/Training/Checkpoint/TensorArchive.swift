import Base
import Tensors

/// A safetensors file of float32 tensors with a checksum over them and the metadata, as checkpoints need it.
enum TensorArchive {
    struct Entry {
        var name: String
        var shape: [Int]
        var value: UnsafeMutableBufferPointer<Float>
    }

    /// Writes from where the tensors live, without a copy, through a temporary file. Names must differ. Adds
    /// `checksum` to the metadata.
    static func write(
        _ entries: [Entry], metadata: [(name: String, value: String)], to path: String
    ) throws(TrainingError) {
        var sum = FNVChecksum()
        Self.add(metadata, to: &sum)
        for entry in entries { sum.add(UnsafeRawBufferPointer(entry.value)) }
        let texts = metadata + [("checksum", String(sum.value, radix: 16))]
        do throws(TensorFileError) {
            try SafetensorsWriter.write(
                entries.map { ($0.name, .float32, $0.shape) }, metadata: texts, to: path
            ) { (index, file) throws(SystemError) in
                try file.write(UnsafeRawBufferPointer(entries[index].value))
            }
        } catch { throw .file(path: path, problem: error.message) }
    }

    private static func add(_ metadata: [(name: String, value: String)], to sum: inout FNVChecksum) {
        for text in metadata.sorted(by: { $0.name < $1.name }) {
            for part in [text.name, text.value] { Array((part + "\0").utf8).withUnsafeBytes { sum.add($0) } }
        }
    }

    /// An opened file whose header and checksum were found right.
    struct Reader {
        let path: String
        private let file: SafetensorsFile

        init(path: String) throws(TrainingError) {
            self.path = path
            do throws(TensorFileError) {
                file = try SafetensorsFile(path: path)
            } catch {
                throw .damagedCheckpoint(path: path, problem: error.message)
            }
            var sum = FNVChecksum()
            TensorArchive.add(
                file.metadata.filter { $0.name != "checksum" }.map { ($0.name, $0.value) }, to: &sum)
            // In the order of the file, so that it is the sum that was written.
            for entry in file.entries.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
                try bytes(entry).withUnsafeBytes { sum.add($0) }
            }
            guard metadata("checksum") == String(sum.value, radix: 16) else {
                throw .damagedCheckpoint(path: path, problem: "its content was changed (checksum)")
            }
        }

        var names: [String] { file.entries.map(\.name) }

        func metadata(_ name: String) -> String? { file.metadata.first { $0.name == name }?.value }

        func shape(_ name: String) -> [Int]? { file.entry(named: name)?.shape }

        /// Copies a tensor whose name and shape were checked.
        func copy(_ name: String, into target: UnsafeMutableBufferPointer<Float>) throws(TrainingError) {
            guard let entry = file.entry(named: name), entry.type == .float32,
                entry.range.count == target.count * MemoryLayout<Float>.stride
            else {
                throw .damagedCheckpoint(
                    path: path, problem: "the tensor \(name) is missing or of another size")
            }
            try bytes(entry).withUnsafeBytes { UnsafeMutableRawBufferPointer(target).copyMemory(from: $0) }
        }

        private func bytes(_ entry: SafetensorsFile.Entry) throws(TrainingError) -> [UInt8] {
            do throws(TensorFileError) {
                return try file.bytes(of: entry)
            } catch {
                throw .damagedCheckpoint(path: path, problem: error.message)
            }
        }
    }
}
