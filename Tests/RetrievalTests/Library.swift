import Distributions
import Glibc
import Indexing
import Retrieval

/// Moments in rows padded as in the mapped file, in memory of its own. What lies between the width and the stride is
/// NaN: a scan that reads it shows.
final class Library: @unchecked Sendable {
    private(set) var moments: [Moments]
    let rows: MomentsRows
    private let means: UnsafeMutablePointer<Float>
    private let variances: UnsafeMutablePointer<Float>
    private let logDeterminants: UnsafeMutablePointer<Float>

    private let codes: UnsafeMutableRawPointer

    init(_ moments: [Moments], dimension: Int, hasCodes: Bool = false) {
        self.moments = moments
        let stride = (dimension + 15) / 16 * 16
        means = .allocate(capacity: moments.count * stride)
        variances = .allocate(capacity: moments.count * stride)
        logDeterminants = .allocate(capacity: moments.count)
        means.initialize(repeating: .nan, count: moments.count * stride)
        variances.initialize(repeating: .nan, count: moments.count * stride)
        for (row, video) in moments.enumerated() {
            for d in 0..<dimension {
                means[row * stride + d] = video.mean[d]
                variances[row * stride + d] = video.variance[d]
            }
            logDeterminants[row] = Float(video.logDeterminant)
        }
        let layout = CoarseCodes.Layout(count: moments.count, dimension: dimension)
        codes = .allocate(byteCount: layout.size, alignment: 64)
        if hasCodes {
            CoarseCodes.write(
                means: means, variances: variances, count: moments.count, dimension: dimension,
                stride: stride, to: codes)
        }
        rows = MomentsRows(
            means: means, variances: variances, logDeterminants: logDeterminants, count: moments.count,
            dimension: dimension, stride: stride, codes: hasCodes ? layout.view(codes) : nil)
    }

    deinit {
        means.deallocate()
        variances.deallocate()
        logDeterminants.deallocate()
        codes.deallocate()
    }

    /// Every row's distance by the printed formula in double precision: the oracle.
    func literalDistances(to query: Moments, lambda: Double = 1) -> [Double] {
        moments.map { video in
            var sum = 0.0
            for d in 0..<query.dimension {
                let a = Double(query.variance[d])
                let b = Double(video.variance[d])
                let offset = Double(query.mean[d]) - Double(video.mean[d])
                sum += log(0.25 * (a / b + b / a + 2)) + lambda * offset * offset / (a + b)
            }
            return sum / 4
        }
    }

    /// What a full sort by double-precision distance, then row, gives.
    func sorted(by query: Moments, lambda: Double = 1) -> [ScoredRow] {
        moments.indices
            .map {
                ScoredRow(
                    row: $0, distance: Bhattacharyya.closedForm(query, moments[$0], lambda: lambda))
            }
            .sorted { ($0.distance, $0.row) < ($1.distance, $1.row) }
    }
}

/// Seeded moments as encoders make them: means near the unit sphere, log variances in a range.
func randomMoments(
    _ count: Int, dimension: Int, seed: UInt64, logVariance: ClosedRange<Double> = -10...4
) -> [Moments] {
    var generator = SeededGenerator(seed: seed)
    let width = logVariance.upperBound - logVariance.lowerBound
    return (0..<count).map { _ in
        Moments(
            mean: (0..<dimension).map { _ in
                Float(generator.nextNormal() / Double(dimension).squareRoot())
            },
            variance: (0..<dimension).map { _ in
                Float(exp(logVariance.lowerBound + width * generator.nextUniform()))
            })
    }
}
