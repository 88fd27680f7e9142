import Distributions
import Glibc
import Testing
import Training

/// The values against the formulas as they are written down, and what must hold whatever the numbers.
@Suite struct ObjectiveValueTests {
    @Test(arguments: allConfigurations) func oracle(_ configuration: ObjectiveConfiguration) throws {
        for seed in 1...3 as ClosedRange<UInt64> {
            let batch = Batch(views: configuration.views, clips: 3, seed: seed)
            let result = try batch.evaluate(configuration)
            let expected = Oracle(batch: batch, configuration: configuration).evaluate()
            #expect(relativeError(result.total, expected.total) < 1e-11)
            #expect(relativeError(result.soft, expected.soft) < 1e-11)
            #expect(relativeError(result.stochastic, expected.stochastic) < 1e-11)
            #expect(relativeError(result.kl, expected.kl) < 1e-11)
            #expect(relativeError(result.nce, expected.nce) < 1e-11)
            #expect(result.positivesPerAnchor == expected.positives)
        }
    }

    /// Log variances at both ends of the usual range and beyond, in one batch: the weights' bounds bind.
    @Test(arguments: ObjectiveConfiguration.UncertaintyWeighting.allCases)
    func extremeVariances(_ weighting: ObjectiveConfiguration.UncertaintyWeighting) throws {
        let configuration = ObjectiveConfiguration(
            views: 1, samples: 3, mining: .quantile(0.3), uncertainty: weighting)
        var batch = Batch(videos: 4, views: 1, clips: 1)
        for index in batch.s.indices { batch.s[index] = index < 10 ? -10 : index < 15 ? 4 : 9 }
        let result = try batch.evaluate(configuration)
        let expected = Oracle(batch: batch, configuration: configuration).evaluate()
        #expect(relativeError(result.total, expected.total) < 1e-10)
        #expect(result.dMu.allSatisfy { $0.isFinite } && result.dS.allSatisfy { $0.isFinite })
    }

    /// Scales at which sigmoid under- and overflows: the logarithms stay right where probabilities are 0.
    @Test func farPairsKeepTheirLogarithm() throws {
        var batch = Batch(videos: 2, views: 1, clips: 1, samples: 1)
        batch.parameters = MatchParameters(alpha: 9, b: 5)
        let far = SoftLoss(
            samples: batch.noise, positive: [true, true, true, true], parameters: batch.parameters,
            shape: batch.shape)
        let squared = (0..<5).reduce(1e-12) {
            let offset = batch.noise[$1] - batch.noise[5 + $1]
            return $0 + offset * offset
        }
        let x = 5 - 8103.083_927_575_384 * squared.squareRoot()
        #expect(x < -1000)
        #expect(relativeError(far.losses[1], -x) < 1e-12)

        // And a negative pair that is all but certain: −log(1 − p) = p, which 1 − p can't hold.
        batch.parameters.alpha = 3
        let near = SoftLoss(
            samples: batch.noise, positive: [true, false, false, true], parameters: batch.parameters,
            shape: batch.shape)
        let y = 20.085_536_923_187_668 * squared.squareRoot() - 5
        #expect(y > 37)
        #expect(relativeError(near.losses[1], exp(-y)) < 1e-10)
    }

    /// Samples that all but coincide far from the origin, where ‖z‖² + ‖z'‖² − 2 z·z' has no digits left.
    @Test func closeSamplesFarFromTheOrigin() throws {
        let shape = ObjectiveShape(videos: 2, views: 1, clips: 1, dimension: 4, samples: 1)
        let samples = [1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000 + 0x1p-20]
        let loss = SoftLoss(
            samples: samples, positive: [true, true, true, true],
            parameters: MatchParameters(alpha: 13, b: 0), shape: shape)
        let q = (0x1p-40 + 1e-12).squareRoot()
        let x = -exp(13) * q
        #expect(relativeError(loss.losses[1], log(1 + exp(-x))) < 1e-9)
    }

