import Foundation
import NeuralNetwork
import Tensors
import Testing
import TestSupport
import VideoEncoding

@Suite struct ModelFolderTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A copy of the shared model with its tensors changed.
    func model(
        named name: String, configuration: String? = nil, type: TensorDataType = .float32,
        _ change: (inout [String: Tensor]) -> Void = { _ in }
    ) throws -> String {
        let path = try folder.makeFolder(name)
        let file = try SafetensorsFile(path: "\(sharedModel.path)/model.safetensors")
        var tensors: [String: Tensor] = [:]
        for entry in file.entries { tensors[entry.name] = try file.tensor(named: entry.name) }
        change(&tensors)
        try SafetensorsWriter.write(tensors, as: type, to: "\(path)/model.safetensors")
        let text = try configuration ?? ModelConfiguration(path: "\(sharedModel.path)/config.json").text
        try folder.write(text, to: "\(name)/config.json")
        return path
    }

    func message(_ path: String) -> String {
        do throws(ModelError) {
            _ = try VideoEncoder(folder: path)
            return "no error"
        } catch {
            #expect(error.path.hasPrefix(path))
            #expect(error.hint != nil)
            return error.message
        }
    }

    @Test func missingFilesAreNamed() throws {
        #expect(message("\(folder.path)/none").contains("cannot open: no such file"))
        let path = try model(named: "bare")
        #expect(unlink("\(path)/model.safetensors") == 0)
        #expect(message(path).contains("cannot open"))
    }

    @Test func missingExtraAndMisshapenTensorsAreNamed() throws {
        let missing = try model(named: "missing") { $0["backbone.stages.1.0.norm2.bias"] = nil }
        #expect(message(missing) == "tensor backbone.stages.1.0.norm2.bias: is missing")
        let extra = try model(named: "extra") { $0["head.scale"] = Tensor(shape: [1]) }
        #expect(message(extra) == "tensor head.scale: is not part of this model")
        let misshapen = try model(named: "shape") { $0["head.mean.bias"] = Tensor(shape: [25]) }
        #expect(message(misshapen) == "tensor head.mean.bias: has shape [25]; config.json makes it [24]")
    }

    @Test func valuesThatCannotBeAreNamed() throws {
        let infinite = try model(named: "nan") {
            $0["head.mean.bias"]?.withUnsafeMutableValues { $0[2] = .infinity }
        }
        #expect(message(infinite) == "tensor head.mean.bias: element 2 is not a finite number")
        let negative = try model(named: "negative") {
            $0["backbone.stem.0.norm.running_var"]?.withUnsafeMutableValues { $0[0] = -1 }
        }
        #expect(message(negative).contains("backbone.stem.0.norm.running_var: holds a negative variance"))
    }

    /// Weights that are finite but overflow on the way: an error, never a NaN in the index.
    @Test func overflowIsAnErrorAndNotANaN() throws {
        let path = try model(named: "huge") { tensors in
            for name in tensors.keys where name.hasSuffix("conv1.weight") || name.hasSuffix("conv2.weight") {
                tensors[name]?.withUnsafeMutableValues { values in
                    for i in values.indices { values[i] = values[i] < 0 ? -1e30 : 1e30 }
                }
            }
        }
        let session = try VideoEncoder(folder: path).makeSession(threads: 2)
        #expect(throws: ModelError.self) {
            _ = try session.encode(randomClips(3, for: session.encoder.configuration))
        }
    }

    @Test func theFingerprintIsOfWhatDecidesTheEmbedding() throws {
        let original = try VideoEncoder(folder: try model(named: "a")).fingerprint
        #expect(original.count == 64)
        #expect(try VideoEncoder(folder: try model(named: "b")).fingerprint == original)
        var renamed = try ModelConfiguration(path: "\(sharedModel.path)/config.json")
        renamed.name = "another"
        renamed.training = .string("long")
        renamed.calibration = ScoreCalibration(modelFingerprint: original, offset: 3, slope: 2)
        let same = try model(named: "c", configuration: renamed.text)
        #expect(try VideoEncoder(folder: same).fingerprint == original)
        #expect(try ModelConfiguration(path: "\(same)/config.json").calibration == renamed.calibration)
        var longer = renamed
        longer.plan.clipDuration = 3
        let other = try model(named: "d", configuration: longer.text)
        #expect(try VideoEncoder(folder: other).fingerprint != original)
        let weights = try model(named: "e") { $0["head.mean.bias"]?.withUnsafeMutableValues { $0[0] += 1 } }
        #expect(try VideoEncoder(folder: weights).fingerprint != original)
    }

    @Test func theFactoryIsDeterministicAndRefusesToReplace() throws {
        let (one, two, three) = ("\(folder.path)/1", "\(folder.path)/2", "\(folder.path)/3")
        for (path, seed) in [(one, UInt64(3)), (two, 3), (three, 4)] {
            try ModelFactory.create(at: path, configuration: tinyConfiguration(), seed: seed, clipCount: 8)
        }
        let fingerprints = try [one, two, three].map { try VideoEncoder(folder: $0).fingerprint }
        #expect(fingerprints[0] == fingerprints[1])
        #expect(fingerprints[0] != fingerprints[2])
        #expect(throws: ModelError.self) {
            try ModelFactory.create(at: one, configuration: tinyConfiguration(), seed: 3, clipCount: 8)
        }
        #expect(throws: ModelError.self) {
            try ModelFactory.create(
                at: "\(folder.path)/no/such", configuration: tinyConfiguration(), seed: 3, clipCount: 1)
        }
    }
}
