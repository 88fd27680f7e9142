import Distributions
import Indexing
import Retrieval

/// Exact nearest rows by the closed-form Bhattacharyya distance: a batch of one (`BatchScan`).
struct MomentsScan: Sendable {
    private let query: ScanQuery
    private let threads: Int?

    /// - Parameters:
    ///   - lambda: λ ≥ 0, finite.
    ///   - threads: nil decides by the number of rows.
    init(query: Moments, lambda: Double = 1, variant: ScanVariant = .best, threads: Int? = nil) {
        self.query = ScanQuery(query, lambda: lambda, variant: variant)
        self.threads = threads
    }

    /// The `limit` nearest rows no farther than `maximumDistance`, by distance and then row, and with
    /// them every further row exactly as near as the last, so that the caller can break ties its own way.
    ///
    /// - Parameters:
    ///   - isExcluded: true for a row to leave out; called for few rows.
    ///   - isCancelled: called now and then, from any thread.
    func nearest(
        in rows: MomentsRows, limit: Int, maximumDistance: Double = .infinity,
        isExcluded: @escaping @Sendable (Int) -> Bool = { _ in false },
        isCancelled: @Sendable () -> Bool = { false }
    ) throws(ScanFailure) -> [ScoredRow] {
        let goal = RankingGoal(
            query, limit: limit, maximumDistance: maximumDistance, isExcluded: isExcluded)
        return try BatchScan([goal], threads: threads).nearest(in: rows, isCancelled: isCancelled)[0]
    }

    /// The float32 distance of every row, as the candidates are picked by it.
    func approximateDistances(to rows: MomentsRows) -> [Float] {
        precondition(rows.dimension == query.moments.dimension, "query and rows differ in width")
        return [Float](unsafeUninitializedCapacity: rows.count) { distances, used in
            if let start = distances.baseAddress { query.approximate(rows, 0..<rows.count, into: start) }
            used = rows.count
        }
    }

    /// The same for rows by number.
    func approximateDistances(to rows: MomentsRows, chosen: [UInt32]) -> [Float] {
        [Float](unsafeUninitializedCapacity: chosen.count) { distances, used in
            chosen.withUnsafeBufferPointer {
                if let start = distances.baseAddress { query.approximate(rows, $0, into: start) }
            }
            used = chosen.count
        }
    }

    /// As `ScanQuery.errorBound`.
    func errorBound(at distance: Double, largestLogDeterminant: Double) -> Double {
        query.errorBound(at: distance, largestLogDeterminant: largestLogDeterminant)
    }
}
