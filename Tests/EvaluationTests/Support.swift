import Distributions
import Evaluation
import Foundation
import NeuralNetwork
import VideoDecoding
import VideoEncoding

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
