import Distributions

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

    package init(
        means: UnsafePointer<Float>, variances: UnsafePointer<Float>,
        logDeterminants: UnsafePointer<Float>, count: Int, dimension: Int, stride: Int
    ) {
        precondition(dimension > 0 && stride >= dimension && count >= 0, "rows overlap")
        self.means = means
        self.variances = variances
        self.logDeterminants = logDeterminants
        self.count = count
        self.dimension = dimension
        self.stride = stride
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
}
