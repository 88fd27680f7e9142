import Distributions

/// Rows of means and variances in memory, such as the mapped file of an index (`MomentsTable`): row r of a matrix begins
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
    /// The number of each row's video, never falling from one row to the next; nil for rows that are no index's.
    private let ids: UnsafePointer<Int64>?
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
        ids: UnsafePointer<Int64>? = nil, largestLogDeterminant: Float? = nil, codes: CoarseCodes? = nil,
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
        self.ids = ids
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

    /// The number of the video that a row of an index belongs to.
    package func video(_ row: Int) -> Int64 {
        precondition(row < count, "there is no such row")
        return ids![row]
    }

    /// How many rows of the same video lie before this one: found by halving, since numbers rise.
    package func place(_ row: Int) -> Int {
        let own = video(row)
        var (low, high) = (0, row)
        while low < high {
            let middle = (low + high) / 2
            if video(middle) < own { low = middle + 1 } else { high = middle }
        }
        return row - low
    }

    /// A row, copied.
    package func moments(_ row: Int) -> Moments {
        Moments(mean: Array(mean(row)), variance: Array(variance(row)))
    }
}
