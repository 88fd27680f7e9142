import Distributions
import Testing

@Suite struct SamplingTests {
    @Test(arguments: [2, 4, 8, 64])
    func matchedNoiseHasTheMomentsOfTheNormal(count: Int) {
        let noise = NoiseBank(mode: .matched, sampleCount: count, dimension: 256, fingerprint: "c0ffee")
        #expect(noise.mean().allSatisfy { $0 == 0 })
        // Exactly 1, but for the rounding of the scale and of K squares.
        #expect(noise.variance().allSatisfy { abs($0 - 1) < 1e-14 })
    }

    @Test func matchedNoiseIsAntithetic() {
        let noise = NoiseBank(mode: .matched, sampleCount: 6, dimension: 5, fingerprint: "1")
        for i in 0..<15 { #expect(noise.values[i] == -noise.values[15 + i]) }
    }

    @Test(arguments: SamplingMode.allCases)
    func fingerprintsSeed(mode: SamplingMode) {
        func bank(_ fingerprint: String) -> NoiseBank {
            NoiseBank(mode: mode, sampleCount: 4, dimension: 8, fingerprint: fingerprint)
        }
        #expect(bank("00ff") == bank("00ff"))
        #expect(bank("00ff").values != bank("00fe").values)
    }

    @Test func independentNoiseIsNormal() {
        let noise = NoiseBank(mode: .iid, sampleCount: 50_000, dimension: 2, fingerprint: "ab")
        let count = 100_000.0
        let mean = noise.values.reduce(0, +) / count
        let square = noise.values.reduce(0) { $0 + $1 * $1 } / count
        let fourth = noise.values.reduce(0) { $0 + $1 * $1 * $1 * $1 } / count
        // 5 standard errors: of the mean 1/√n, of the square √(2/n), of the fourth power √(96/n).
        #expect(abs(mean) < 5 / count.squareRoot())
        #expect(abs(square - 1) < 5 * (2 / count).squareRoot())
        #expect(abs(fourth - 3) < 5 * (96 / count).squareRoot())
    }

    @Test func sampledVideoHoldsTheMomentsOfItsSamples() {
        let moments = randomMoments(dimension: 12, seed: 8)
        let noise = NoiseBank(mode: .iid, sampleCount: 7, dimension: 12, fingerprint: "77")
        let samples = noise.samples(of: moments)
        let video = SampledVideo(moments: moments, noise: noise)
        for d in 0..<12 {
            let column = (0..<7).map { samples[$0 * 12 + d] }
            let mean = column.reduce(0, +) / 7
            let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 7
            #expect(difference(video.sampleMean[d], mean) < 1e-14)
            #expect(difference(video.sampleVariance[d], variance) < 1e-13)
        }
    }
}

@Suite struct SeededGeneratorTests {
    /// SplitMix64 and xoshiro256** as computed by an independent implementation of the published code.
    @Test func matchesThePublishedAlgorithm() {
        var generator = SeededGenerator(seed: 42)
        let first = (0..<4).map { _ in generator.next() }
        #expect(
            first == [
                0x1578_0B2E_0C2E_C716,
                0x6104_D986_6D11_3A7E,
                0xAE17_5332_39E4_99A1,
                0xECB8_AD47_03B3_60A1,
            ])
    }

    @Test func textSeedsByFNV1a() {
        // FNV-1a of the empty text is its offset basis; of "a", af63dc4c8601ec8c.
        var empty = SeededGenerator(seed: "")
        var emptyByNumber = SeededGenerator(seed: 0xCBF2_9CE4_8422_2325)
        #expect(empty.next() == emptyByNumber.next())
        var letter = SeededGenerator(seed: "a")
        var letterByNumber = SeededGenerator(seed: 0xAF63_DC4C_8601_EC8C)
        #expect(letter.next() == letterByNumber.next())
    }

    /// The normal quantile function, computed with 50 digits and rounded: every branch and its mirror.
    @Test(arguments: [
        (0.5, 0.0),
        (0.6, 0.2533471031357997),
        (0.25, -0.6744897501960817),
        (0.95, 1.6448536269514722),
        (0.05, -1.6448536269514726),
        (0.999, 3.090232306167813),
        (0.001, -3.0902323061678136),
        (1e-09, -5.9978070150076865),
        (1e-12, -7.034483825301132),
        (1e-16, -8.222082216130435),
    ])
    func inverseNormalIsTheQuantileFunction(probability: Double, quantile: Double) {
        #expect(difference(inverseNormal(probability), quantile) < 1e-15)
    }

    @Test func uniformsLieInside() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<10_000 {
            let uniform = generator.nextUniform()
            #expect(uniform > 0 && uniform < 1 && uniform != 0.5)
        }
    }
}

extension NoiseBank {
    /// z^(k) = μ_V + σ_V ⊙ ε^(k) (paper eq. 4), K × dimension, row-major.
    fileprivate func samples(of moments: Moments) -> [Double] {
        precondition(moments.dimension == dimension, "noise and moments differ in width")
        var samples = values
        for d in 0..<dimension {
            let mean = Double(moments.mean[d])
            let deviation = Double(moments.variance[d]).squareRoot()
            for k in 0..<sampleCount {
                samples[k * dimension + d] = mean + deviation * values[k * dimension + d]
            }
        }
        return samples
    }
}
