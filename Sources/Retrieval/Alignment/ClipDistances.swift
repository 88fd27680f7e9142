import Distributions
import Indexing

/// The distance of every clip of one track to every clip of another, and what lies between a target's clips.
struct ClipDistances: Sendable {
    /// Rows: the query's clips.
    let queryCount: Int
    /// Columns: the target's.
    let targetCount: Int
    /// queryCount × targetCount, row-major, float32, 0 or more.
    private let values: [Float]
    /// From each clip of the target to the next one.
    private let steps: [Float]

    init(query: ClipTrack, target: ClipTrack) {
        precondition(query.dimension == target.dimension, "tracks differ in width")
        let packed = PackedGaussians(target.gaussians)
        self.init(query: query.gaussians, rows: packed.rows)
        // `packed` owns the memory of its rows.
        withExtendedLifetime(packed) {}
    }

    /// - Parameter rows: the target's clips.
    init(query: [Gaussian], rows: MomentsRows) {
        queryCount = query.count
        targetCount = rows.count
        let width = rows.count
        values = [Float](unsafeUninitializedCapacity: query.count * width) { values, used in
            if let start = values.baseAddress {
                for (i, gaussian) in query.enumerated() {
                    let row = start + i * width
                    let query = ScanQuery(gaussian.moments)
                    query.approximate(rows, 0..<width, into: row)
                    // Nearer than float32 can tell is the same.
                    let least = query.errorBound(
                        at: 0, largestLogDeterminant: Double(rows.largestLogDeterminant))
                    for j in 0..<width where Double(row[j]) < least { row[j] = 0 }
                }
            }
            used = query.count * width
        }
        steps = (0..<max(0, width - 1)).map { j in
            Float(
                Bhattacharyya.closedForm(
                    rows.moments(j), mean: rows.mean(j + 1), variance: rows.variance(j + 1)))
        }
    }

    /// Of clip i of the query and clip j of the target. What has no distance is infinitely far.
    subscript(i: Int, j: Int) -> Double {
        let value = Double(values[i * targetCount + j])
        return value.isNaN ? .infinity : value
    }

    /// From clip i of the query to what the target shows a share f of the way from the middle of its clip j to that of
    /// the next one, which is taken for the mixture (1 − f, f) of the two.
    ///
    /// For Gaussians of similar variance the distance is a squared length, and that of a point between two others is
    /// (1 − f)·a + f·b − f(1 − f)·c, c being the distance of those two (Stewart's theorem).
    func between(_ i: Int, _ j: Int, _ f: Double) -> Double {
        let a = self[i, j]
        guard f > 0, j + 1 < targetCount else { return a }
        let b = self[i, j + 1]
        return max(0, (1 - f) * a + f * b - f * (1 - f) * Double(steps[j]))
    }

    /// The clips of the target nearer than `limit` to clip i of the query: the nearest `count` of them.
    func nearest(to i: Int, within limit: Double, atMost count: Int) -> [Int] {
        let row = values[(i * targetCount)..<((i + 1) * targetCount)]
        let bound = Float(limit)
        let near = row.indices.filter { row[$0] < bound }
        guard near.count > count else { return near.map { $0 - row.startIndex } }
        return near.sorted { (row[$0], $0) < (row[$1], $1) }.prefix(count).map { $0 - row.startIndex }
    }
}

/// Gaussians laid out as rows for scans.
final class PackedGaussians {
    private let values: UnsafeMutablePointer<Float>
    /// Valid as long as this object.
    let rows: MomentsRows

    init(_ gaussians: [Gaussian]) {
        let width = gaussians[0].dimension
        let count = gaussians.count
        values = .allocate(capacity: count * (2 * width + 1))
        let variances = values + count * width
        let logDeterminants = variances + count * width
        for (row, gaussian) in gaussians.enumerated() {
            precondition(gaussian.dimension == width, "clips differ in width")
            let moments = gaussian.moments
            for d in 0..<width {
                values[row * width + d] = moments.mean[d]
                variances[row * width + d] = moments.variance[d]
            }
            logDeterminants[row] = Float(moments.logDeterminant)
        }
        rows = MomentsRows(
            means: values, variances: variances, logDeterminants: logDeterminants, count: count,
            dimension: width, stride: width)
    }

    deinit { values.deallocate() }
}
