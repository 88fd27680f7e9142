import Distributions
import Evaluation
import Foundation
import NeuralNetwork
import VideoDecoding
import VideoEncoding

/// A new folder, removed with its owner.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/mixtape-evaluation-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file, its folders made if need be, and returns its path.
    @discardableResult
    func write(_ text: String, _ name: String) throws -> String {
        let file = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return file
    }
}

/// The error that `body` throws.
func failure(_ body: () throws(EvaluationError) -> Void) -> EvaluationError? {
    do throws(EvaluationError) {
        try body()
        return nil
    } catch { return error }
}

/// Labelled videos without files, named by their place.
func videos(_ labels: [String?], roles: [VideoRole]? = nil) -> [LabelledVideo] {
    labels.enumerated().map { index, label in
        let name = "v\(index / 10)\(index % 10).mp4"
        return LabelledVideo(path: name, name: name, label: label, role: roles?[index] ?? .both)
    }
}

/// A SlowOnly network so small that a clip takes a millisecond.
func makeTinyModel(at folder: String, seed: UInt64 = 3) throws {
    var configuration = ModelPreset.slowOnly18(width: 4).configuration(dimension: 24)
    configuration.name = "tiny"
    configuration.plan = ClipPlan(framesPerClip: 4, clipDuration: 1, clipStride: 1)
    configuration.geometry = FrameGeometry(width: 32, height: 32)
    try ModelFactory.create(at: folder, configuration: configuration, seed: seed, clipCount: 8)
}

/// Draws a video with the ffmpeg program.
func draw(_ source: String, seconds: Double, to path: String) throws {
    try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
        "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", source, "-t", "\(seconds)", "-c:v", "mpeg4",
        "-y",
        path,
    ]
    try process.run()
    process.waitUntilExit()
    precondition(process.terminationStatus == 0, "ffmpeg failed")
}
