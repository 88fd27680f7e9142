import Distributions
import Glibc
import Testing

@Suite struct MomentsTests {
    private func mixture(components: Int, dimension: Int, seed: UInt64) -> GaussianMixture {
        var generator = SeededGenerator(seed: seed)
        return GaussianMixture(
            components: (0..<components).map { _ in
                Gaussian(
                    mean: (0..<dimension).map { _ in Float(generator.nextNormal()) },
                    logVariance: (0..<dimension).map { _ in Float(14 * generator.nextUniform() - 10) })
            })
    }

    @Test(arguments: [1, 2, 7, 500])
    func momentsAreThoseOfTheMixture(components: Int) {
        let mixture = mixture(components: components, dimension: 9, seed: 5)
        let moments = mixture.moments()
        for d in 0..<9 {
            // The other textbook form, E[x²] − E[x]², in double precision.
            var first = 0.0
            var second = 0.0
            for component in mixture.components {
                let mean = Double(component.mean[d])
                first += mean / Double(components)
                second += (exp(Double(component.logVariance[d])) + mean * mean) / Double(components)
            }
            // One rounding to float32 is 6e-8.
            #expect(difference(Double(moments.mean[d]), first) < 1e-7)
            #expect(difference(Double(moments.variance[d]), second - first * first) < 1e-7)
        }
    }

    @Test func oneComponentIsItsOwnMoments() {
        let gaussian = Gaussian(mean: [0.5, -0.25], logVariance: [-10, 4])
        let moments = GaussianMixture(components: [gaussian]).moments()
        #expect(moments.mean == gaussian.mean)
        #expect(moments.variance == [Float(exp(-10.0)), Float(exp(4.0))])
        #expect(abs(moments.uncertainty - -3) < 1e-6)
        #expect(abs(moments.logDeterminant - -6) < 1e-6)
    }

    @Test func manyEqualComponentsDoNotDrift() {
        let gaussian = Gaussian(mean: [0.1, 1e-3], logVariance: [-7, -10])
        let moments = GaussianMixture(components: Array(repeating: gaussian, count: 20_000)).moments()
        #expect(moments == GaussianMixture(components: [gaussian]).moments())
    }

    @Test func varianceStaysPositiveWhereMeansAreLarge() {
        let far = Gaussian(mean: [1e6], logVariance: [-10])
        let moments = GaussianMixture(components: [far, far, far]).moments()
        #expect(moments.variance[0] == Float(exp(-10.0)))
    }
}
