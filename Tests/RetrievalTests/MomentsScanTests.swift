import Distributions
import Retrieval
import Synchronization
import Testing

@Suite struct MomentsScanTests {
    /// 5,000 rows, of which some are exact copies and some almost.
    static let library: Library = {
        var moments = randomMoments(5_000, dimension: 48, seed: 11, logVariance: -8 ... -4)
        for copy in stride(from: 100, to: 5_000, by: 250) { moments[copy] = moments[7] }
        for near in stride(from: 110, to: 5_000, by: 250) {
            moments[near] = moments[7]
            moments[near].mean[near % 48] = moments[7].mean[near % 48].nextUp
        }
        return Library(moments, dimension: 48)
    }()

    @Test(arguments: ScanVariant.allCases.filter(\.isSupported), [1, 2, 5])
    func isWhatAFullSortGives(variant: ScanVariant, threads: Int) throws {
        let library = Self.library
        for query in [library.moments[7], library.moments[110], library.moments[4_999]] {
            let sorted = library.sorted(by: query)
            let scan = MomentsScan(query: query, variant: variant, threads: threads)
            for limit in [1, 2, 10, 20, 21, 40, 500, 4_999, 5_000, 10_000] {
                let nearest = try scan.nearest(in: library.rows, limit: limit)
                let expected = Self.withTies(sorted, limit)
                #expect(nearest == expected)
            }
        }
    }

    private static func withTies(_ sorted: [ScoredRow], _ limit: Int) -> [ScoredRow] {
        guard limit < sorted.count else { return sorted }
        return sorted.filter { $0.distance <= sorted[limit - 1].distance }
    }

    @Test func copiesTieAtNought() throws {
        let nearest = try MomentsScan(query: Self.library.moments[7]).nearest(in: Self.library.rows, limit: 3)
        #expect(nearest.count == 21)
        #expect(nearest.allSatisfy { $0.distance == 0 })
        #expect(nearest.map(\.row) == nearest.map(\.row).sorted())
    }

    @Test func maximumDistanceIsInclusive() throws {
        let library = Self.library
        let query = library.moments[3]
        let sorted = library.sorted(by: query)
        for cut in [0, 30, 2_000] {
            let maximum = sorted[cut].distance
            let nearest = try MomentsScan(query: query)
                .nearest(in: library.rows, limit: 5_000, maximumDistance: maximum)
            #expect(nearest == sorted.filter { $0.distance <= maximum })
        }
        let none = try MomentsScan(query: query).nearest(in: library.rows, limit: 5, maximumDistance: -1)
        #expect(none.isEmpty)
    }

    @Test func excludedRowsMakeRoomForOthers() throws {
        let library = Self.library
        let query = library.moments[3]
        let sorted = library.sorted(by: query)
        let excluded = Set(sorted.prefix(9).map(\.row))
        let nearest = try MomentsScan(query: query)
            .nearest(in: library.rows, limit: 4, isExcluded: { excluded.contains($0) })
        #expect(nearest == Array(sorted[9..<13]))
        let nothing = try MomentsScan(query: query)
            .nearest(in: library.rows, limit: 4, isExcluded: { _ in true })
        #expect(nothing.isEmpty)
    }

    /// Distances so alike that float32 can't tell them apart: every row is a candidate, and order is still exact.
    @Test(arguments: ScanVariant.allCases.filter(\.isSupported))
    func nearTiesAreOrderedInDoublePrecision(variant: ScanVariant) throws {
        let base = randomMoments(1, dimension: 256, seed: 21, logVariance: -7 ... -7)[0]
        var generator = SeededGenerator(seed: 22)
        let moments = (0..<300).map { _ in
            var video = base
            for d in 0..<256 { video.mean[d] += Float(generator.nextNormal() * 1e-6) }
            return video
        }
        let library = Library(moments, dimension: 256)
        let nearest = try MomentsScan(query: base, variant: variant).nearest(in: library.rows, limit: 10)
        #expect(nearest == Array(library.sorted(by: base).prefix(10)))
    }

    /// Variances that leave float32's range in the scan still rank, by double precision.
    @Test func rowsBeyondFloat32RankExactly() throws {
        var moments = randomMoments(40, dimension: 70, seed: 31)
        for row in [5, 6, 30] {
            moments[row].variance = (0..<70).map { _ in Float(row) * 1e36 }
        }
        let library = Library(moments, dimension: 70)
        for query in [moments[5], moments[0]] {
            let nearest = try MomentsScan(query: query).nearest(in: library.rows, limit: 40)
            #expect(nearest == library.sorted(by: query))
        }
    }

    @Test(arguments: [Float.nan, -1, 0, .infinity])
    func aRowThatIsNoDistributionFailsByNumber(value: Float) throws {
        var moments = randomMoments(30, dimension: 20, seed: 41)
        moments[17].variance[4] = value
        let library = Library(moments, dimension: 20)
        let scan = MomentsScan(query: moments[0])
        #expect(throws: ScanFailure.notFinite(row: 17)) {
            try scan.nearest(in: library.rows, limit: 1)
        }
        let without = try scan.nearest(in: library.rows, limit: 30, isExcluded: { $0 == 17 })
        #expect(without.count == 29)
    }

    @Test(arguments: [1, 3])
    func cancellationEndsTheScan(threads: Int) {
        let calls = Mutex(0)
        let scan = MomentsScan(query: Self.library.moments[0], threads: threads)
        #expect(throws: ScanFailure.cancelled) {
            try scan.nearest(
                in: Self.library.rows, limit: 5,
                isCancelled: {
                    calls.withLock {
                        $0 += 1
                        return $0 > 1
                    }
                })
        }
    }

    @Test func emptyRequestsAreEmpty() throws {
        let scan = MomentsScan(query: Self.library.moments[0])
        #expect(try scan.nearest(in: Self.library.rows, limit: 0).isEmpty)
        #expect(try scan.nearest(in: Library([], dimension: 48).rows, limit: 5).isEmpty)
    }
}
