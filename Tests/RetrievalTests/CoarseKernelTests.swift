import CDistance
import Distributions
import Retrieval
import Testing

/// The sums of bytes that rule rows out, on each instruction set: those of the definition, row by row.
@Suite struct CoarseKernelTests {
    static let group = Int(MIXTAPE_GROUP)
    static let cells = Int(MIXTAPE_CELLS)

    /// Codes of a group, a table a query, and limits that some of the rows keep.
    struct Case {
        let dimension: Int
        let codes: [UInt8]
        let tables: [[UInt8]]
        let limits: [UInt16]

        /// - Parameters:
        ///   - highest: of the entries; up to 31 no run of dimensions reaches 255, to 63 about half of them do.
        ///   - share: one entry in so many is above 0.
        ///   - quantile: of a query's rows, how many in a hundred have the limit or less.
        init(dimension: Int, queries: Int, highest: UInt64, share: UInt64 = 1, quantile: Int = 33) {
            var generator = SeededGenerator(seed: UInt64(dimension * 100 + queries) + highest + share)
            func bytes(_ count: Int, atMost highest: UInt64) -> [UInt8] {
                (0..<count).map { _ in UInt8(generator.next() % (highest + 1)) }
            }
            self.dimension = dimension
            let codes = bytes(dimension * group, atMost: 127)
            self.codes = codes
            tables = (0..<queries).map { _ in
                bytes(dimension * cells, atMost: highest).map { generator.next() % share == 0 ? $0 : 0 }
            }
            limits = tables.map { table in
                UInt16((0..<group).map { sum(of: $0, codes, table) }.sorted()[group * quantile / 100])
            }
        }

        /// - Parameter limits: a query's each.
        init(dimension: Int, tables: [[UInt8]], limits: [UInt16]) {
            self.dimension = dimension
            codes = (0..<dimension * group).map { UInt8($0 * 37 % 128) }
            self.tables = tables
            self.limits = limits
        }

        /// Whether each row keeps each query's limit, by the definition.
        var expected: [[Bool]] {
            zip(tables, limits).map { table, limit in
                (0..<group).map { sum(of: $0, codes, table) <= Int(limit) }
            }
        }

        func marks(_ variant: ScanVariant) -> [[Bool]] {
            let (size, words) = (dimension * cells, Int(MIXTAPE_GROUP_WORDS))
            // What a kernel finds in its memory is anything.
            var sums = [UInt16](repeating: 0xabcd, count: tables.count * group)
            var marks = [UInt64](repeating: 0xabcd, count: tables.count * words)
            tables.flatMap { $0 }.withUnsafeBufferPointer { tables in
                let starts = limits.indices.map { tables.baseAddress?.advanced(by: $0 * size) }
                mixtape_coarse_scan(
                    mixtape_variant(variant.rawValue), codes, dimension, starts, limits, limits.count, &sums,
                    &marks)
            }
            return limits.indices.map { query in
                (0..<group).map { marks[query * words + $0 / 64] >> ($0 % 64) & 1 == 1 }
            }
        }
    }

    /// Widths about a tile's and a run's, numbers of queries odd and even.
    @Test(arguments: CoarseCodeTests.variants, [1, 7, 31, 32, 33, 100, 256])
    func marksAreThoseOfTheDefinition(variant: ScanVariant, dimension: Int) {
        for queries in [1, 2, 3, 16, 63, 64] {
            for highest: UInt64 in [24, 63, 255] {
                let rows = Case(dimension: dimension, queries: queries, highest: highest)
                #expect(rows.marks(variant) == rows.expected, "\(queries) queries, entries up to \(highest)")
            }
        }
    }

    /// Runs that stop at 255 beside runs that don't, so that the rows differ.
    @Test(arguments: CoarseCodeTests.variants, [31, 256])
    func someRunsSaturate(variant: ScanVariant, dimension: Int) {
        for queries in [1, 2, 3] {
            let rows = Case(dimension: dimension, queries: queries, highest: 255, share: 5)
            let expected = rows.expected
            #expect(rows.marks(variant) == expected)
            for query in expected { #expect(query.contains(true) && query.contains(false)) }
        }
    }

    /// Sums above 2^15, up to the largest there is: 257 runs of 255 are 65,535.
    @Test(arguments: CoarseCodeTests.variants)
    func sumsFillSixteenBits(variant: ScanVariant) {
        let wide = Case(dimension: 2_056, queries: 3, highest: 255, share: 3)
        #expect(wide.limits.allSatisfy { $0 > 40_000 })
        #expect(wide.marks(variant) == wide.expected)
        let full = [UInt8](repeating: 255, count: 2_056 * Self.cells)
        for (limit, isMarked) in [(UInt16(65_534), false), (65_535, true)] {
            for queries in [1, 2] {
                let rows = Case(
                    dimension: 2_056, tables: Array(repeating: full, count: queries),
                    limits: Array(repeating: limit, count: queries))
                #expect(rows.marks(variant).allSatisfy { $0.allSatisfy { $0 == isMarked } })
            }
        }
    }
}

/// What a row's entries add up to, each run of dimensions 255 at most.
private func sum(of row: Int, _ codes: [UInt8], _ table: [UInt8]) -> Int {
    let (group, cells, run) = (CoarseKernelTests.group, CoarseKernelTests.cells, Int(MIXTAPE_RUN))
    let dimension = codes.count / group
    var sum = 0
    for first in stride(from: 0, to: dimension, by: run) {
        var entries = 0
        for d in first..<min(first + run, dimension) {
            entries += Int(table[d * cells + Int(codes[d * group + row])])
        }
        sum += min(255, entries)
    }
    return sum
}
