import Benchmarks
import Distributions
import Glibc
import Indexing
import Retrieval
import Synchronization
import Testing

/// Joins against comparing every row with every other.
@Suite struct PairJoinTests {
    /// Every pair, each by the printed order of evaluation.
    static func literal(_ rows: MomentsRows, among chosen: [UInt32], within distance: Double) -> [RowPair] {
        var pairs: [RowPair] = []
        let sorted = chosen.sorted()
        for (place, first) in sorted.enumerated() {
            let moments = rows.moments(Int(first))
            for second in sorted[(place + 1)...] {
                let found = Bhattacharyya.closedForm(
                    moments, mean: rows.mean(Int(second)), variance: rows.variance(Int(second)))
                if found <= distance { pairs.append(RowPair(first: first, second: second, distance: found)) }
            }
        }
        return pairs
    }

    /// Rows as of real libraries, every third of them a neighbour of an earlier one.
    static func libraryWithNeighbours(_ count: Int, dimension: Int, seed: UInt64) -> Library {
        var generator = SeededGenerator(seed: seed)
        let videos = SyntheticVideos(dimension: dimension, generator: &generator)
        var moments: [Moments] = []
        for number in 0..<count {
            if number % 3 == 2 {
                var near = moments[Int(generator.next() % UInt64(moments.count))]
                let step = generator.nextUniform() * 2
                near.mean = near.mean.indices.map { d in
                    near.mean[d] + Float(step * generator.nextNormal()) * near.variance[d].squareRoot()
                }
                near.variance = near.variance.map { $0 * Float(exp(0.3 * generator.nextNormal())) }
                moments.append(near)
            } else {
                moments.append(videos.draw(clips: 1 + number % 4, generator: &generator).moments())
            }
        }
        return Library(moments, dimension: dimension)
    }

