import Distributions
import Foundation
import Testing

/// The plane of greatest spread, against the covariance matrix written out.
@Suite struct PrincipalPlaneTests {
    private func points(_ count: Int, _ dimension: Int, seed: UInt64) -> [[Float]] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            (0..<dimension).map { (d: Int) -> Float in
                let spread: Double = d == 3 ? 9 : d == 1 ? 4 : 1
                let uniform = Double(generator.next() >> 11) / 0x1p53
                return Float((uniform - 0.5) * spread)
            }
        }
    }

    private func covariance(_ points: [[Float]]) -> [[Double]] {
        let dimension = points[0].count
        let mean = (0..<dimension).map { d in points.reduce(0) { $0 + Double($1[d]) } / Double(points.count) }
        return (0..<dimension).map { a in
            (0..<dimension).map { b in
                points.reduce(0.0) { (sum: Double, point: [Float]) -> Double in
                    sum + (Double(point[a]) - mean[a]) * (Double(point[b]) - mean[b])
                }
            }
        }
    }

    /// Each axis is an eigenvector, and what it leaves is less than what it shows.
    @Test func axesAreTheCovariancesOwn() {
        let cloud = points(200, 6, seed: 4)
        let plane = PrincipalPlane(through: cloud)
        let matrix = covariance(cloud)
        let total = (0..<6).reduce(0) { $0 + matrix[$1][$1] }
        for (axis, share) in zip(plane.axes, plane.shares) {
            let image = matrix.map { row in zip(row, axis).reduce(0) { $0 + $1.0 * $1.1 } }
            for d in 0..<6 { #expect(abs(image[d] - share * total * axis[d]) < 1e-4 * total) }
            #expect(abs(axis.reduce(0) { $0 + $1 * $1 } - 1) < 1e-9)
        }
        #expect(abs(zip(plane.axes[0], plane.axes[1]).reduce(0) { $0 + $1.0 * $1.1 }) < 1e-9)
        #expect(plane.shares[0] > plane.shares[1] && plane.shares[0] > 0.6)
        // The widest directions were drawn into the points.
        #expect(abs(plane.axes[0][3]) > 0.9 && abs(plane.axes[1][1]) > 0.9)
    }

    @Test func aGaussianKeepsItsShapeInThePlane() {
        let cloud: [[Float]] = [[-2, 0, 0], [2, 0, 0], [0, -1, 0], [0, 1, 0]]
        let plane = PrincipalPlane(through: cloud)
        let placed = plane.project(
            Gaussian(mean: [1, 0.5, 7], logVariance: [Float(log(0.25)), Float(log(0.09)), 3]))
        #expect(abs(placed.x - 1) < 1e-6 && abs(placed.y - 0.5) < 1e-6)
        #expect(abs(placed.xx - 0.25) < 1e-6 && abs(placed.yy - 0.09) < 1e-6 && abs(placed.xy) < 1e-6)
    }

    @Test func pointsThatDoNotSpreadHaveNoAxes() {
        for cloud: [[Float]] in [[[1, 2, 3]], [[1, 2, 3], [1, 2, 3]]] {
            let plane = PrincipalPlane(through: cloud)
            #expect(plane.shares == [0, 0])
            let placed = plane.project(Gaussian(mean: [1, 2, 3], logVariance: [0, 0, 0]))
            #expect(placed == PlanarGaussian(x: 0, y: 0, xx: 0, xy: 0, yy: 0))
        }
        // On a line the second axis shows nothing.
        let line = PrincipalPlane(through: (0..<9).map { [Float($0), Float($0) * 2, 0] })
        #expect(abs(line.shares[0] - 1) < 1e-9 && line.shares[1] < 1e-9)
    }

    @Test func thePlaneIsTheSameEveryTime() {
        let cloud = points(5000, 16, seed: 9)
        #expect(PrincipalPlane(through: cloud).axes == PrincipalPlane(through: cloud).axes)
    }
}