    @Test func identicalVideos() throws {
        var batch = Batch(videos: 3)
        let head = batch.shape.clips * batch.shape.dimension
        let bank = batch.shape.samples * batch.shape.dimension
        for index in batch.mu.indices {
            batch.mu[index] = batch.mu[index % head]
            batch.s[index] = batch.s[index % head]
        }
        for index in batch.noise.indices { batch.noise[index] = batch.noise[index % bank] }
        let configuration = ObjectiveConfiguration(samples: 3, mining: .quantile(0.5))
        let result = try batch.evaluate(configuration)
        // No distance is below another that equals it.
        #expect(result.tau == 0 && result.positivesPerAnchor == 1)
        let expected = Oracle(batch: batch, configuration: configuration).evaluate()
        #expect(relativeError(result.total, expected.total) < 1e-11)
        #expect(result.dMu.allSatisfy { $0.isFinite } && result.dS.allSatisfy { $0.isFinite })
    }

    @Test(arguments: [1, 2], [ObjectiveConfiguration.Mining.off, .threshold(2), .quantile(0.5)])
    func oneVideo(views: Int, mining: ObjectiveConfiguration.Mining) throws {
        let configuration = ObjectiveConfiguration(views: views, samples: 3, mining: mining)
        let batch = Batch(videos: 1, views: views)
        let result = try batch.evaluate(configuration)
        let expected = Oracle(batch: batch, configuration: configuration).evaluate()
        #expect(relativeError(result.total, expected.total) < 1e-11)
        #expect(result.tau == nil && result.positivesPerAnchor == Double(views - 1))
    }

    @Test func oneClip() throws {
        let configuration = ObjectiveConfiguration(samples: 3, nceWeight: 0.5)
        let batch = Batch(clips: 1)
        let result = try batch.evaluate(configuration)
        let expected = Oracle(batch: batch, configuration: configuration).evaluate()
        #expect(relativeError(result.total, expected.total) < 1e-11)
    }