    @Test(arguments: [1, 3, 16, 67, 256], [1, 2])
    func pairsAreThoseOfTheNaiveSearch(dimension: Int, threads: Int) throws {
        let library = Self.libraryWithNeighbours(700, dimension: dimension, seed: 3)
        defer { withExtendedLifetime(library) {} }
        let rows = library.rows
        let all = (0..<UInt32(rows.count)).map { $0 }
        let everything = Self.literal(rows, among: all, within: .infinity).map(\.distance).sorted()
        for share in [0.0005, 0.01, 0.2] {
            let distance = everything[Int(share * Double(everything.count))]
            var effort = PairJoin.Effort()
            let found = try PairJoin(maximumDistance: distance, threads: threads).pairs(
                in: rows, among: all, effort: &effort)
            let wanted = Self.literal(rows, among: all, within: distance)
            #expect(found == wanted)
            #expect(
                !wanted.isEmpty && effort.evaluated >= wanted.count && effort.evaluated <= effort.compared)
        }
    }

    /// Ruling out by projections is what makes it fast: most pairs must go that way.
    @Test func mostPairsAreNeverEvaluated() throws {
        let library = Self.libraryWithNeighbours(3_000, dimension: 256, seed: 5)
        let all = (0..<UInt32(library.rows.count)).map { $0 }
        var effort = PairJoin.Effort()
        _ = try PairJoin(maximumDistance: 35).pairs(in: library.rows, among: all, effort: &effort)
        #expect(effort.evaluated < all.count * all.count / 2 / 100)
    }

    @Test func onlyTheChosenRowsArePaired() throws {
        let library = Self.libraryWithNeighbours(500, dimension: 32, seed: 6)
        defer { withExtendedLifetime(library) {} }
        let rows = library.rows
        let chosen = (0..<UInt32(rows.count)).filter { $0 % 2 == 0 }.reversed().map { $0 }
        let found = try PairJoin(maximumDistance: 20).pairs(in: rows, among: chosen)
        #expect(found == Self.literal(rows, among: chosen, within: 20))
        #expect(try PairJoin(maximumDistance: 20).pairs(in: rows, among: []) == [])
        #expect(try PairJoin(maximumDistance: 20).pairs(in: rows, among: [7]) == [])
    }

    /// Rows of one owner are no pair, and two owners are one pair however many of their rows are near.
    @Test(arguments: [1, 2])
    func ownersArePairedWhereAnyOfTheirRowsAreNear(threads: Int) throws {
        let library = Self.libraryWithNeighbours(600, dimension: 24, seed: 8)
        defer { withExtendedLifetime(library) {} }
        let rows = library.rows
        let owners = (0..<Int32(rows.count)).map { $0 * 7 % 90 }
        let all = (0..<UInt32(rows.count)).map { $0 }
        var wanted: Set<[UInt32]> = []
        for pair in Self.literal(rows, among: all, within: 12) {
            let two = [owners[Int(pair.first)], owners[Int(pair.second)]].sorted().map { UInt32($0) }
            if two[0] != two[1] { wanted.insert(two) }
        }
        let found = try PairJoin(maximumDistance: 12, threads: threads).ownerPairs(
            in: rows, among: all, owners: owners)
        #expect(wanted.count > 50)
        #expect(
            found.map { [$0.first, $0.second] } == wanted.sorted { $0.lexicographicallyPrecedes($1) })
        #expect(found.allSatisfy { $0.distance <= 12 })
    }

    /// An owner counts once for a row, however many of its rows are near.
    @Test(arguments: [1, 2])
    func otherOwnersAreCountedForEachRow(threads: Int) throws {
        let library = Self.libraryWithNeighbours(600, dimension: 24, seed: 8)
        defer { withExtendedLifetime(library) {} }
        let rows = library.rows
        let owners = (0..<Int32(rows.count)).map { $0 / 4 }
        let chosen = (0..<UInt32(rows.count)).filter { $0 % 5 != 0 }
        var wanted = [Set<Int32>](repeating: [], count: rows.count)
        for pair in Self.literal(rows, among: chosen, within: 12) {
            let (first, second) = (Int(pair.first), Int(pair.second))
            if owners[first] == owners[second] { continue }
            wanted[first].insert(owners[second])
            wanted[second].insert(owners[first])
        }
        let counts = try PairJoin(maximumDistance: 12, threads: threads).otherOwners(
            in: rows, among: chosen, owners: owners)
        #expect(counts == wanted.map(\.count))
        #expect(counts.contains { $0 > 1 } && counts.contains(0))
    }

    /// Means and variances of every size, rows that are equal, and rows that vary in few directions.
    @Test(arguments: [(1, 1), (1e6, 1), (1e-6, 1e-12), (1e15, 1), (1, 1e12), (3e4, 1e-9)])
    func strangeRowsArePairedAlike(means: Double, variances: Double) throws {
        var moments = randomMoments(200, dimension: 40, seed: 12)
        for row in moments.indices {
            moments[row].mean = moments[row].mean.map { Float(Double($0) * means) + Float(means) }
            moments[row].variance = moments[row].variance.map { Float(Double($0) * variances) }
        }
        moments += Array(moments[..<30])
        moments += moments[30..<60].map { row in
            var row = row
            row.mean[3] = row.mean[3].nextUp
            return row
        }
        let library = Library(moments, dimension: 40)
        defer { withExtendedLifetime(library) {} }
        let rows = library.rows
        let all = (0..<UInt32(rows.count)).map { $0 }
        let everything = Self.literal(rows, among: all, within: .infinity).map(\.distance).sorted()
        for distance in [0, everything[80], everything[3_000]] {
            let found = try PairJoin(maximumDistance: distance).pairs(in: rows, among: all)
            #expect(found == Self.literal(rows, among: all, within: distance))
            #expect(found.count >= 30)
        }
    }

    @Test func equalRowsArePairedAllWithAll() throws {
        let moments = [Moments](repeating: randomMoments(1, dimension: 8, seed: 2)[0], count: 100)
        let library = Library(moments, dimension: 8)
        defer { withExtendedLifetime(library) {} }
        let rows = library.rows
        let found = try PairJoin(maximumDistance: 0).pairs(in: rows, among: (0..<100).map { $0 })
        #expect(found.count == 4_950 && found.allSatisfy { $0.distance == 0 })
        #expect(throws: PairFailure.tooMany) {
            try PairJoin(maximumDistance: 0, limit: 1_000).pairs(in: rows, among: (0..<100).map { $0 })
        }
    }

    @Test(arguments: [Float.nan, -1, 0, .infinity])
    func aRowThatIsNoDistributionIsFound(value: Float) throws {
        var moments = randomMoments(300, dimension: 20, seed: 41)
        moments[211].variance[4] = value
        let library = Library(moments, dimension: 20)
        defer { withExtendedLifetime(library) {} }
        let rows = library.rows
        #expect(throws: PairFailure.notFinite(row: 211)) {
            try PairJoin(maximumDistance: 1).pairs(in: rows, among: (0..<300).map { $0 })
        }
    }

    @Test func itCanBeCancelledAndTellsHowFarItIs() throws {
        let library = Self.libraryWithNeighbours(600, dimension: 16, seed: 9)
        defer { withExtendedLifetime(library) {} }
        let rows = library.rows
        let all = (0..<UInt32(rows.count)).map { $0 }
        #expect(throws: PairFailure.cancelled) {
            try PairJoin(maximumDistance: 10).pairs(in: rows, among: all, isCancelled: { true })
        }
        let shares = Shares()
        _ = try PairJoin(maximumDistance: 10).pairs(in: rows, among: all, progress: shares.add)
        #expect(shares.largest == 1)
    }
}

private final class Shares: Sendable {
    private let value = Mutex(0.0)
    @Sendable func add(_ share: Double) { value.withLock { $0 = max($0, share) } }
    var largest: Double { value.withLock { $0 } }
}
