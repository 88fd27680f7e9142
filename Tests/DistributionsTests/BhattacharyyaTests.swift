import Distributions
import Glibc
import Testing

@Suite struct BhattacharyyaTests {
    /// 1e-12 of the larger of the value and 1: rounding of some thousand double-precision additions.
    static let tolerance = 1e-12

    @Test(arguments: [1, 2, 7, 64, 256], [0.0, 0.5, 1, 3])
    func everyFormAgreesWithTheLiteralLoop(dimension: Int, lambda: Double) {
        for (mode, count) in [(SamplingMode.matched, 8), (.iid, 8), (.iid, 5), (.matched, 2), (.iid, 1)] {
            let a = randomMoments(dimension: dimension, seed: 1)
            let b = randomMoments(dimension: dimension, seed: 2)
            let noiseA = NoiseBank(
                mode: mode, sampleCount: count, dimension: dimension, fingerprint: "aa01")
            let noiseB = NoiseBank(
                mode: mode, sampleCount: count, dimension: dimension, fingerprint: "bb02")
            let literal = Literal.average(a, noiseA, b, noiseB, lambda: lambda)

            let factored = Bhattacharyya.factored(
                SampledVideo(moments: a, noise: noiseA), SampledVideo(moments: b, noise: noiseB),
                lambda: lambda)
            #expect(difference(factored, literal) < Self.tolerance)

            let closed = Bhattacharyya.closedForm(a, b, lambda: lambda)
            #expect(difference(closed, Literal.closedForm(a, b, lambda: lambda)) < Self.tolerance)
            if mode == .matched {
                let constant = lambda * Double(dimension) / 4
                #expect(difference(closed + constant, literal) < Self.tolerance)
            }
        }
    }

    @Test func independentNoiseVariesAboutTheClosedForm() {
        // E[ε̄²] + E[s] = 1 for any K, so the estimator's expectation is the closed form + λD/4. Over 400
        // draws its mean comes within 4 standard errors, and single draws do differ.
        let a = randomMoments(dimension: 16, seed: 3, logVariance: -4...0)
        let b = randomMoments(dimension: 16, seed: 4, logVariance: -4...0)
        func video(_ moments: Moments, _ fingerprint: String) -> SampledVideo {
            SampledVideo(
                moments: moments,
                noise: NoiseBank(mode: .iid, sampleCount: 8, dimension: 16, fingerprint: fingerprint))
        }
        let draws = (0..<400).map { Bhattacharyya.factored(video(a, "a\($0)"), video(b, "b\($0)")) }
        let mean = draws.reduce(0, +) / 400
        let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 399
        #expect(variance > 0.01)
        #expect(abs(mean - (Bhattacharyya.closedForm(a, b) + 4)) < 4 * (variance / 400).squareRoot())
    }

    @Test func distanceIsSymmetricToTheBit() {
        let noise = ["a", "b"].map {
            NoiseBank(mode: .iid, sampleCount: 4, dimension: 33, fingerprint: $0)
        }
        for seed in 0..<50 {
            let a = randomMoments(dimension: 33, seed: UInt64(2 * seed))
            let b = randomMoments(dimension: 33, seed: UInt64(2 * seed + 1))
            #expect(
                Bhattacharyya.closedForm(a, b, lambda: 0.7) == Bhattacharyya.closedForm(b, a, lambda: 0.7))
            let videoA = SampledVideo(moments: a, noise: noise[0])
            let videoB = SampledVideo(moments: b, noise: noise[1])
            #expect(Bhattacharyya.factored(videoA, videoB) == Bhattacharyya.factored(videoB, videoA))
        }
    }

    @Test func aVideoIsItsOwnNearest() {
        let videos = (0..<60).map { randomMoments(dimension: 40, seed: UInt64($0)) }
        for i in videos.indices {
            for j in videos.indices {
                let distance = Bhattacharyya.closedForm(videos[i], videos[j])
                #expect(i == j ? distance == 0 : distance > 0)
            }
        }
    }

    @Test func theSmallestDifferenceHasAPositiveDistance() {
        let a = randomMoments(dimension: 8, seed: 1)
        var b = a
        b.variance[3] = b.variance[3].nextUp
        let distance = Bhattacharyya.closedForm(a, b)
        // log(1 + x) → x = δ²/4 for a relative step δ, times ¼.
        let step = Double(b.variance[3] - a.variance[3]) / Double(a.variance[3])
        #expect(distance > 0)
        #expect(abs(distance / (step * step / 16) - 1) < 1e-6)
    }

    @Test(arguments: [(-10.0, -10.0), (-10, 4), (4, -10), (4, 4)])
    func extremesOfLogVariance(a: Double, b: Double) {
        let width = 300
        let varianceA = [Float](repeating: Float(exp(a)), count: width)
        let varianceB = [Float](repeating: Float(exp(b)), count: width)
        let first: [Float] = (0..<width).map { $0 == 0 ? 1 : 0 }
        let second: [Float] = (0..<width).map { $0 == 1 ? 1 : 0 }
        for otherMean in [second, first] {
            let x = Moments(mean: first, variance: varianceA)
            let y = Moments(mean: otherMean, variance: varianceB)
            let expected = Literal.closedForm(x, y, lambda: 1)
            #expect(difference(Bhattacharyya.closedForm(x, y), expected) < Self.tolerance)
        }
    }

    @Test func thousandsOfExtremeDimensionsStayFinite() {
        let width = 20_000
        let zeros = [Float](repeating: 0, count: width)
        let a = Moments(mean: zeros, variance: [Float](repeating: 1e-38, count: width))
        let b = Moments(mean: zeros, variance: [Float](repeating: 1e38, count: width))
        let expected = Literal.closedForm(a, b, lambda: 1)
        #expect(expected.isFinite)
        #expect(abs(Bhattacharyya.closedForm(a, b) / expected - 1) < Self.tolerance)
    }

    @Test(arguments: [Float.nan, .infinity, 0, -1])
    func momentsThatAreNoDistributionGiveNoNumber(variance: Float) {
        let good = Moments(mean: [0, 0], variance: [1, 1])
        let bad = Moments(mean: [0, 0], variance: [1, variance])
        #expect(!Bhattacharyya.closedForm(good, bad).isFinite)
        #expect(!Bhattacharyya.closedForm(bad, bad).isFinite)
    }
}
