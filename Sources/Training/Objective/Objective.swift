import Distributions

/// The training objective: ProViCo (paper eq. 3 to 10 and the KL term), the deterministic baseline, or a mix.
///
/// Everything is computed in double precision: a step of 64 mixtures and 8 samples costs milliseconds, next
/// to the seconds of the network, and finite differences check the very code that trains.
public struct Objective: Sendable {
    /// The choices.
    public let configuration: ObjectiveConfiguration

    /// Throws where a choice is out of range.
    public init(_ configuration: ObjectiveConfiguration = .init()) throws(ObjectiveConfigurationError) {
        try configuration.validate()
        self.configuration = configuration
    }

    /// The counts of a batch under this configuration.
    ///
    /// Throws where the baseline is asked for but no clip has another of its video.
    public func shape(
        videos: Int, clips: Int, dimension: Int
    ) throws(ObjectiveConfigurationError) -> ObjectiveShape {
        let shape = ObjectiveShape(
            videos: videos, views: configuration.views, clips: clips, dimension: dimension,
            samples: configuration.samples)
        if configuration.nceWeight > 0 && shape.clipsOfVideo < 2 { throw .noPositiveClips }
        return shape
    }

    /// ε for a batch (paper eq. 4), [M, K, D], independent standard normal numbers.
    public static func noise(for shape: ObjectiveShape, using generator: inout SeededGenerator) -> [Float] {
        (0..<shape.noiseCount).map { _ in Float(generator.nextNormal()) }
    }

    /// All terms and gradients of a batch.
    ///
    /// - Parameters:
    ///   - mu: μ, [M, N, D], unit length.
    ///   - s: log σ², [M, N, D], within the range of its model: the head clamps it, and stops the gradient beyond.
    ///   - noise: ε, [M, K, D].
    ///   - parameters: α and b of the match probability.
    ///   - shape: the counts; see `shape(videos:clips:dimension:)`.
    /// - Throws: the first term that isn't finite.
    public func evaluate(
        mu: [Float], s: [Float], noise: [Float], parameters: MatchParameters, shape: ObjectiveShape
    ) throws(NonFiniteTerm) -> ObjectiveResult<Float> {
        let result = try evaluate(
            mu: mu.map { Double($0) }, s: s.map { Double($0) }, noise: noise.map { Double($0) },
            parameters: parameters, shape: shape)
        return ObjectiveResult(
            total: result.total, soft: result.soft, stochastic: result.stochastic, kl: result.kl,
            nce: result.nce, positivesPerAnchor: result.positivesPerAnchor, tau: result.tau,
            meanLogVariance: result.meanLogVariance, dMu: result.dMu.map { Float($0) },
            dS: result.dS.map { Float($0) }, dAlpha: result.dAlpha, dB: result.dB)
    }

    /// As above, from doubles to doubles.
    public func evaluate(
        mu: [Double], s: [Double], noise: [Double], parameters: MatchParameters, shape: ObjectiveShape
    ) throws(NonFiniteTerm) -> ObjectiveResult<Double> {
        precondition(
            shape.views == configuration.views && shape.samples == configuration.samples,
            "the shape of another configuration")

        let moments = MixtureMoments(mu: mu, s: s, shape: shape)
        let sampling = Reparameterisation(moments: moments, noise: noise, shape: shape)
        let mining = PairMining(
            moments: moments, mining: configuration.mining, lambda: configuration.lambda, shape: shape)
        let reduction = PairReduction(mining: mining, reduction: configuration.reduction)
        var pairs = SoftLoss(
            samples: sampling.samples, positive: mining.positive, parameters: parameters, shape: shape)
        let soft = try finite(reduction.forward(pairs.losses), .soft)
        let weighted = StochasticLoss(
            soft: pairs.losses, moments: moments, weighting: configuration.uncertainty, shape: shape)
        let stochastic = try finite(reduction.forward(weighted.losses), .stochastic)
        let kl = try finite(KullbackLeibler.forward(moments, shape: shape), .kl)
        let contrast = ClipContrast(mu: mu, temperature: configuration.temperature, shape: shape)
        let nce = try finite(contrast.loss, .nce)

        let nceWeight = configuration.nceWeight
        let probabilisticWeight = 1 - nceWeight
        var result = ObjectiveResult<Double>(
            total: probabilisticWeight * (stochastic + configuration.klWeight * kl) + nceWeight * nce,
            soft: soft, stochastic: stochastic, kl: kl, nce: nce,
            positivesPerAnchor: mining.positivesPerAnchor, tau: mining.tau,
            meanLogVariance: weighted.uncertainty.reduce(0, +) / Double(shape.mixtures),
            dMu: [Double](repeating: 0, count: mu.count), dS: [Double](repeating: 0, count: s.count),
            dAlpha: 0, dB: 0)

        if probabilisticWeight > 0 {
            var gradient = MomentGradient(shape: shape)
            let dWeighted = reduction.backward(probabilisticWeight)
            let dSoft = weighted.backward(dWeighted, into: &gradient)
            let dPairs = pairs.backward(dSoft)
            sampling.backward(dPairs.samples, into: &gradient)
            KullbackLeibler.backward(
                moments, scale: probabilisticWeight * configuration.klWeight, shape: shape, into: &gradient)
            (result.dMu, result.dS) = moments.backward(gradient)
            result.dAlpha = dPairs.alpha
            result.dB = dPairs.b
        }
        if nceWeight > 0 {
            let dContrast = contrast.backward(nceWeight)
            for index in 0..<mu.count { result.dMu[index] += dContrast[index] }
        }
        try checkGradient(result)
        return result
    }

    private func finite(
        _ value: Double, _ term: NonFiniteTerm.Term
    ) throws(NonFiniteTerm) -> Double {
        if value.isFinite { return value }
        throw NonFiniteTerm(term: term, value: value)
    }

    /// Every term can be finite and a slope still not be.
    private func checkGradient(_ result: ObjectiveResult<Double>) throws(NonFiniteTerm) {
        var sum = abs(result.dAlpha) + abs(result.dB)
        for value in result.dMu { sum += abs(value) }
        for value in result.dS { sum += abs(value) }
        _ = try finite(sum, .gradient)
    }
}
