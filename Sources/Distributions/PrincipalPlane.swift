import Glibc

/// A Gaussian as it falls onto a plane: its centre and its covariance there.
public struct PlanarGaussian: Sendable, Equatable {
    /// The centre along the first axis.
    public var x: Double
    /// The centre along the second axis.
    public var y: Double
    /// The variance along the first axis.
    public var xx: Double
    /// The covariance of both.
    public var xy: Double
    /// The variance along the second axis.
    public var yy: Double

    /// A Gaussian of these parts.
    public init(x: Double, y: Double, xx: Double, xy: Double, yy: Double) {
        self.x = x
        self.y = y
        self.xx = xx
        self.xy = xy
        self.yy = yy
    }
}

/// The plane along which a cloud of points spreads most: the first two principal components.
public struct PrincipalPlane: Sendable {
    /// The points' mean, D values.
    public let center: [Double]
    /// Two orthonormal directions of D values, the wider one first; zeros where the points do not spread.
    public let axes: [[Double]]
    /// The share of the points' variance along each axis, 0 to 1.
    public let shares: [Double]

    /// More points than these are thinned out evenly before the axes are sought: a plane of two directions needs no more.
    private static let mostPoints = 2048

    /// The plane through points of one width D; at least one point.
    ///
    /// Orthogonal iteration from a fixed start, so that the same points always give the same plane; an axis'
    /// largest entry is positive.
    public init(through points: [[Float]]) {
        precondition(!points.isEmpty, "a plane needs a point")
        let dimension = points[0].count
        let thinning = max(1, (points.count + Self.mostPoints - 1) / Self.mostPoints)
        let used = stride(from: 0, to: points.count, by: thinning).map { points[$0] }
        var center = [Double](repeating: 0, count: dimension)
        for point in used { for d in 0..<dimension { center[d] += Double(point[d]) } }
        for d in 0..<dimension { center[d] /= Double(used.count) }
        let rows = used.map { point in (0..<dimension).map { Double(point[$0]) - center[$0] } }
        let total = rows.reduce(0) { $0 + Self.dot($1, $1) }

        // The start leans to every direction a little, so that it is orthogonal to no likely axis.
        var first = (0..<dimension).map { d -> Double in Double(7 + d % 7) }
        var second = (0..<dimension).map { d -> Double in Double(d % 5 - 9 * (d % 2) + 4) }
        var spread = (0.0, 0.0)
        for _ in 0..<100 {
            let before = spread
            first = Self.normalized(Self.scatter(rows, first))
            second = Self.normalized(Self.without(first, Self.scatter(rows, second)))
            spread = (Self.spread(rows, first), Self.spread(rows, second))
            if abs(spread.0 - before.0) + abs(spread.1 - before.1) <= 1e-14 * total { break }
        }
        if spread.1 > spread.0 {
            swap(&first, &second)
            swap(&spread.0, &spread.1)
        }
        self.center = center
        axes = [Self.oriented(first), Self.oriented(second)]
        shares = total > 0 ? [spread.0 / total, spread.1 / total] : [0, 0]
    }

    /// Where a Gaussian of width D falls: its mean along both axes, its covariance between them.
    public func project(_ gaussian: Gaussian) -> PlanarGaussian {
        var result = PlanarGaussian(x: 0, y: 0, xx: 0, xy: 0, yy: 0)
        for d in 0..<center.count {
            let (a, b) = (axes[0][d], axes[1][d])
            let offset = Double(gaussian.mean[d]) - center[d]
            let variance = exp(Double(gaussian.logVariance[d]))
            result.x += a * offset
            result.y += b * offset
            result.xx += a * a * variance
            result.xy += a * b * variance
            result.yy += b * b * variance
        }
        return result
    }

    /// Σ row (row · v): the scatter matrix times a vector, without the matrix.
    private static func scatter(_ rows: [[Double]], _ vector: [Double]) -> [Double] {
        var result = [Double](repeating: 0, count: vector.count)
        for row in rows {
            let along = dot(row, vector)
            for d in 0..<vector.count { result[d] += along * row[d] }
        }
        return result
    }

    private static func spread(_ rows: [[Double]], _ axis: [Double]) -> Double {
        rows.reduce(0) { sum, row in
            let along = dot(row, axis)
            return sum + along * along
        }
    }

    private static func dot(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        for d in 0..<a.count { sum += a[d] * b[d] }
        return sum
    }

    private static func without(_ axis: [Double], _ vector: [Double]) -> [Double] {
        let along = dot(axis, vector)
        return (0..<vector.count).map { vector[$0] - along * axis[$0] }
    }

    private static func normalized(_ vector: [Double]) -> [Double] {
        let length = dot(vector, vector).squareRoot()
        // What rounding leaves of a vector that should have vanished is no direction.
        guard length > 1e-12 else { return vector.map { _ in 0 } }
        return vector.map { $0 / length }
    }

    private static func oriented(_ axis: [Double]) -> [Double] {
        let largest = axis.max { abs($0) < abs($1) } ?? 0
        return largest < 0 ? axis.map { -$0 } : axis
    }
}
