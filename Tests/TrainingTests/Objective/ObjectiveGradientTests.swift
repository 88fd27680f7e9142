import Testing
import Training

/// Every backward against central differences of its forward, in double precision.
@Suite struct ObjectiveGradientTests {
    let batch = Batch()
    var moments: MixtureMoments { moments(batch.mu, batch.s) }

    func moments(_ mu: [Double], _ s: [Double]) -> MixtureMoments {
        MixtureMoments(mu: mu, s: s, shape: batch.shape)
    }

    /// Finite differences of a function of (m, v) reach it through μ and s, of which `backward` is checked
    /// by itself.
    func check(
        _ gradient: MomentGradient, _ value: (MixtureMoments) -> Double, tolerance: Double = 1e-7
    ) {
        let analytic = moments.backward(gradient)
        let dMu = centralDifferences(batch.mu) { value(moments($0, batch.s)) }
        let dS = centralDifferences(batch.s) { value(moments(batch.mu, $0)) }
        #expect(gradientError(analytic.mu, dMu) < tolerance)
        #expect(gradientError(analytic.s, dS) < tolerance)
    }

    @Test func firstTwoMoments() {
        var gradient = MomentGradient(shape: batch.shape)
        gradient.mean = direction(gradient.mean.count, seed: 2)
        gradient.variance = direction(gradient.variance.count, seed: 3)
        check(gradient) { dot($0.mean, gradient.mean) + dot($0.variance, gradient.variance) }
    }

    /// The bounds of log variances are the head's, which has them from its model; the objective has none of its own.
    @Test func noRangeOfLogVariancesIsBuiltIn() throws {
        var wide = Batch(videos: 4, views: 1, clips: 1, samples: 3)
        for (index, value) in [-14, -12, -10.5, 4.5, 6, 8].enumerated() { wide.s[index] = value }
        let configuration = ObjectiveConfiguration(views: 1, samples: 3, klWeight: 0.1)
        let analytic = try wide.evaluate(configuration).dS
        let differences = try centralDifferences(wide.s, step: 1e-4) {
            var shifted = wide
            shifted.s = $0
            return try shifted.evaluate(configuration).total
        }
        for index in 0..<6 {
            #expect(abs(analytic[index]) > 1e-4)
            #expect(relativeError(analytic[index], differences[index]) < 1e-5, "\(index)")
        }
    }

    @Test func sampling() {
        let weights = direction(batch.shape.noiseCount)
        func samples(_ moments: MixtureMoments) -> Reparameterisation {
            Reparameterisation(moments: moments, noise: batch.noise, shape: batch.shape)
        }
        var gradient = MomentGradient(shape: batch.shape)
        samples(moments).backward(weights, into: &gradient)
        check(gradient) { dot(samples($0).samples, weights) }
    }

    @Test(arguments: [-6.0, 1.2, 40.0]) func softLoss(b: Double) {
        let shape = batch.shape
        let samples = direction(shape.noiseCount, seed: 5)
        let weights = direction(shape.mixtures * shape.mixtures, seed: 6)
        var positive = [Bool](repeating: false, count: weights.count)
        for i in 0..<shape.mixtures {
            for j in 0..<shape.mixtures { positive[i * shape.mixtures + j] = (i + j) % 3 == 0 || i == j }
        }
        func loss(_ samples: [Double], _ alpha: Double, _ b: Double) -> SoftLoss {
            SoftLoss(
                samples: samples, positive: positive, parameters: MatchParameters(alpha: alpha, b: b),
                shape: shape)
        }
        var forward = loss(samples, 0.4, b)
        let analytic = forward.backward(weights)
        let dSamples = centralDifferences(samples) { dot(loss($0, 0.4, b).losses, weights) }
        let dAlpha = centralDifferences([0.4]) { dot(loss(samples, $0[0], b).losses, weights) }
        let dB = centralDifferences([b]) { dot(loss(samples, 0.4, $0[0]).losses, weights) }
        #expect(gradientError(analytic.samples, dSamples) < 1e-6)
        #expect(gradientError([analytic.alpha], dAlpha) < 1e-6)
        #expect(gradientError([analytic.b], dB) < 1e-6)
    }

