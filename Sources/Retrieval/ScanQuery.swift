internal import CDistance
import Distributions
import Indexing

/// A query made ready for scans: padded for the C loop, its constants summed.
package struct ScanQuery: Sendable {
    /// What rows are compared with.
    package let moments: Moments
    /// λ of eq. 5.
    package let lambda: Double
    let variant: ScanVariant
    private let paddedMean: [Float]
    private let paddedVariance: [Float]
    private let logDeterminant: Double

    /// - Parameter lambda: λ ≥ 0, finite.
    package init(_ moments: Moments, lambda: Double = 1, variant: ScanVariant = .best) {
        precondition(lambda >= 0 && lambda.isFinite, "λ must be finite and not negative")
        precondition(moments.dimension > 0, "a query has a dimension")
        precondition(variant.isSupported, "this processor doesn't run \(variant)")
        self.moments = moments
        self.lambda = lambda
        self.variant = variant
        let block = Int(MIXTAPE_BLOCK)
        let padding = [Float](repeating: 0, count: (block - moments.dimension % block) % block)
        paddedMean = moments.mean + padding
        paddedVariance = moments.variance + padding
        logDeterminant = moments.logDeterminant
    }

    /// The float32 distances of a block of rows.
    package func approximate(
        _ rows: MomentsRows, _ block: Range<Int>, into distances: UnsafeMutablePointer<Float>
    ) {
        withNative { query in
            var library = rows.native
            mixtape_scan(variant.native, query, &library, block.lowerBound, block.count, distances)
        }
    }

    /// The same, to the bit, of rows by number; of rows farther than the limit, at least that.
    ///
    /// - Parameter coming: how many numbers behind `chosen` in memory are of rows that are wanted next.
    package func approximate(
        _ rows: MomentsRows, _ chosen: UnsafeBufferPointer<UInt32>, coming: Int = 0, limit: Float = .infinity,
        into distances: UnsafeMutablePointer<Float>
    ) {
        withNative { query in
            var library = rows.native
            mixtape_evaluate(
                variant.native, query, &library, chosen.baseAddress, chosen.count, coming, limit, distances)
        }
    }

    /// The distance of a row in double precision.
    func exact(_ rows: MomentsRows, _ row: Int) -> Double {
        Bhattacharyya.closedForm(
            moments, mean: rows.mean(row), variance: rows.variance(row), lambda: lambda)
    }

    /// A bound on |approximate − exact| for a row whose exact distance is `distance`, in a library whose
    /// largest |Σ log σ²| is `largestLogDeterminant`.
    package func errorBound(at distance: Double, largestLogDeterminant: Double) -> Double {
        mixtape_scan_absolute_error(moments.dimension, largestLogDeterminant, lambda)
            + mixtape_scan_relative_error(moments.dimension) * distance
    }

    func withNative<R>(_ body: (UnsafePointer<mixtape_query>) -> R) -> R {
        paddedMean.withUnsafeBufferPointer { mean in
            paddedVariance.withUnsafeBufferPointer { variance in
                var query = mixtape_query(
                    dimension: moments.dimension, mean: mean.baseAddress, variance: variance.baseAddress,
                    log_determinant: logDeterminant, lambda: lambda)
                return body(&query)
            }
        }
    }
}

extension MomentsRows {
    var native: mixtape_rows {
        mixtape_rows(
            means: means, variances: variances, log_determinants: logDeterminants, stride: stride)
    }

    /// Has the first of these rows brought nearer while something else is done.
    func fetch(_ chosen: [UInt32], atMost count: Int) {
        var library = native
        chosen.withUnsafeBufferPointer {
            mixtape_fetch(&library, dimension, $0.baseAddress, min($0.count, count))
        }
    }
}
