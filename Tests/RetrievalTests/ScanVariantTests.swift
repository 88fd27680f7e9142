import Distributions
import Glibc
import Retrieval
import Testing

/// The C scan, in each instruction set that this processor has, against the printed formula in double precision.
@Suite struct ScanVariantTests {
    static let variants = ScanVariant.allCases.filter(\.isSupported)
    static let dimensions = [1, 2, 3, 15, 16, 17, 63, 64, 65, 127, 255, 256, 257, 300, 1024]

    /// 1e-6 of a distance, above a floor for distances near 0: the scan subtracts Σ log σ², which float32 holds
    /// to 6e-8 of its size (up to 2,560 at 256 dimensions), so near 0 the error is absolute.
    static func tolerance(_ distance: Double, dimension: Int) -> Double {
        max(1e-6 * distance, 3e-7 * Double(dimension))
    }

    @Test(arguments: variants, dimensions)
    func agreesWithTheLiteralFormula(variant: ScanVariant, dimension: Int) {
        let library = Library(
            randomMoments(70, dimension: dimension, seed: UInt64(dimension)), dimension: dimension)
        for lambda in [0, 0.3, 1, 10] {
            let query = library.moments[3]
            let scan = MomentsScan(query: query, lambda: lambda, variant: variant)
            let exact = library.literalDistances(to: query, lambda: lambda)
            for (scanned, exact) in zip(scan.approximateDistances(to: library.rows), exact) {
                #expect(abs(Double(scanned) - exact) <= Self.tolerance(exact, dimension: dimension))
                #expect(scanned >= 0)
            }
        }
    }

    /// Videos as they come, far from each other: here the error is relative.
    @Test(arguments: variants)
    func errorIsBelowAMillionth(variant: ScanVariant) {
        let library = Library(
            randomMoments(500, dimension: 256, seed: 77, logVariance: -8 ... -4), dimension: 256)
        let query = randomMoments(1, dimension: 256, seed: 78, logVariance: -8 ... -4)[0]
        let scan = MomentsScan(query: query, variant: variant)
        let exact = library.literalDistances(to: query)
        for (scanned, exact) in zip(scan.approximateDistances(to: library.rows), exact) {
            #expect(abs(Double(scanned) / exact - 1) < 1e-6)
        }
    }

    @Test(arguments: dimensions)
    func everyVariantGivesTheSameBits(dimension: Int) {
        let library = Library(randomMoments(50, dimension: dimension, seed: 9), dimension: dimension)
        let query = randomMoments(1, dimension: dimension, seed: 10)[0]
        let portable = MomentsScan(query: query, variant: .portable).approximateDistances(to: library.rows)
        for variant in Self.variants {
            let other = MomentsScan(query: query, variant: variant).approximateDistances(to: library.rows)
            #expect(other.map(\.bitPattern) == portable.map(\.bitPattern))
        }
    }

    /// The bound that the selection of candidates relies on, over the extremes that the encoder can give.
    @Test(arguments: variants, [1, 17, 256, 300])
    func errorStaysWithinItsBound(variant: ScanVariant, dimension: Int) {
        var moments = randomMoments(100, dimension: dimension, seed: 4)
        for (low, high) in [(-10.0, -10.0), (4, 4), (-10, 4)] {
            for _ in 0..<3 {
                moments.append(
                    Moments(
                        mean: moments[0].mean,
                        variance: (0..<dimension).map { Float(exp($0 % 2 == 0 ? low : high)) }))
            }
        }
        // The mixture's spread adds up to 4 to a variance; and means at opposite poles.
        moments.append(
            Moments(
                mean: (0..<dimension).map { $0 == 0 ? -1 : 0 },
                variance: [Float](repeating: Float(exp(4.0) + 4), count: dimension)))
        let library = Library(moments, dimension: dimension)
        let largest = moments.map { abs($0.logDeterminant) }.max() ?? 0
        for query in [moments[0], moments[100], moments[103], moments[106], moments[109]] {
            let scan = MomentsScan(query: query, variant: variant)
            for (row, scanned) in scan.approximateDistances(to: library.rows).enumerated() {
                let exact = Bhattacharyya.closedForm(query, moments[row])
                #expect(
                    abs(Double(scanned) - exact)
                        <= scan.errorBound(at: exact, largestLogDeterminant: largest))
            }
        }
    }

    @Test(arguments: variants)
    func selfDistanceIsNearNought(variant: ScanVariant) {
        for logVariance in [-10 ... -10, -7 ... -7, 4...4, -10...4] as [ClosedRange<Double>] {
            let library = Library(
                randomMoments(50, dimension: 256, seed: 3, logVariance: logVariance), dimension: 256)
            for row in 0..<50 {
                let scan = MomentsScan(query: library.moments[row], variant: variant)
                let distance = scan.approximateDistances(to: library.rows)[row]
                #expect(distance >= 0 && distance <= 1e-4)
            }
        }
    }

    /// What holds no distribution, or leaves float32's range, must not come out as a number that ranks.
    @Test(arguments: variants, [Float.nan, .infinity, -1, 0, 1e38])
    func unusableVariancesGiveNoNumber(variant: ScanVariant, value: Float) {
        for dimension in [1, 16, 64, 100, 256] {
            var moments = randomMoments(1, dimension: dimension, seed: 1)
            moments[0].variance = (0..<dimension).map { $0 % 2 == 0 ? value : moments[0].variance[$0] }
            let library = Library(moments, dimension: dimension)
            let query = randomMoments(1, dimension: dimension, seed: 2)[0]
            let distance = MomentsScan(query: query, variant: variant)
                .approximateDistances(to: library.rows)[0]
            let exact = Bhattacharyya.closedForm(query, moments[0])
            if distance.isFinite {
                #expect(abs(Double(distance) - exact) <= 1e-5 * exact)
            }
        }
    }
}
