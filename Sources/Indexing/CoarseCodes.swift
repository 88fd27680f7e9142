internal import CDistance
import Glibc

/// A view of a library's coarse codes (`index/README.md`): a byte a dimension, from which a scan tells that most rows
/// are too far away to be read. Valid as long as the memory behind it.
package struct CoarseCodes: @unchecked Sendable {
    // Unchecked: nothing is written through these pointers once they are handed out.
    /// D × 16: bounds of the cells of means.
    package let means: UnsafePointer<Float>
    /// D × 8: bounds of the cells of variances, and the largest variance.
    package let variances: UnsafePointer<Float>
    /// A bit a row, `wordsPerGroup` words a group: rows that have no code.
    package let unbounded: UnsafePointer<UInt64>
    /// D × `groupSize` bytes a group.
    package let codes: UnsafePointer<UInt8>

    /// Rows whose codes lie together.
    package static let groupSize = Int(MIXTAPE_GROUP)
    /// Words of marks a group.
    package static let wordsPerGroup = groupSize / 64
    static let meanCells = Int(MIXTAPE_MEAN_CELLS)
    static let varianceCells = Int(MIXTAPE_VARIANCE_CELLS)

    /// Whether an index keeps codes: below so many rows, and above such a width, a plain scan is as good.
    package static func areKept(count: Int, dimension: Int) -> Bool { count >= 4096 && dimension <= 4096 }

    /// Groups that hold `count` rows.
    package static func groups(_ count: Int) -> Int { (count + groupSize - 1) / groupSize }

    /// Whether a group has rows without a code.
    package func hasUnbounded(group: Int) -> Bool {
        (0..<Self.wordsPerGroup).contains { unbounded[group * Self.wordsPerGroup + $0] != 0 }
    }

    /// Where the parts of the codes lie in one stretch of memory: each at a multiple of 64 bytes.
    package struct Layout: Sendable {
        /// Places in bytes; the means' is 0.
        package let variances, unbounded, codes, size: Int

        /// Codes of `count` rows of `dimension` values.
        package init(count: Int, dimension: Int) {
            variances = dimension * CoarseCodes.meanCells * 4
            unbounded = variances + (dimension * CoarseCodes.varianceCells * 4 + 63) & ~63
            codes = unbounded + CoarseCodes.groups(count) * CoarseCodes.wordsPerGroup * 8
            size = codes + CoarseCodes.groups(count) * CoarseCodes.groupSize * dimension
        }

        /// The codes in the memory from `base`, a multiple of 64 bytes.
        package func view(_ base: UnsafeRawPointer) -> CoarseCodes {
            CoarseCodes(
                means: base.assumingMemoryBound(to: Float.self),
                variances: (base + variances).assumingMemoryBound(to: Float.self),
                unbounded: (base + unbounded).assumingMemoryBound(to: UInt64.self),
                codes: (base + codes).assumingMemoryBound(to: UInt8.self))
        }
    }

    /// Writes the codes of rows to `base`, which has room for `Layout.size` bytes.
    ///
    /// The cells hold equal shares of the means, and equal steps of the log variance between its 1st and 99th
    /// percentile: measured on real libraries, this leaves the fewest rows to evaluate. Any cells give right rankings.
    ///
    /// - Parameters:
    ///   - means, variances: count × stride floats; what lies beyond the dimension isn't read.
    package static func write(
        means: UnsafePointer<Float>, variances: UnsafePointer<Float>, count: Int, dimension: Int,
        stride: Int, to base: UnsafeMutableRawPointer
    ) {
        let layout = Layout(count: count, dimension: dimension)
        memset(base, 0, layout.codes)
        let meanBounds = base.assumingMemoryBound(to: Float.self)
        let varianceBounds = (base + layout.variances).assumingMemoryBound(to: Float.self)
        let largest = largestVariances(variances, count: count, dimension: dimension, stride: stride)
        for d in 0..<dimension {
            let means = sample(means + d, count, stride) { $0.isFinite }
            for i in 0..<meanCells - 1 {
                meanBounds[d * meanCells + i] = quantile(means, Double(i + 1) / Double(meanCells))
            }
            let variances = sample(variances + d, count, stride) { $0 > 0 && $0.isFinite }
            let low = log(Double(quantile(variances, 0.01, orElse: 1)))
            let high = log(Double(quantile(variances, 0.99, orElse: 1)))
            let last = varianceCells - 1
            for i in 0..<last {
                let step = low + (high - low) * Double(i) / Double(last - 1)
                varianceBounds[d * varianceCells + i] = Float(exp(step))
            }
            varianceBounds[d * varianceCells + last] = largest[d]
        }
        var grid = mixtape_grid(dimension: dimension, means: meanBounds, variances: varianceBounds)
        var rows = mixtape_rows(
            means: means, variances: variances, log_determinants: nil, stride: stride)
        let codes = (base + layout.codes).assumingMemoryBound(to: UInt8.self)
        let unbounded = (base + layout.unbounded).assumingMemoryBound(to: UInt64.self)
        for group in 0..<groups(count) {
            let first = group * groupSize
            mixtape_encode(
                &grid, &rows, first, min(groupSize, count - first), codes + group * groupSize * dimension,
                unbounded + group * wordsPerGroup)
        }
    }

    /// Rows that the bounds of the cells are chosen by.
    private static let sampleSize = 2048

    private static func sample(
        _ values: UnsafePointer<Float>, _ count: Int, _ stride: Int, where isUsable: (Float) -> Bool
    ) -> [Float] {
        let size = min(count, sampleSize)
        return (0..<size).map { values[$0 * count / size * stride] }.filter(isUsable).sorted()
    }

    private static func quantile(_ sorted: [Float], _ share: Double, orElse other: Float = 0) -> Float {
        sorted.isEmpty ? other : sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
    }

    private static func largestVariances(
        _ variances: UnsafePointer<Float>, count: Int, dimension: Int, stride: Int
    ) -> [Float] {
        var largest = [Float](repeating: .leastNormalMagnitude, count: dimension)
        largest.withUnsafeMutableBufferPointer { largest in
            for row in 0..<count {
                let variances = variances + row * stride
                for d in 0..<dimension {
                    let value = variances[d]
                    largest[d] = value > largest[d] && value < .infinity ? value : largest[d]
                }
            }
        }
        return largest
    }
}
