internal import CDistance
import Distributions

/// Exact nearest rows by the closed-form Bhattacharyya distance.
///
/// A float32 scan (in C, SIMD) over all rows finds those that can be among the nearest, given a bound on its error;
/// these are evaluated again in double precision. What comes out is what sorting every row by its double-precision
/// distance would give, whatever instruction set and however many threads ran.
package struct MomentsScan: Sendable {
    /// What the rows are compared with.
    package let query: Moments
    /// λ of eq. 5.
    package let lambda: Double
    private let variant: ScanVariant
    private let threads: Int?
    private let paddedMean: [Float]
    private let paddedVariance: [Float]
    private let logDeterminant: Double

    /// 4 MB of moments at 256 dimensions: enough to forget the cost of taking a block, and short enough to
    /// notice a cancellation within a millisecond.
    private static let rowsPerBlock = 2048
    /// Below this many rows, waking threads costs more than they save.
    private static let rowsForThreads = 20_000

    /// - Parameters:
    ///   - lambda: λ ≥ 0, finite.
    ///   - threads: nil decides by the number of rows.
    package init(query: Moments, lambda: Double = 1, variant: ScanVariant = .best, threads: Int? = nil) {
        precondition(lambda >= 0 && lambda.isFinite, "λ must be finite and not negative")
        precondition(query.dimension > 0, "a query has a dimension")
        precondition(variant.isSupported, "this processor doesn't run \(variant)")
        self.query = query
        self.lambda = lambda
        self.variant = variant
        self.threads = threads
        let block = Int(MIXTAPE_BLOCK)
        let padding = [Float](repeating: 0, count: (block - query.dimension % block) % block)
        paddedMean = query.mean + padding
        paddedVariance = query.variance + padding
        logDeterminant = query.logDeterminant
    }

    /// The `limit` nearest rows no farther than `maximumDistance`, by distance and then row, and with
    /// them every further row exactly as near as the last, so that the caller can break ties its own way.
    ///
    /// - Parameters:
    ///   - isExcluded: true for a row to leave out; called for few rows.
    ///   - isCancelled: called now and then, from any thread.
    package func nearest(
        in rows: MomentsRows, limit: Int, maximumDistance: Double = .infinity,
        isExcluded: @Sendable (Int) -> Bool = { _ in false },
        isCancelled: @Sendable () -> Bool = { false }
    ) throws(ScanFailure) -> [ScoredRow] {
        precondition(rows.dimension == query.dimension, "query and rows differ in width")
        guard limit > 0, rows.count > 0 else { return [] }
        let distances = RowDistances(start: .allocate(capacity: rows.count))
        defer { distances.start.deallocate() }

        let found = try scan(
            rows, into: distances, keeping: min(limit, rows.count), isExcluded, isCancelled)
        let threshold = candidateThreshold(found, limit: limit, maximumDistance: maximumDistance, rows)
        var candidates = found.broken
        for row in 0..<rows.count where distances[row] <= threshold && distances[row].isFinite {
            if !isExcluded(row) { candidates.append(row) }
        }

        var scored = try exactDistances(of: candidates, in: rows, isCancelled)
        scored.removeAll { $0.distance > maximumDistance }
        return scored.nearest(limit)
    }

    /// The float32 distance of every row, as the candidates are picked by it.
    package func approximateDistances(to rows: MomentsRows) -> [Float] {
        precondition(rows.dimension == query.dimension, "query and rows differ in width")
        return [Float](unsafeUninitializedCapacity: rows.count) { distances, used in
            if let start = distances.baseAddress { approximate(rows, 0..<rows.count, into: start) }
            used = rows.count
        }
    }

    /// A bound on |approximate − exact| for a row whose exact distance is `distance`, in a library whose
    /// largest |Σ log σ²| is `largestLogDeterminant`.
    package func errorBound(at distance: Double, largestLogDeterminant: Double) -> Double {
        mixtape_scan_absolute_error(query.dimension, largestLogDeterminant, lambda)
            + mixtape_scan_relative_error(query.dimension) * distance
    }
}

// MARK: - The float32 scan

/// A float for each row, for threads that write to different rows.
private struct RowDistances: @unchecked Sendable {
    // Unchecked: `RowBlocks` hands every row to one thread, and reading waits for all of them.
    let start: UnsafeMutablePointer<Float>

    subscript(row: Int) -> Float { start[row] }
}

extension MomentsScan {
    /// What one thread learns from its blocks.
    private struct Findings: Sendable {
        var smallest: SmallestFloats
        /// Rows that float32 can't tell the distance of.
        var broken: [Int] = []
        var largestLogDeterminant: Float = 0
    }