    @Test func oneClipOfOneViewHasNothingToContrast() throws {
        let batch = Batch(views: 1, clips: 1)
        let result = try batch.evaluate(ObjectiveConfiguration(views: 1, samples: 3))
        #expect(result.nce == 0)
        let baseline = try Objective(ObjectiveConfiguration(views: 1, nceWeight: 1))
        #expect(throws: ObjectiveConfigurationError.noPositiveClips) {
            try baseline.shape(videos: 3, clips: 1, dimension: 5)
        }
    }

    @Test(arguments: allConfigurations) func videosHaveNoOrder(
        _ configuration: ObjectiveConfiguration
    ) throws {
        let batch = Batch(videos: 4, views: configuration.views)
        let order = [2, 0, 3, 1]
        let other = batch.permuted(order)
        let result = try batch.evaluate(configuration)
        let permuted = try other.evaluate(configuration)
        #expect(relativeError(result.total, permuted.total) < 1e-12)
        #expect(result.tau == permuted.tau)
        var gradients = batch
        gradients.mu = result.dMu
        gradients.s = result.dS
        let expected = gradients.permuted(order)
        #expect(gradientError(permuted.dMu, expected.mu) < 1e-10)
        #expect(gradientError(permuted.dS, expected.s) < 1e-10)
    }

    @Test(arguments: [
        ObjectiveConfiguration.Mining.off, .threshold(0), .threshold(1e9), .quantile(0), .quantile(0.999),
    ])
    func ownVideoIsAlwaysPositive(_ mining: ObjectiveConfiguration.Mining) {
        let batch = Batch(videos: 4)
        let count = batch.shape.mixtures
        let pairs = PairMining(
            moments: MixtureMoments(mu: batch.mu, s: batch.s, shape: batch.shape), mining: mining, lambda: 1,
            shape: batch.shape)
        for i in 0..<count {
            for j in 0..<count {
                #expect(pairs.positive[i * count + j] == pairs.positive[j * count + i])
                if i % 4 == j % 4 { #expect(pairs.positive[i * count + j]) }
            }
        }
        switch mining {
        case .threshold(1e9): #expect(pairs.positivesPerAnchor == Double(count - 1))
        // All but the farthest ordered pairs, of which symmetry makes two.
        case .quantile(0.999): #expect(pairs.positivePairs == count * count - 2)
        default: #expect(pairs.positivesPerAnchor == 1)
        }
    }

    @Test func minesByTheBhattacharyyaDistance() {
        let batch = Batch(dimension: 40, logVariance: -10...4)
        let moments = MixtureMoments(mu: batch.mu, s: batch.s, shape: batch.shape)
        func rounded(_ i: Int) -> Moments {
            Moments(
                mean: moments.mean[i * 40..<(i + 1) * 40].map { Float($0) },
                variance: moments.variance[i * 40..<(i + 1) * 40].map { Float($0) })
        }
        for i in 0..<6 {
            for j in 0..<6 {
                let distance = PairMining.distance(moments, i, j, 40, 0.8)
                let expected = Bhattacharyya.closedForm(rounded(i), rounded(j), lambda: 0.8)
                #expect(i == j ? distance == 0 : relativeError(distance, expected) < 1e-6)
            }
        }
    }

    /// The normalised weights don't see a common factor of all variances; the literal ones do.
    @Test func normalisedWeightsIgnoreTheLevel() {
        let batch = Batch(clips: 1)
        func losses(_ weighting: ObjectiveConfiguration.UncertaintyWeighting, shift: Double) -> [Double] {
            StochasticLoss(
                soft: direction(36).map { abs($0) },
                moments: MixtureMoments(mu: batch.mu, s: batch.s.map { $0 + shift }, shape: batch.shape),
                weighting: weighting, shape: batch.shape
            ).losses
        }
        #expect(gradientError(losses(.normalised, shift: 0), losses(.normalised, shift: 2)) < 1e-13)
        #expect(gradientError(losses(.literal, shift: 0), losses(.literal, shift: 2)) > 0.1)
    }

    @Test func floatsAgreeWithDoubles() throws {
        let batch = Batch()
        let mu = batch.mu.map { Float($0) }
        let s = batch.s.map { Float($0) }
        let noise = batch.noise.map { Float($0) }
        let objective = try Objective(ObjectiveConfiguration(samples: 3, nceWeight: 0.5))
        let single = try objective.evaluate(
            mu: mu, s: s, noise: noise, parameters: batch.parameters, shape: batch.shape)
        let double = try objective.evaluate(
            mu: mu.map { Double($0) }, s: s.map { Double($0) }, noise: noise.map { Double($0) },
            parameters: batch.parameters, shape: batch.shape)
        #expect(single.total == double.total)
        #expect(single.dMu == double.dMu.map { Float($0) } && single.dS == double.dS.map { Float($0) })
    }

    @Test func noiseIsSeeded() throws {
        let shape = Batch().shape
        var first = SeededGenerator(seed: 4)
        var second = SeededGenerator(seed: 4)
        let noise = Objective.noise(for: shape, using: &first)
        #expect(noise.count == shape.noiseCount)
        #expect(noise == Objective.noise(for: shape, using: &second))
        #expect(noise != Objective.noise(for: shape, using: &first))
    }

    @Test func nonFiniteTermsAreNamed() throws {
        let configuration = ObjectiveConfiguration(samples: 3)
        func term(_ change: (inout Batch) -> Void) -> NonFiniteTerm.Term? {
            var batch = Batch()
            change(&batch)
            do {
                _ = try batch.evaluate(configuration)
            } catch let error as NonFiniteTerm {
                return error.term
            } catch {}
            return nil
        }
        #expect(term { _ in } == nil)
        #expect(term { $0.mu[3] = .nan } == .soft)
        #expect(term { $0.mu[3] = .infinity } == .soft)
        #expect(term { $0.s[3] = .nan } == .soft)
        #expect(term { $0.noise[3] = .infinity } == .soft)
        #expect(term { $0.parameters.alpha = 1000 } == .soft)
        #expect(term { $0.parameters.b = .nan } == .soft)
        // Far, but finite, points: their squares are not.
        #expect(term { for i in 0..<$0.mu.count { $0.mu[i] *= 1e155 } } != nil)
    }
}
