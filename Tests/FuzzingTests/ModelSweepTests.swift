import Foundation
import Fuzzing
import Testing
import TestSupport
import VideoEncoding

/// A model folder, damaged in every region of both files in turn: an error that names the file, another model by its
/// fingerprint, which no index takes for its own, or the very same model.
@Suite struct ModelSweepTests {
    private static let golden = URL(fileURLWithPath: Repository.fixtures("golden/slowonly18"))

    @Test(arguments: ["config.json", "model.safetensors"]) func everyRegion(name: String) throws {
        let folder = Scratch.newFolder("model-sweep-\(name)")
        for file in ["config.json", "model.safetensors"] {
            try Data(contentsOf: Self.golden.appendingPathComponent(file))
                .write(to: URL(fileURLWithPath: "\(folder)/\(file)"))
        }
        let whole = try VideoEncoder(folder: folder)
        let bytes = try #require(Scratch.read("\(folder)/\(name)"))
        var (refused, others, same) = (0, 0, 0)
        for damage in Regions(bytes, count: 200, seed: 7) {
            try Data(damage.bytes).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            do {
                let encoder = try VideoEncoder(folder: folder)
                if encoder.fingerprint != whole.fingerprint {
                    others += 1
                } else {
                    // What decides nothing: the name, remarks, spaces.
                    #expect(name == "config.json", "\(damage.what)")
                    #expect(encoder.configuration.canonicalText == whole.configuration.canonicalText)
                    same += 1
                }
            } catch {
                #expect(error.path.hasPrefix("\(folder)/") && !error.message.isEmpty, "\(damage.what)")
                refused += 1
            }
        }
        print(
            "a model, \(name): \(refused + others + same) damages: \(refused) refused, \(others) another model, \(same) the same"
        )
        #expect(refused > 0)
    }
}
