import Distributions
import Indexing

/// Nearest rows by the paper's estimator (eq. 4 to 6) with independent noise, seeded by each video's fingerprint.
///
/// Every row's noise is drawn anew, K × D normal numbers, so this takes thousands of times as long as `MomentsScan`.
/// Distances include the estimator's constant of about λD/4: a video's distance to itself isn't 0.
package struct SampledScan: Sendable {
    private let query: SampledVideo
    private let sampleCount: Int
    private let lambda: Double
    private let threads: Int?

    /// - Parameters:
    ///   - fingerprint: of the query's file; seeds its noise.
    ///   - sampleCount: K ≥ 1.
    package init(
        query: Moments, fingerprint: String, sampleCount: Int, lambda: Double = 1, threads: Int? = nil
    ) {
        precondition(lambda >= 0 && lambda.isFinite, "λ must be finite and not negative")
        let noise = NoiseBank(
            mode: .iid, sampleCount: sampleCount, dimension: query.dimension, fingerprint: fingerprint)
        self.query = SampledVideo(moments: query, noise: noise)
        self.sampleCount = sampleCount
        self.lambda = lambda
        self.threads = threads
    }

    /// The `limit` nearest rows and those exactly as near as the last, as `MomentsScan.nearest`.
    ///
    /// - Parameter candidates: rows and the fingerprints of their files.
    package func nearest(
        in rows: MomentsRows, candidates: [(row: Int, fingerprint: String)], limit: Int,
        maximumDistance: Double = .infinity, isCancelled: @Sendable () -> Bool = { false }
    ) throws(ScanFailure) -> [ScoredRow] {
        precondition(rows.dimension == query.dimension, "query and rows differ in width")
        guard limit > 0, !candidates.isEmpty else { return [] }
        // A row takes K² steps, and whoever gives up is not to wait for a block of them.
        let size = max(1, min(32, (1 << 17) / (sampleCount * sampleCount)))
        let blocks = RowBlocks(count: candidates.count, size: size, threads: threads, threshold: 64)
        let parts = try blocks.accumulate([ScoredRow](), isCancelled: isCancelled) { scored, block in
            for (row, fingerprint) in candidates[block] {
                let noise = NoiseBank(
                    mode: .iid, sampleCount: sampleCount, dimension: rows.dimension,
                    fingerprint: fingerprint)
                let video = SampledVideo(moments: rows.moments(row), noise: noise)
                let distance = Bhattacharyya.factored(query, video, lambda: lambda)
                guard distance.isFinite else { return .notFinite(row: row) }
                if distance <= maximumDistance { scored.append(ScoredRow(row: row, distance: distance)) }
            }
            return nil
        }
        return parts.flatMap { $0 }.nearest(limit)
    }
}