    @Test(arguments: ObjectiveConfiguration.UncertaintyWeighting.allCases)
    func stochasticLoss(_ weighting: ObjectiveConfiguration.UncertaintyWeighting) {
        let shape = batch.shape
        let soft = direction(shape.mixtures * shape.mixtures, seed: 7).map { abs($0) }
        let weights = direction(soft.count, seed: 8)
        func loss(_ soft: [Double], _ moments: MixtureMoments) -> StochasticLoss {
            StochasticLoss(soft: soft, moments: moments, weighting: weighting, shape: shape)
        }
        var gradient = MomentGradient(shape: shape)
        let dSoft = loss(soft, moments).backward(weights, into: &gradient)
        check(gradient) { dot(loss(soft, $0).losses, weights) }
        let differences = centralDifferences(soft) { dot(loss($0, moments).losses, weights) }
        #expect(gradientError(dSoft, differences) < 1e-7)
    }

    /// A batch whose videos are very certain and very uncertain: both bounds of `normalised` bind, and that of
    /// `literal`, which no log variances above −10 can reach.
    @Test(arguments: [ObjectiveConfiguration.UncertaintyWeighting.literal, .normalised])
    func boundedExponents(_ weighting: ObjectiveConfiguration.UncertaintyWeighting) {
        var extreme = Batch(videos: 4, views: 1, clips: 1)
        for index in extreme.s.indices { extreme.s[index] = index < 10 ? -10.2 - 0.001 * Double(index) : 3.9 }
        let shape = extreme.shape
        let soft = direction(shape.mixtures * shape.mixtures, seed: 7).map { abs($0) }
        let weights = direction(soft.count, seed: 8)
        func loss(_ s: [Double]) -> StochasticLoss {
            StochasticLoss(
                soft: soft, moments: MixtureMoments(mu: extreme.mu, s: s, shape: shape),
                weighting: weighting, shape: shape)
        }
        var gradient = MomentGradient(shape: shape)
        _ = loss(extreme.s).backward(weights, into: &gradient)
        let analytic = MixtureMoments(mu: extreme.mu, s: extreme.s, shape: shape).backward(gradient).s
        // The bounded losses are e²⁰ times the others: what stays constant is taken away before it is summed.
        let constant = loss(extreme.s).losses
        let differences = centralDifferences(extreme.s, step: 1e-3) {
            dot(zip(loss($0).losses, constant).map { $0 - $1 }, weights)
        }
        #expect(gradientError(analytic, differences) < 1e-6)
    }

    @Test(arguments: ObjectiveConfiguration.Reduction.allCases)
    func reduction(_ reduction: ObjectiveConfiguration.Reduction) {
        let mining = PairMining(
            moments: moments, mining: .quantile(0.5), lambda: 1, shape: batch.shape)
        let pairs = PairReduction(mining: mining, reduction: reduction)
        let losses = direction(mining.positive.count)
        let differences = centralDifferences(losses) { 3 * pairs.forward($0) }
        #expect(gradientError(pairs.backward(3), differences) < 1e-8)
    }

    @Test func kullbackLeibler() {
        var gradient = MomentGradient(shape: batch.shape)
        KullbackLeibler.backward(moments, scale: 2.5, shape: batch.shape, into: &gradient)
        check(gradient) { 2.5 * KullbackLeibler.forward($0, shape: batch.shape) }
    }

    @Test(arguments: [1, 2], [1, 3]) func clipContrast(views: Int, clips: Int) {
        let batch = Batch(views: views, clips: clips)
        func contrast(_ mu: [Double]) -> ClipContrast {
            ClipContrast(mu: mu, temperature: 0.3, shape: batch.shape)
        }
        let differences = centralDifferences(batch.mu) { 1.5 * contrast($0).loss }
        #expect(gradientError(contrast(batch.mu).backward(1.5), differences) < 1e-7)
    }

    @Test(arguments: allConfigurations) func total(_ configuration: ObjectiveConfiguration) throws {
        let batch = Batch(views: configuration.views)
        let result = try batch.evaluate(configuration)
        let dMu = try centralDifferences(batch.mu) {
            var shifted = batch
            shifted.mu = $0
            return try shifted.evaluate(configuration).total
        }
        let dS = try centralDifferences(batch.s) {
            var shifted = batch
            shifted.s = $0
            return try shifted.evaluate(configuration).total
        }
        let dMatch = try centralDifferences([batch.parameters.alpha, batch.parameters.b]) {
            var shifted = batch
            shifted.parameters = MatchParameters(alpha: $0[0], b: $0[1])
            return try shifted.evaluate(configuration).total
        }
        #expect(gradientError(result.dMu, dMu) < 1e-6)
        #expect(gradientError(result.dS, dS) < 1e-6)
        #expect(gradientError([result.dAlpha, result.dB], dMatch) < 1e-6)
    }
}
