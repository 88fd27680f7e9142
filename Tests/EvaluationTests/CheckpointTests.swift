import Evaluation
import Foundation
import Synchronization
import Testing
import TestSupport

/// Folders of model folders, as a training writes them.
@Suite struct CheckpointTests {
    let folder: TemporaryFolder
    private var steps: String { folder.path + "/out/steps" }
    private var videos: String { folder.path + "/videos" }

    init() throws {
        folder = try TemporaryFolder()
        for (number, color) in ["red", "blue"].enumerated() {
            for index in 0..<2 {
                try FFmpeg.draw(
                    "color=\(color):size=\(48 + 8 * index)x48:rate=8", seconds: 1,
                    to: "\(videos)/\(color)/v\(number)\(index).mp4")
            }
        }
        try folder.write("not a folder", to: "out/steps/log.jsonl")
        // By their names, the last of these would be the second.
        for (seed, name) in ["step-000500", "step-999500", "step-1000000"].enumerated() {
            try makeTinyModel(at: "\(steps)/\(name)", seed: UInt64(seed + 7))
        }
    }

    private func request(_ checkpoints: String) -> EvaluationRequest {
        var request = EvaluationRequest(models: ["\(steps)/step-000500"], checkpoints: checkpoints)
        request.measuresBaselines = false
        return request
    }

    @Test func stepsAreInTheOrderOfTheirNumbers() throws {
        try folder.write("half a model", to: "out/steps/step-1000500/model.safetensors")
        let notes = Mutex<[String]>([])
        let report = try Evaluation.run(
            try LabelledVideos(path: videos), request(steps),
            hooks: EvaluationHooks(note: { note in notes.withLock { $0.append(note) } }))
        #expect(report.checkpoints.map(\.step) == [500, 999_500, 1_000_000])
        #expect(report.checkpoints.map(\.name) == ["step-000500", "step-999500", "step-1000000"])
        #expect(
            notes.withLock { $0.filter { $0.hasPrefix("warning") } } == [
                "warning: \(steps)/step-1000500 is not a model folder (no config.json) and is left out"
            ])

        let out = "\(folder.path)/report"
        try report.write(to: out)
        let table = try String(contentsOfFile: "\(out)/checkpoints.csv", encoding: .utf8)
        let lines = table.split(separator: "\n").map { $0.split(separator: ",").prefix(2).map(String.init) }
        #expect(
            lines == [
                ["checkpoint", "step"], ["step-000500", "500"], ["step-999500", "999500"],
                ["step-1000000", "1000000"],
            ])
        let plot = try String(contentsOfFile: "\(out)/checkpoints.svg", encoding: .utf8)
        #expect(plot.contains(">step</text>") && !plot.contains(">checkpoint</text>"))
        // The first curve is the uncertainty over training: its x are the steps, not the places.
        let points = try #require(plot.firstMatch(of: /points="([^"]*)"/)).1
        let x = points.split(separator: " ").compactMap {
            $0.split(separator: ",").first.flatMap { Double($0) }
        }
        #expect(x.count == 3)
        #expect(abs((x[1] - x[0]) / (x[2] - x[0]) - 999_000.0 / 999_500) < 1e-3)
    }

    @Test func whatIsNoModelIsNamed() throws {
        func message(_ checkpoints: String) throws -> (message: String, hint: String) {
            let labelled = try LabelledVideos(path: videos)
            let error = failure { () throws(EvaluationError) in
                _ = try Evaluation.run(labelled, request(checkpoints))
            }
            return (error?.message ?? "", error?.hint ?? "")
        }
        let above = try message(folder.path + "/out")
        #expect(above.message == "\(folder.path)/out: holds no model folders")
        #expect(above.hint == "name \(steps)")
        let model = try message(steps + "/step-000500")
        #expect(model.message.contains("step-000500: is a model folder itself"))
        try folder.write("{}", to: "out/steps/step-000600/config.json")
        #expect(try message(steps).message.contains("step-000600/config.json"))
        try FileManager.default.removeItem(atPath: steps + "/step-000600")
        let weights = try Data(contentsOf: URL(fileURLWithPath: steps + "/step-999500/model.safetensors"))
        try weights.prefix(weights.count / 2).write(
            to: URL(fileURLWithPath: steps + "/step-999500/model.safetensors"))
        #expect(try message(steps).message.contains("step-999500/model.safetensors"))
    }
}
