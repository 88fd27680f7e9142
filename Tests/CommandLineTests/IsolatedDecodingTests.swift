import Foundation
import Testing
import TestSupport

/// Trainings and measurements, whose videos worker processes decode: that they alone do, what becomes of a run when they die,
/// and that they change nothing.
@Suite struct IsolatedDecodingTests {
    private let material: Material
    private let folder: TemporaryFolder
    private var videos: String { folder.path + "/videos" }

    /// Two classes of twelve videos.
    init() throws {
        material = try Material.shared.get()
        folder = try TemporaryFolder()
        for (place, label) in ["a", "b"].enumerated() {
            try FileManager.default.createDirectory(
                atPath: videos + "/" + label, withIntermediateDirectories: true)
            for number in 0..<12 {
                try FileManager.default.copyItem(
                    atPath: material.video(12 * place + number), toPath: "\(videos)/\(label)/\(number).mp4")
            }
        }
    }

    private func training(_ name: String) -> [String] {
        [
            "train", videos, "--out", folder.path + "/" + name, "--cache", folder.path + "/cache-" + name,
            "--size", "32", "--videos", "3", "--clips", "1", "--threads", "2", "--precision", "float32",
            "--width", "4", "--dimension", "8", "--steps", "1",
        ]
    }

    private var measurement: [String] {
        [
            "evaluate", videos, "--model", material.model, "--clips", "2", "--workers", "2", "--no-baselines",
            "--json",
        ]
    }

    /// Runs to the end; whether the process itself loaded FFmpeg's decoders at any time.
    private func decodes(_ arguments: [String]) throws -> (itself: Bool, outcome: Running.Outcome) {
        let run = try Running(arguments)
        var itself = false
        while run.process.isRunning {
            let maps = FileHandle(forReadingAtPath: "/proc/\(run.process.processIdentifier)/maps")
            // Read piece by piece: the kernel gives a page at a time.
            var text = Data()
            while let piece = try? maps?.read(upToCount: 4096), !piece.isEmpty { text += piece }
            itself = itself || text.range(of: Data("libavcodec".utf8)) != nil
            usleep(1_000)
        }
        return (itself, try run.outcome())
    }

    @Test func aTrainingLeavesDecodingToWorkers() throws {
        let apart = try decodes(training("apart"))
        let within = try decodes(training("within") + ["--in-process"])
        #expect(apart.outcome.status == 0 && within.outcome.status == 0, "\(apart.outcome.errors)")
        #expect(!apart.itself && within.itself)
        for name in ["model.safetensors", "checkpoint.safetensors"] {
            let pair = try ["apart", "within"].map {
                try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\($0)/\(name)"))
            }
            #expect(pair[0] == pair[1], "\(name)")
        }
    }

    @Test func aMeasurementLeavesDecodingToWorkers() throws {
        let options = ["--fine-tune", "--fine-tune-epochs", "1", "--folds", "2"]
        let apart = try decodes(measurement + options)
        let within = try decodes(measurement + options + ["--in-process"])
        #expect(apart.outcome.status == 0 && within.outcome.status == 0, "\(apart.outcome.errors)")
        #expect(!apart.itself && within.itself)
        #expect(apart.outcome.output == within.outcome.output && apart.outcome.output.contains("fine_tune"))
    }

    /// A file whose worker is killed twice is left out; the rest is as it was.
    @Test func aMeasurementGoesOnWhenItsWorkersAreKilled() throws {
        let run = try Running(measurement)
        let killed = run.killChildren(atMost: 5)
        let outcome = try run.outcome()
        #expect(outcome.status == 0 && killed > 0, "\(outcome.errors)")
        let facts = try #require(try outcome.json()["videos"] as? [String: Any])
        let skipped = try #require(facts["skipped"] as? [Any]).count
        #expect((facts["readable"] as? Int ?? 0) + skipped == 24 && skipped <= killed / 2, "\(facts)")
    }

    @Test func aTrainingGoesOnWhenItsWorkersAreKilled() throws {
        let run = try Running(training("killed") + ["--json"])
        let killed = run.killChildren(atMost: 5)
        let outcome = try run.outcome()
        #expect(outcome.status == 0 && killed > 0, "\(outcome.errors)")
        let result = try outcome.json()
        let (used, skipped) = (result["videos"] as? Int ?? 0, result["skipped"] as? Int ?? 0)
        #expect(used + skipped == 24 && skipped <= killed / 2, "\(outcome.errors)")
    }
}
