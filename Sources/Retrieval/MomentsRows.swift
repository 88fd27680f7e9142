import Distributions
import Indexing

/// A view of a library's moments in memory, such as the mapped file of an index: row r of a matrix begins
/// `r · stride` floats in. Valid as long as the memory behind it.
package struct MomentsRows: @unchecked Sendable {
    // Unchecked: nothing is written through these pointers.
    package let means: UnsafePointer<Float>
    package let variances: UnsafePointer<Float>
    /// Σ_d log σ² of each row, rounded once from double precision.
    package let logDeterminants: UnsafePointer<Float>
    package let count: Int
    package let dimension: Int
    package let stride: Int
    /// The largest |Σ log σ²|, which the error of a scan depends on.
    package let largestLogDeterminant: Float
    /// By which most rows are ruled out unread; nil for few rows.
    package let codes: CoarseCodes?
    /// Asked of every row before it is compared, where that is in doubt; false for a damaged one.
    package let isWhole: (@Sendable (Int) -> Bool)?

    /// - Parameter largestLogDeterminant: looked for where it is nil.
    package init(
        means: UnsafePointer<Float>, variances: UnsafePointer<Float>,
        logDeterminants: UnsafePointer<Float>, count: Int, dimension: Int, stride: Int,
        largestLogDeterminant: Float? = nil, codes: CoarseCodes? = nil,
        isWhole: (@Sendable (Int) -> Bool)? = nil
    ) {
        precondition(dimension > 0 && stride >= dimension && count >= 0, "rows overlap")
        precondition(count <= UInt32.max, "rows are numbered in 32 bits")
        self.means = means
        self.variances = variances
        self.logDeterminants = logDeterminants
        self.count = count
        self.dimension = dimension
        self.stride = stride
        self.codes = codes
        self.isWhole = isWhole
        if let largestLogDeterminant {
            self.largestLogDeterminant = largestLogDeterminant
        } else {
            var largest: Float = 0
            for row in 0..<count { largest = max(largest, abs(logDeterminants[row])) }
            self.largestLogDeterminant = largest
        }
    }

    /// μ_V of a row.
    package func mean(_ row: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: means + row * stride, count: dimension)
    }

    /// σ²_V of a row.
    package func variance(_ row: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: variances + row * stride, count: dimension)
    }

    /// A row, copied.
    package func moments(_ row: Int) -> Moments {
        Moments(mean: Array(mean(row)), variance: Array(variance(row)))
    }
}

/// A row and its distance to the query, in double precision.
package struct ScoredRow: Sendable, Equatable {
    package let row: Int
    package let distance: Double

    package init(row: Int, distance: Double) {
        self.row = row
        self.distance = distance
    }
}

/// Why a ranking ended without a result.
package enum ScanFailure: Error, Equatable {
    case cancelled
    /// The row has no finite distance: it holds no distribution.
    case notFinite(row: Int)
    /// The row isn't what was written.
    case damaged(row: Int)
}
