import Benchmarks
import Distributions
import Glibc
import Indexing
import Retrieval
import Testing

/// Ruling rows out by their codes must not change a bit of any ranking.
@Suite struct CoarseCodeTests {
    static let variants = ScanVariant.allCases.filter(\.isSupported)

    /// Rows as of real libraries, some of them copies and some almost, with codes and without.
    struct Pair {
        let coded: SyntheticMoments
        let plain: SyntheticMoments

        init(_ count: Int, dimension: Int, spread: SyntheticVideos.Spread = .library, seed: UInt64 = 5) {
            coded = SyntheticMoments(
                count: count, dimension: dimension, spread: spread, seed: seed, hasCodes: true)
            plain = SyntheticMoments(
                count: count, dimension: dimension, spread: spread, seed: seed, hasCodes: false)
        }
    }

    static let pair = Pair(6_000, dimension: 67)
    /// Wide enough for rows to be given up half way.
    static let wide = Pair(6_000, dimension: 256)

    @Test(arguments: variants, [1, 2, 3])
    func rankingsAreThoseOfAFullSort(variant: ScanVariant, threads: Int) throws {
        try expectFullSort(Self.pair.coded.rows, variant, threads: threads)
        try expectFullSort(Self.wide.coded.rows, variant, threads: threads)
    }

    private func expectFullSort(_ rows: MomentsRows, _ variant: ScanVariant, threads: Int) throws {
        for (lambda, number) in [(0, 0), (0.4, 511), (1, 3_000), (1, 5_999), (50, 7)] {
            let query = rows.moments(number)
            let sorted = (0..<rows.count)
                .map {
                    ScoredRow(
                        row: $0,
                        distance: Bhattacharyya.closedForm(
                            query, mean: rows.mean($0), variance: rows.variance($0), lambda: lambda))
                }
                .sorted { ($0.distance, $0.row) < ($1.distance, $1.row) }
            let scan = MomentsScan(query: query, lambda: lambda, variant: variant, threads: threads)
            for limit in [1, 20, 300] {
                #expect(try scan.nearest(in: rows, limit: limit) == Array(sorted.prefix(limit)))
            }
            let maximum = sorted[33].distance
            let near = try scan.nearest(in: rows, limit: 300, maximumDistance: maximum)
            #expect(near == Array(sorted.prefix(34)))
        }
    }

