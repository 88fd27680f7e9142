import Foundation
import Tensors
import Testing
import Training

/// A checkpoint as format 2 was first written, ten steps into a run of thirty: what resumes from it today must always.
@Suite struct GoldenCheckpointTests {
    private static let golden = GoldenFixture.folder + "/formats/checkpoint-2.safetensors"

    private func copy(to small: SmallRun) throws -> String {
        try FileManager.default.createDirectory(atPath: small.folder, withIntermediateDirectories: true)
        let path = TrainingRun.checkpointPath(folder: small.folder)
        try FileManager.default.copyItem(atPath: Self.golden, toPath: path)
        return path
    }

    @Test func formatTwoIsResumedFrom() throws {
        var small = try SmallRun()
        if ProcessInfo.processInfo.environment["MIXTAPE_RECORD"] == "1" { try record() }
        let path = try copy(to: small)
        var notes: [String] = []
        small.hooks.note = { notes.append($0) }
        let encoder = ColorEncoder()
        let run = try small.make(encoder)
        try run.resume()
        #expect(notes.contains("resumed at step 10 of 30"), "\(notes)")
        let file = try SafetensorsFile(path: path)
        for parameter in encoder.parameters {
            let stored = try file.tensor(named: "parameter.\(parameter.name)").values
            #expect(Array(parameter.value) == stored, "\(parameter.name)")
        }
        #expect(try run.run().steps == 30)
    }

    /// Writes the golden file anew, with MIXTAPE_RECORD=1: for a new format, beside the old one's.
    private func record() throws {
        var small = try SmallRun()
        struct Stop: Error {}
        small.configuration.operation.keepEvery = 11
        small.hooks.writeModel = { _, _ in throw Stop() }
        #expect(throws: Stop.self) { try small.make(ColorEncoder()).run() }
        try? FileManager.default.removeItem(atPath: Self.golden)
        try FileManager.default.copyItem(
            atPath: TrainingRun.checkpointPath(folder: small.folder), toPath: Self.golden)
    }
}
