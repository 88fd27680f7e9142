import Base
import Foundation
import Tensors
import Testing
import TestSupport

@Suite struct SafetensorsTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }
    let tensors = [
        "b": Tensor(shape: [2, 3], values: [1, -2, 0.5, 3, 65504, -0.25]),
        "a": Tensor(shape: [], values: [7]),
        "c.empty": Tensor(shape: [0, 4]),
    ]

    func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

    /// A file with this header and so many bytes of data.
    func file(_ header: String, data: Int = 0, length: UInt64? = nil) throws -> String {
        let text = Array(header.utf8)
        let count = length ?? UInt64(text.count)
        return try folder.write(
            (0..<8).map { UInt8(truncatingIfNeeded: count >> ($0 * 8)) } + text
                + [UInt8](repeating: 0, count: data), to: "file")
    }

    func message(_ path: String) -> String {
        do throws(TensorFileError) {
            let file = try SafetensorsFile(path: path)
            for entry in file.entries { _ = try file.tensor(named: entry.name) }
            return "no error"
        } catch {
            #expect(error.path == path)
            return error.description
        }
    }

    @Test(arguments: [TensorDataType.float32, .float16, .bfloat16])
    func roundTrip(type: TensorDataType) throws {
        let path = "\(folder.path)/model"
        try SafetensorsWriter.write(tensors, as: type, metadata: [("made", "here \"quoted\"")], to: path)
        #expect(folder.names == ["model"])
        let file = try SafetensorsFile(path: path)
        #expect(file.entries.map(\.name) == ["a", "b", "c.empty"])
        #expect(file.entries.allSatisfy { $0.type == type })
        #expect(file.metadata.map(\.value) == ["here \"quoted\""])
        for (name, tensor) in tensors {
            let read = try file.tensor(named: name)
            #expect(read.shape == tensor.shape)
            let expected = tensor.values.map { value in
                type == .bfloat16
                    ? HalfPrecision.float32(fromBFloat16: HalfPrecision.bfloat16(from: value)) : value
            }
            #expect(read.values == expected)
        }
    }

    @Test func theSameTensorsGiveTheSameBytes() throws {
        let (one, two) = ("\(folder.path)/one", "\(folder.path)/two")
        try SafetensorsWriter.write(tensors, to: one)
        try SafetensorsWriter.write(Dictionary(uniqueKeysWithValues: tensors.reversed()), to: two)
        let bytes = try self.bytes(one)
        #expect(try bytes == self.bytes(two))
        let headerLength = Int(bytes[0]) + Int(bytes[1]) << 8
        #expect((8 + headerLength) % 64 == 0)
    }

    @Test func float64IsRead() throws {
        let header = #"{"x":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}"#
        let value = (-1.5).bitPattern
        let text = Array(header.utf8)
        let path = try folder.write(
            [UInt8(text.count), 0, 0, 0, 0, 0, 0, 0] + text
                + (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }, to: "file")
        #expect(try SafetensorsFile(path: path).tensor(named: "x").values == [-1.5])
    }

    @Test func bytesAreReadAsWholeNumbers() throws {
        let text = Array(#"{"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#.utf8)
        let path = try folder.write(
            [UInt8(text.count), 0, 0, 0, 0, 0, 0, 0] + text + [0, 7, 255], to: "file")
        #expect(try SafetensorsFile(path: path).tensor(named: "x").values == [0, 7, 255])
    }

    @Test func everyTruncationIsAnError() throws {
        let path = "\(folder.path)/model"
        try SafetensorsWriter.write(tensors, to: path)
        let bytes = try self.bytes(path)
        for count in 0..<bytes.count {
            let cut = try folder.write(Array(bytes[..<count]), to: "cut")
            #expect(throws: TensorFileError.self) { _ = try SafetensorsFile(path: cut) }
        }
        #expect(throws: TensorFileError.self) {
            _ = try SafetensorsFile(path: folder.write(bytes + [0], to: "long"))
        }
    }

    /// A flipped bit of the header gives an error or, in a name, other names, never a trap and never other shapes.
    @Test func flippedBitsOfTheHeaderAreSurvived() throws {
        let path = "\(folder.path)/model"
        try SafetensorsWriter.write(tensors, to: path)
        let bytes = try self.bytes(path)
        let headerEnd = 8 + Int(bytes[0]) + Int(bytes[1]) << 8
        var refused = 0
        for bit in 0..<headerEnd * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << (bit % 8)
            let path = try folder.write(damaged, to: "damaged")
            do throws(TensorFileError) {
                let file = try SafetensorsFile(path: path)
                #expect(file.entries.reduce(0) { $0 + $1.range.count } == 4 * 7)
                for entry in file.entries { _ = try file.tensor(named: entry.name, requiringFinite: false) }
            } catch {
                refused += 1
            }
        }
        #expect(refused > headerEnd * 4)
    }

    @Test(arguments: [
        ("{}", 4, "4 bytes belong to no tensor"),
        ("[]", 0, "not a JSON object"),
        ("{", 0, "not valid JSON"),
        (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} x"#, 4, "something follows the value"),
        (#"{"x":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#, 8, "x: has dtype I64"),
        (
            #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4,
            "x: shape [2] of F32 takes 8 bytes, not 4"
        ),
        (#"{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4, "x: needs dtype, shape"),
        (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4, "x: data_offsets are [4, 0]"),
        (
            #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8,
            "x: its data starts at 4 and not at 0"
        ),
        (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "x: its data ends at 8 of 4 bytes"),
        (#"{"x":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,4]}}"#, 4, "too large"),
        (#"{"x":{"dtype":"F32","shape":[1]}}"#, 4, "x: needs"),
        (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}}"#, 4, "unexpected \"more\""),
        (
            #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
            4, "y: its data starts at 0 and not at 4"
        ),
        (
            #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
            8, "\"x\" is given twice"
        ),
        (#"{"__metadata__":{"a":1}}"#, 0, "__metadata__.a is not a string"),
    ])
    func damagedHeadersAreNamed(header: String, data: Int, expected: String) throws {
        let message = try message(file(header, data: data))
        #expect(message.contains(expected), "\(message)")
    }

    @Test func hugeHeaderLengthsAreRefused() throws {
        for length in [UInt64.max, 1 << 63, 1 << 40, 101_000_000, 3] {
            #expect(try message(file("{}", length: length)).contains("header of \(length) bytes"))
        }
    }

    @Test func valuesThatAreNotFiniteAreRefusedOnRequest() throws {
        let path = "\(folder.path)/model"
        try SafetensorsWriter.write(["x": Tensor(shape: [3], values: [0, .nan, 1])], to: path)
        #expect(message(path).contains("tensor x: element 1 is not a finite number"))
        #expect(try SafetensorsFile(path: path).tensor(named: "x", requiringFinite: false).values[1].isNaN)
    }

    @Test func otherThingsThanFilesAreNamed() {
        #expect(message("\(folder.path)/none").contains("no such file"))
        #expect(message(folder.path).contains("not a regular file"))
    }

    @Test func aFailedWriteLeavesNothingBehind() {
        #expect(throws: TensorFileError.self) {
            try SafetensorsWriter.write(tensors, to: "\(folder.path)/missing/model")
        }
        #expect(folder.names.isEmpty)
    }
}