    /// All rows about equally far: the codes rule out little or nothing, and the scan goes on without them.
    @Test(arguments: variants)
    func independentDimensionsRankAlike(variant: ScanVariant) throws {
        let pair = Pair(5_000, dimension: 128, spread: .independent)
        for number in [7, 4_321] {
            let scan = MomentsScan(query: pair.plain.rows.moments(number), variant: variant, threads: 2)
            #expect(
                try scan.nearest(in: pair.coded.rows, limit: 25)
                    == scan.nearest(in: pair.plain.rows, limit: 25))
        }
    }

    /// From the width at which a row's sum of bytes could leave 16 bits, entries are smaller.
    @Test(arguments: variants, [2_056, 2_057, 4_096])
    func wideRowsRankAlike(variant: ScanVariant, dimension: Int) throws {
        let pair = Pair(600, dimension: dimension)
        // From afar every entry is as large as it gets.
        for shift in [Float(0), 100] {
            var query = pair.plain.rows.moments(300)
            query.mean = query.mean.map { $0 + shift }
            let scan = MomentsScan(query: query, variant: variant)
            #expect(
                try scan.nearest(in: pair.coded.rows, limit: 9) == scan.nearest(in: pair.plain.rows, limit: 9)
            )
        }
    }

    /// A query from outside, farther from every row than the rows from each other, and one with huge moments.
    @Test(arguments: variants)
    func strangeQueriesRankAlike(variant: ScanVariant) throws {
        let (coded, plain) = (Self.pair.coded.rows, Self.pair.plain.rows)
        for (shift, scale) in [(Float(3), Float(1)), (0, 1e-6), (0, 1e6), (1e15, 1), (0, 1e25)] {
            var query = plain.moments(9)
            query.mean = query.mean.map { $0 + shift }
            query.variance = query.variance.map { $0 * scale }
            let scan = MomentsScan(query: query, variant: variant)
            #expect(try scan.nearest(in: coded, limit: 12) == scan.nearest(in: plain, limit: 12))
        }
    }

    /// Of 74 queries 64 want anything, which share a reading of the codes; of 75 one more.
    @Test(arguments: variants, [1, 2, 17, 74, 75, 100])
    func aBatchGivesWhatItsQueriesGiveAlone(variant: ScanVariant, count: Int) throws {
        for rows in [Self.pair.coded.rows, Self.pair.plain.rows, Self.wide.coded.rows] {
            let goals = (0..<count).map { i in
                RankingGoal(
                    ScanQuery(rows.moments(i * 59), lambda: i % 5 == 4 ? 0.3 : 1, variant: variant),
                    limit: i % 7 == 6 ? 0 : 1 + i % 30, maximumDistance: i % 3 == 2 ? 40 : .infinity,
                    isExcluded: { i % 2 == 1 && $0 == i * 59 })
            }
            for threads in [1, 2] {
                let together = try BatchScan(goals, threads: threads).nearest(in: rows)
                #expect(together.count == count)
                for (goal, ranking) in zip(goals, together) {
                    #expect(try BatchScan([goal], threads: 1).nearest(in: rows) == [ranking])
                }
            }
        }
    }

    @Test(arguments: variants)
    func rowsPickedOutHaveTheBitsOfTheScan(variant: ScanVariant) {
        let rows = Self.pair.plain.rows
        let scan = MomentsScan(query: rows.moments(3), variant: variant)
        let all = scan.approximateDistances(to: rows)
        let chosen: [UInt32] = [0, 5_999, 17, 17, 4_000, 1]
        let picked = scan.approximateDistances(to: rows, chosen: chosen)
        #expect(picked.map(\.bitPattern) == chosen.map { all[Int($0)].bitPattern })
    }

    /// Rows that are no distributions are met although codes can't say where they are, and although what stands before
    /// shows a row to be too far away.
    @Test(arguments: [Float.nan, -1, 0, .infinity], [20, 256])
    func aRowThatIsNoDistributionIsFound(value: Float, dimension: Int) throws {
        let moments = randomMoments(5_000, dimension: dimension, seed: 41)
        for isMean in [false, true] where !isMean || !value.isFinite {
            var damaged = moments
            if isMean {
                damaged[4_711].mean[dimension - 3] = value
            } else {
                damaged[4_711].variance[dimension - 3] = value
            }
            let library = Library(damaged, dimension: dimension, hasCodes: true)
            for threads in [1, 2] {
                #expect(throws: ScanFailure.notFinite(row: 4_711)) {
                    try MomentsScan(query: moments[0], threads: threads).nearest(in: library.rows, limit: 1)
                }
            }
        }
    }

    /// Where four sums of variances multiply to a denormal, float32 may say that a row is farther than it is: no reason
    /// to give it up.
    @Test(arguments: variants)
    func rowsWithTheSmallestVariancesRankAlike(variant: ScanVariant) throws {
        let dimension = 256
        var generator = SeededGenerator(seed: 3)
        let moments = (0..<5_000).map { row in
            // From 0 to 40,000 away, in steps of 8, in all but the last dimensions; near ones among far ones.
            let offset = Float((Double(row * 2_003 % 5_000) * 8 * 4 / 192 * 2 * 3.3e-12).squareRoot())
            return Moments(
                mean: (0..<dimension).map { d in
                    let isAbove = generator.nextUniform() < 0.5
                    return d >= 192 ? 0 : isAbove ? offset : -offset
                },
                variance: Array(repeating: 3.3e-12, count: dimension))
        }
        let coded = Library(moments, dimension: dimension, hasCodes: true)
        let scan = MomentsScan(query: moments[0], variant: variant)
        let near = try scan.nearest(in: coded.rows, limit: 300, maximumDistance: 2_000)
        #expect(near == Array(coded.sorted(by: moments[0]).prefix { $0.distance <= 2_000 }))
        #expect(near.count > 200 && near.count < 300)
    }

    /// What the first pass promises: no row's bound lies above its distance. Held against the codes themselves.
    @Test(arguments: [0, 0.2, 1, 30])
    func boundsLieBelowDistances(lambda: Double) throws {
        let rows = Self.pair.coded.rows
        let codes = try #require(rows.codes)
        for number in [0, 77, 5_000] {
            var query = rows.moments(number)
            if number == 77 { query.mean = query.mean.map { $0 + 0.3 } }
            let bounds = CellBounds(ScanQuery(query, lambda: lambda), codes).values
            #expect(bounds.allSatisfy { $0 >= 0 && $0.isFinite })
            var closeness = 0.0
            for row in 0..<rows.count {
                var bound = 0.0
                let group = codes.codes + row / 512 * 512 * rows.dimension + row % 512
                for d in 0..<rows.dimension { bound += Double(bounds[d * 128 + Int(group[d * 512])]) }
                let exact = Bhattacharyya.closedForm(
                    query, mean: rows.mean(row), variance: rows.variance(row), lambda: lambda)
                #expect(bound <= exact)
                if exact > 0 { closeness += bound / exact / Double(rows.count) }
            }
            // Bounds of 0 would be right too, and useless.
            #expect(closeness > 0.3)
        }
    }

    /// Each cell's bound is the least that the formula gives anywhere in the cell, looked for point by point.
    @Test(arguments: [0, 0.2, 1, 30])
    func aCellsBoundIsItsLeastDistance(lambda: Double) throws {
        let rows = Self.pair.coded.rows
        let codes = try #require(rows.codes)
        for number in [0, 1_000, 2_000] {
            let query = rows.moments(number)
            let bounds = CellBounds(ScanQuery(query, lambda: lambda), codes).values
            for d in [0, 13, 66] {
                let (a, mean) = (Double(query.variance[d]), Double(query.mean[d]))
                for cell in 0..<128 {
                    let (m, v) = (cell % 16, cell / 16)
                    var nearest = mean
                    if m > 0 { nearest = max(nearest, Double(codes.means[d * 16 + m - 1])) }
                    if m < 15 { nearest = min(nearest, Double(codes.means[d * 16 + m])) }
                    let high = Double(codes.variances[d * 8 + v])
                    let low = v > 0 ? Double(codes.variances[d * 8 + v - 1]) : high * 1e-6
                    var least = Double.infinity
                    for step in 0...2_000 {
                        let b = min(max(low * exp(log(high / low) * Double(step) / 2_000), low), high)
                        let offset = nearest - mean
                        let term =
                            0.25
                            * (log1p((a - b) * (a - b) / (4 * a * b)) + lambda * offset * offset / (a + b))
                        least = min(least, term)
                    }
                    let bound = Double(bounds[d * 128 + cell])
                    #expect(bound <= least && bound >= 0.999 * least - 1e-4, "cell \(cell) of \(d)")
                }
            }
        }
    }
}
