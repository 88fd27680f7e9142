import Base
import Foundation
import NeuralNetwork
import TestSupport
import VideoDecoding
import VideoEncoding

/// A SlowOnly network so small that a clip takes a millisecond.
func tinyConfiguration(perClip: Bool = true) -> ModelConfiguration {
    var configuration = ModelPreset.slowOnly18(width: 4).configuration(dimension: 24)
    configuration.name = "tiny"
    configuration.plan = ClipPlan(framesPerClip: 4, clipDuration: 1, clipStride: 1)
    configuration.geometry = FrameGeometry(width: 32, height: 32)
    configuration.normalization.isPerClip = perClip
    return configuration
}

/// One tiny model for all tests that only read it.
let sharedModel: (folder: TemporaryFolder, path: String) = {
    do {
        let folder = try TemporaryFolder()
        try ModelFactory.create(
            at: "\(folder.path)/tiny", configuration: tinyConfiguration(), seed: 3, clipCount: 8)
        return (folder, "\(folder.path)/tiny")
    } catch { preconditionFailure("\(error)") }
}()

func randomClips(_ count: Int, for configuration: ModelConfiguration) -> [Clip] {
    var state: UInt32 = 12345
    return (0..<count).map { index in
        let start = Double(index)
        // Smooth along a row, so that clips are pictures of a sort.
        var value = 128
        let frames = (0..<configuration.inputExtent.product * 3).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            value = min(255, max(0, value + Int(state >> 26) - 31))
            return UInt8(value)
        }
        return Clip(interval: TimeRange(start: start, stop: start + 1), frames: frames)
    }
}

func cosine(_ a: [Float], _ b: [Float]) -> Double {
    let dot = zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    let (na, nb) = (
        a.reduce(0.0) { $0 + Double($1) * Double($1) }, b.reduce(0.0) { $0 + Double($1) * Double($1) }
    )
    return dot / (na * nb).squareRoot()
}
