import Foundation
import Fuzzing
import Testing
import TestSupport

/// Everything that the fuzzers were given or found worth keeping, once more. One after the other: the targets share a
/// scratch folder.
@Suite(.serialized) struct ReplayTests {
    private static let folder = URL(fileURLWithPath: Repository.fixtures("fuzz"))

    init() { ContainerFuzzing.program.withLock { $0 = BuiltProgram.path } }

    /// The inputs that are kept of a target: a line each, in base64.
    private static func kept(_ name: String) throws -> [[UInt8]] {
        let text = try String(contentsOf: folder.appendingPathComponent("\(name).base64"), encoding: .utf8)
        return try text.split(separator: "\n").map { try [UInt8](#require(Data(base64Encoded: String($0)))) }
    }

    @Test func keptInputsAreHarmless() throws {
        for target in FuzzTarget.all {
            let inputs = try Self.kept(target.name)
            #expect(!inputs.isEmpty, "\(target.name): nothing is kept")
            for (number, input) in inputs.enumerated() {
                #expect(throws: Never.self, "\(target.name), line \(number + 1)") { try target.run(input) }
            }
        }
    }

    @Test func seedsAreHarmless() throws {
        for target in FuzzTarget.all {
            let seeds = try target.seeds()
            #expect(!seeds.isEmpty, "\(target.name): no seeds")
            for (number, seed) in seeds.enumerated() {
                #expect(throws: Never.self, "\(target.name), seed \(number)") { try target.run(seed) }
            }
        }
    }
}
