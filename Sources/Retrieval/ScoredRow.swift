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
