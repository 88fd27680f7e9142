internal import CDistance
import Glibc
import Indexing

/// What each cell of a library's coarse codes adds to the distance from a query at least.
package struct CellBounds: Sendable {
    /// D × 128: entry 16v + m of a dimension is that of the cell m of the means and v of the variances.
    package let values: [Float]

    package init(_ query: ScanQuery, _ codes: CoarseCodes) {
        values = [Float](
            unsafeUninitializedCapacity: query.moments.dimension * Int(MIXTAPE_CELLS)
        ) { values, used in
            query.withNative { native in
                var grid = mixtape_grid(
                    dimension: query.moments.dimension, means: codes.means, variances: codes.variances)
                mixtape_cell_bounds(native, &grid, values.baseAddress)
            }
            used = values.count
        }
    }
}

/// One thread's tables for ruling out rows by their codes, one table a query, each in units that suit the distance
/// that matters now.
final class CoarseTables: @unchecked Sendable {
    // Unchecked: each belongs to one thread.
    private let dimension: Int
    private let variant: ScanVariant
    private let tables: UnsafeMutablePointer<UInt8>
    private let sums: UnsafeMutablePointer<UInt16>
    private let marks: UnsafeMutablePointer<UInt64>
    private let largest: Int
    /// Units that a dimension of a row at the bound has on average: a run of dimensions then seldom exceeds its byte,
    /// and rounding down costs a few hundredths.
    private let unitsPerDimension: Int
    /// For each query, the unit of its table and the bound that it was made for.
    private var units: [(unit: Float, bound: Double)]

    static let queriesAtOnce = Int(MIXTAPE_COARSE_QUERIES)

    init(queries: Int, dimension: Int, variant: ScanVariant) {
        self.dimension = dimension
        self.variant = variant
        tables = Self.allocate(queries * dimension * Int(MIXTAPE_CELLS))
        sums = Self.allocate(Self.queriesAtOnce * CoarseCodes.groupSize)
        marks = Self.allocate(Self.queriesAtOnce * CoarseCodes.wordsPerGroup)
        units = Array(repeating: (0, .infinity), count: queries)
        // A row's sum must fit 16 bits: it does where every run of dimensions adds 255, and on the widest rows where
        // every entry is small.
        let runs = (dimension + Int(MIXTAPE_RUN) - 1) / Int(MIXTAPE_RUN)
        let fits = runs * 255 <= Int(UInt16.max)
        largest = fits ? 255 : min(255, Int(UInt16.max) / dimension)
        unitsPerDimension = fits ? 10 : max(1, min(10, largest / 3))
    }

    deinit {
        free(tables)
        free(sums)
        free(marks)
    }

    private static func allocate<T>(_ count: Int) -> UnsafeMutablePointer<T> {
        guard let memory = aligned_alloc(64, (count * MemoryLayout<T>.stride + 63) & ~63) else {
            fatalError("out of memory")
        }
        return memory.bindMemory(to: T.self, capacity: count)
    }

    /// Whether a table can be made that tells distances about `bound` apart.
    static func canTell(_ bound: Double) -> Bool { bound > 1e-20 && bound < 1e20 }

    /// Marks the rows of a group that may be within each query's bound.
    ///
    /// - Parameters:
    ///   - queries: numbers of queries, at most `queriesAtOnce`, and the bounds of their exact distances.
    ///   - body: gets the marks, `wordsPerGroup` words a query in the same order.
    func scan(
        group: Int, of codes: CoarseCodes, _ queries: [(number: Int, bound: Double)],
        bounds: [CellBounds], _ body: (UnsafePointer<UInt64>) -> Void
    ) {
        let size = dimension * Int(MIXTAPE_CELLS)
        var limits: [UInt16] = []
        var chosen: [UnsafePointer<UInt8>?] = []
        for (number, bound) in queries {
            let table = tables + number * size
            if bound < 0.8 * units[number].bound {
                let unit = Float(bound / Double(dimension * unitsPerDimension))
                units[number] = (unit, bound)
                bounds[number].values.withUnsafeBufferPointer {
                    mixtape_cell_table(
                        variant.native, $0.baseAddress, dimension, unit, UInt32(largest), table)
                }
            }
            limits.append(UInt16(min(65_534, bound / Double(units[number].unit) * (1 + 1e-9))))
            chosen.append(UnsafePointer(table))
        }
        let words = CoarseCodes.wordsPerGroup
        mixtape_coarse_scan(
            variant.native, codes.codes + group * CoarseCodes.groupSize * dimension, dimension, chosen,
            limits, queries.count, sums, marks)
        for i in 0..<queries.count * words { marks[i] |= codes.unbounded[group * words + i % words] }
        body(marks)
    }
}
