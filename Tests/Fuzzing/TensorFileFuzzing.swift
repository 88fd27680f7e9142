import Glibc
import Tensors

/// The reader of safetensors files.
enum TensorFileFuzzing {
    static let target = FuzzTarget(
        name: "safetensors",
        seeds: {
            let tensors = [
                "a": Tensor(shape: [2, 3], values: [1, -2, 3.5, 0, 1e-8, 6e4]), "b.c": Tensor(shape: []),
                "none": Tensor(shape: [0, 4]),
            ]
            let path = "\(Scratch.folder)/seed.safetensors"
            var seeds: [[UInt8]] = [[], Array(repeating: 0, count: 8)]
            for type in [TensorDataType.float32, .float16, .bfloat16] {
                try SafetensorsWriter.write(tensors, as: type, metadata: [("k", "v")], to: path)
                seeds.append(Scratch.read(path) ?? [])
            }
            for type in ["F64", "U8"] {
                let header = Array(
                    "{\"x\":{\"dtype\":\"\(type)\",\"shape\":[2],\"data_offsets\":[0,\(type == "U8" ? 2 : 16)]}}"
                        .utf8)
                seeds.append(
                    [UInt8(header.count)] + [UInt8](repeating: 0, count: 7) + header
                        + [UInt8](repeating: 7, count: type == "U8" ? 2 : 16))
            }
            return seeds + edges(of: seeds[2])
        },
        run: { bytes in
            let path = Scratch.write(bytes, to: "input.safetensors")
            guard let file = try? SafetensorsFile(path: path) else { return }
            var total = 0
            for entry in file.entries {
                guard let (tensor, stored) = try? file.read(entry, requiringFinite: false) else {
                    throw FuzzFailure(description: "\(entry.name) is in the header and cannot be read")
                }
                try must(stored.count == entry.range.count, "\(entry.name) has other bytes than it should")
                try must(tensor.shape == entry.shape, "\(entry.name) has another shape")
                if let finite = try? file.tensor(named: entry.name) {
                    try must(finite.values.allSatisfy(\.isFinite), "\(entry.name) is not finite")
                }
                total += stored.count
            }
            try must(total <= bytes.count - 8, "more data than the file has")
        })

    /// A file with an edge in the place of a number of its header, or of the header's length.
    private static func edges(of file: [UInt8]) -> [[UInt8]] {
        let length = file[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        func prefix(_ length: UInt64) -> [UInt8] { withUnsafeBytes(of: length.littleEndian) { Array($0) } }
        let header = Array(file[8..<8 + length])
        let (data, rest) = (file[(8 + length)...], file[8...])
        let inHeader = Edges.variants(of: header).map { prefix(UInt64($0.count)) + $0 + data }
        let lengths = [0, 1, length - 1, length + 1, file.count - 8, file.count - 7, 1 << 32, .max].map {
            UInt64($0)
        }
        return inHeader + (lengths + [1 << 63, .max]).map { prefix($0) + rest }
    }
}
