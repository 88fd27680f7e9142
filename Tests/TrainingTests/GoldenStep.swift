import Testing
import Training
import VideoEncoding

/// Which objective's golden values: the prefix of their names.
enum GoldenObjective: String, CaseIterable, Sendable, CustomTestStringConvertible {
    /// ProViCo's.
    case proViCo = ""
    /// The deterministic baseline, InfoNCE.
    case baseline = "nce."

    var testDescription: String { self == .proViCo ? "ProViCo" : "InfoNCE" }
}

/// One training step of a golden model on its golden clips, in float32.
final class GoldenStep {
    let golden: GoldenFixture
    let settings: GoldenFixture.Settings
    let encoder: any TrainableEncoder
    let objective: Objective
    let shape: ObjectiveShape
    /// What the network's last forward pass gave, [M, N, D] each.
    private(set) var mu: [Float] = []
    private(set) var s: [Float] = []
    private let prefix: String
    private let clips: [UInt8]
    private let matchMemory = UnsafeMutableBufferPointer<Float>.allocate(capacity: 4)

    init(_ architecture: String, _ kind: GoldenObjective = .proViCo) throws {
        golden = try GoldenFixture("\(architecture)/golden")
        settings = try GoldenFixture.settings()
        encoder = try EncoderTrainer(
            folder: "\(GoldenFixture.folder)/\(architecture)", threads: 1, precision: .float32)
        objective = try Objective(kind == .proViCo ? settings.objective : settings.baseline)
        shape = try objective.shape(
            videos: settings.videos, clips: settings.clips, dimension: encoder.dimension)
        prefix = kind.rawValue
        clips = try golden.bytes("clips")
        let start = MatchParameters()
        _ = matchMemory.initialize(from: [Float(start.alpha), Float(start.b), 0, 0])
    }

    deinit { matchMemory.deallocate() }

    /// The reference's values for this objective.
    func expected(_ name: String) throws -> [Float] { try golden.values(prefix + name) }

    /// How many parameters the reference has gradients of for this objective.
    var expectedGradientCount: Int { golden.names.count { $0.hasPrefix("\(prefix)gradients.") } }

    /// α, b and their gradients, one number each.
    func match(_ index: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(rebasing: matchMemory[index..<(index + 1)])
    }

    var matchParameters: MatchParameters {
        MatchParameters(alpha: Double(match(0)[0]), b: Double(match(1)[0]))
    }

    /// ε of a step, [M, K, D].
    func noise(_ number: Int) throws -> [Float] {
        Array(try golden.values("noise")[(number * shape.noiseCount)..<((number + 1) * shape.noiseCount)])
    }

    func forwardAndBackward(noise number: Int) throws -> ObjectiveResult<Float> {
        let rows = shape.mixtures * shape.clips
        mu = [Float](repeating: .nan, count: rows * encoder.dimension)
        s = mu
        try clips.withUnsafeBufferPointer { clips in
            try mu.withUnsafeMutableBufferPointer { mu in
                try s.withUnsafeMutableBufferPointer { s in
                    try encoder.forward(clips: clips, count: rows, mu: mu, s: s)
                }
            }
        }
        let result = try objective.evaluate(
            mu: mu, s: s, noise: try noise(number), parameters: matchParameters, shape: shape)
        try result.dMu.withUnsafeBufferPointer { dMu in
            try result.dS.withUnsafeBufferPointer { dS in try encoder.backward(dMu: dMu, dS: dS) }
        }
        return result
    }
}
