import Distributions

/// The objective as the training loop sees it: owns α and b, draws the noise, names the terms. One thread uses it at a time.
public final class PaperObjective {
    private let objective: Objective
    private let storage = FloatStorage(count: 4)
    /// `alpha` and `b`; learned, never decayed.
    public let parameters: [TrainableParameter]

    /// Throws where a choice cannot be.
    public init(_ configuration: ObjectiveConfiguration) throws(TrainingError) {
        do {
            objective = try Objective(configuration)
        } catch {
            throw .invalidConfiguration(field: "objective", problem: error.description)
        }
        let start = MatchParameters()
        storage.buffer[0] = Float(start.alpha)
        storage.buffer[1] = Float(start.b)
        let memory = storage.buffer
        parameters = ["alpha", "b"].enumerated().map { index, name in
            TrainableParameter(
                name: name, shape: [1],
                value: UnsafeMutableBufferPointer(rebasing: memory[index..<(index + 1)]),
                gradient: UnsafeMutableBufferPointer(rebasing: memory[(index + 2)..<(index + 3)]),
                decays: false)
        }
    }

    /// Bytes that one evaluation takes while it runs. In double precision: all pairs of samples, (M·K)², and of clips, A²; samples and their noise, M·K·D, with
    /// their gradients; moments and outputs, A·D.
    public func workspaceBytes(layout: MixtureLayout, dimension: Int) -> Int {
        let samples = layout.mixtures * objective.configuration.samples
        return 8
            * (samples * samples + layout.rows * layout.rows + dimension * (4 * samples + 10 * layout.rows))
    }

    /// All terms: `soft`, `stochastic`, `kl`, `nce`. Writes dMu and dS [rows, D] (every element) and adds to the own
    /// parameters' gradients.
    ///
    /// - Parameter noiseSeed: of the samples; it differs from step to step.
    /// - Throws: the first term that is not finite.
    public func evaluate(
        mu: UnsafeBufferPointer<Float>, s: UnsafeBufferPointer<Float>, dimension: Int, layout: MixtureLayout,
        noiseSeed: UInt64, dMu: UnsafeMutableBufferPointer<Float>, dS: UnsafeMutableBufferPointer<Float>
    ) throws(NonFiniteTerm) -> ObjectiveReport {
        let shape: ObjectiveShape
        do {
            shape = try objective.shape(videos: layout.videos, clips: layout.clips, dimension: dimension)
        } catch {
            preconditionFailure("a validated configuration has a shape: \(error)")
        }
        var generator = SeededGenerator(seed: noiseSeed)
        let match = MatchParameters(alpha: Double(storage.buffer[0]), b: Double(storage.buffer[1]))
        let result = try objective.evaluate(
            mu: Array(mu), s: Array(s), noise: Objective.noise(for: shape, using: &generator),
            parameters: match,
            shape: shape)
        _ = dMu.update(fromContentsOf: result.dMu)
        _ = dS.update(fromContentsOf: result.dS)
        storage.buffer[2] += Float(result.dAlpha)
        storage.buffer[3] += Float(result.dB)
        return ObjectiveReport(
            total: result.total,
            terms: [
                ("soft", result.soft), ("stochastic", result.stochastic), ("kl", result.kl),
                ("nce", result.nce),
            ].map { LossTerm(name: $0, value: $1) },
            positivesPerAnchor: result.positivesPerAnchor)
    }
}
