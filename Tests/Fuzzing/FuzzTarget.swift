/// What a fuzzer, or the test that replays its inputs, holds a reader of untrusted bytes against.
///
/// Every target takes any bytes. A refusal is as good as an answer; a trap ends the process, which is what the fuzzer
/// looks for; and what must hold of an answer beyond that is thrown as a `FuzzFailure`.
package struct FuzzTarget: Sendable {
    /// On the command line, and of the file that keeps its inputs.
    package let name: String
    /// Inputs to begin with, made anew each time.
    package let seeds: @Sendable () throws -> [[UInt8]]
    /// Reads the bytes.
    package let run: @Sendable ([UInt8]) throws -> Void

    /// All, by name.
    package static let all: [FuzzTarget] = [
        ClipFuzzing.target, ContainerFuzzing.target, HeadFuzzing.target, ImportFuzzing.target,
        IndexFileFuzzing.target, JSONFuzzing.target,
        LabelFuzzing.target, ModelFuzzing.target, MomentsFuzzing.target, PathFuzzing.target,
        ProtocolFuzzing.target, TensorFileFuzzing.target, VideoFuzzing.target, WorkerFuzzing.target,
    ]
}

/// Something that must hold of whatever was read does not.
package struct FuzzFailure: Error, CustomStringConvertible {
    package let description: String
}

/// Throws unless it holds.
func must(_ condition: Bool, _ what: @autoclosure () -> String) throws {
    if !condition { throw FuzzFailure(description: what()) }
}

/// Bytes taken from the front, zeros once there are none.
struct ByteSource {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isEmpty: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    mutating func number(bytes count: Int) -> Int {
        (0..<count).reduce(0) { sum, _ in sum << 8 | Int(byte()) }
    }
}