    private func scan(
        _ rows: MomentsRows, into distances: RowDistances, keeping count: Int,
        _ isExcluded: @Sendable (Int) -> Bool, _ isCancelled: @Sendable () -> Bool
    ) throws(ScanFailure) -> Findings {
        let blocks = blocks(of: rows.count)
        let initial = Findings(smallest: SmallestFloats(capacity: count))
        let parts = try blocks.accumulate(initial, isCancelled: isCancelled) { found, block in
            approximate(rows, block, into: distances.start + block.lowerBound)
            var threshold = found.smallest.threshold
            var largest = found.largestLogDeterminant
            for row in block {
                largest = max(largest, abs(rows.logDeterminants[row]))
                let distance = distances[row]
                if distance < threshold {
                    if isExcluded(row) { continue }
                    found.smallest.offer(distance)
                    threshold = found.smallest.threshold
                } else if !distance.isFinite, !isExcluded(row) {
                    found.broken.append(row)
                }
            }
            found.largestLogDeterminant = largest
            return nil
        }
        var all = parts[0]
        for part in parts.dropFirst() {
            for value in part.smallest.heap { all.smallest.offer(value) }
            all.broken += part.broken
            all.largestLogDeterminant = max(all.largestLogDeterminant, part.largestLogDeterminant)
        }
        return all
    }

    private func blocks(of count: Int) -> RowBlocks {
        RowBlocks(
            count: count, size: Self.rowsPerBlock, threads: threads, threshold: Self.rowsForThreads)
    }

    /// How many threads a scan of so many rows runs on.
    package func threadCount(for count: Int) -> Int { blocks(of: count).threads }

    private func approximate(
        _ rows: MomentsRows, _ block: Range<Int>, into distances: UnsafeMutablePointer<Float>
    ) {
        paddedMean.withUnsafeBufferPointer { mean in
            paddedVariance.withUnsafeBufferPointer { variance in
                var query = mixtape_query(
                    dimension: query.dimension, mean: mean.baseAddress, variance: variance.baseAddress,
                    log_determinant: logDeterminant, lambda: lambda)
                var library = mixtape_rows(
                    means: rows.means, variances: rows.variances, log_determinants: rows.logDeterminants,
                    stride: rows.stride)
                mixtape_scan(
                    variant.native, &query, &library, block.lowerBound, block.count,
                    distances)
            }
        }
    }

    /// The float32 distance above which no row can be among the nearest.
    ///
    /// With |approximate − exact| ≤ c + r·exact, the exact k-th smallest distance is at most
    /// U = (t + c)/(1 − r), t being the approximate one, and a row of exact distance ≤ U shows at most
    /// U(1 + r) + c.
    private func candidateThreshold(
        _ found: Findings, limit: Int, maximumDistance: Double, _ rows: MomentsRows
    ) -> Float {
        let c = errorBound(at: 0, largestLogDeterminant: Double(found.largestLogDeterminant))
        let r = mixtape_scan_relative_error(query.dimension)
        // A width at which the bound says nothing (over ten million dimensions) makes every row a candidate.
        guard c.isFinite, r < 0.5 else { return .infinity }
        let kept = found.smallest
        let kth = kept.heap.count < limit ? Double.infinity : (Double(kept.threshold) + c) / (1 - r)
        return Float(min(kth, max(maximumDistance, 0)) * (1 + r) + c).nextUp
    }
}

// MARK: - The exact distances

extension MomentsScan {
    private func exactDistances(
        of candidates: [Int], in rows: MomentsRows, _ isCancelled: @Sendable () -> Bool
    ) throws(ScanFailure) -> [ScoredRow] {
        let blocks = RowBlocks(count: candidates.count, size: 512, threads: threads, threshold: 4096)
        let parts = try blocks.accumulate([ScoredRow](), isCancelled: isCancelled) { scored, block in
            for i in block {
                let row = candidates[i]
                let distance = Bhattacharyya.closedForm(
                    query, mean: rows.mean(row), variance: rows.variance(row), lambda: lambda)
                guard distance.isFinite else { return .notFinite(row: row) }
                scored.append(ScoredRow(row: row, distance: distance))
            }
            return nil
        }
        return parts.flatMap { $0 }
    }
}

extension [ScoredRow] {
    /// Sorted by distance and then row, cut after the `limit`-th and those exactly as near as it.
    func nearest(_ limit: Int) -> [ScoredRow] {
        let sorted = self.sorted { ($0.distance, $0.row) < ($1.distance, $1.row) }
        guard limit > 0, sorted.count > limit else { return limit > 0 ? sorted : [] }
        let last = sorted[limit - 1].distance
        return Array(sorted[..<(sorted[limit...].firstIndex { $0.distance > last } ?? sorted.count)])
    }
}
