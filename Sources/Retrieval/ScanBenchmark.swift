internal import CDistance
import Distributions
import Glibc

/// What a scan of synthetic moments took, beside reading the same memory.
public struct ScanBenchmarkResult: Sendable, Codable {
    /// Videos.
    public var rows: Int
    /// D.
    public var dimension: Int
    /// Threads, of the scan and of the reading alike.
    public var threads: Int
    /// Runs that each median is of.
    public var repeats: Int
    /// Instruction set that the scan ran on: `portable`, `avx2` or `avx512`.
    public var instructions: String
    /// Bytes of moments that a scan reads.
    public var bytes: Int
    /// Median time of a query: scan, selection of the nearest 20 and their distances in double precision.
    public var scanSeconds: Double
    /// Median time of a plain SIMD sum over the same bytes with the same threads.
    public var readSeconds: Double
    /// `bytes` over `scanSeconds`, 10⁹ bytes a second.
    public var scanGigabytesPerSecond: Double
    /// `bytes` over `readSeconds`, 10⁹ bytes a second.
    public var readGigabytesPerSecond: Double
    /// Scan bandwidth over read bandwidth.
    public var shareOfReadBandwidth: Double
}

/// Times the exact scan against the memory's read bandwidth on synthetic moments.
public enum ScanBenchmark {
    /// Fills `rows` × `dimension` moments, then times queries and plain reads of the same memory in turns.
    ///
    /// - Parameters:
    ///   - threads: nil takes as many as a search would.
    ///   - repeats: of each, interleaved; the medians are reported.
    ///   - seed: of the synthetic moments.
    public static func run(
        rows count: Int, dimension: Int, threads: Int? = nil, repeats: Int = 9, seed: UInt64 = 1
    ) -> ScanBenchmarkResult {
        precondition(count > 0 && dimension > 0 && repeats > 0, "nothing to measure")
        let library = SyntheticMoments(count: count, dimension: dimension, seed: seed)
        let rows = library.rows
        let scan = MomentsScan(query: rows.moments(count / 2), threads: threads)
        let threads = scan.threadCount(for: count)

        var scanTimes: [Double] = []
        var readTimes: [Double] = []
        var sum: Float = 0
        for turn in 0...repeats {
            let read = seconds { sum += library.read(threads: threads) }
            let search = seconds { _ = try? scan.nearest(in: rows, limit: 20) }
            // The first turn warms the caches, the threads and the clock.
            if turn > 0 {
                readTimes.append(read)
                scanTimes.append(search)
            }
        }
        // Looked at, so that the reading can't be optimised away.
        precondition(!sum.isNaN, "synthetic moments are finite")

        let bytes = count * rows.stride * 2 * MemoryLayout<Float>.stride
        let scanSeconds = median(scanTimes)
        let readSeconds = median(readTimes)
        return ScanBenchmarkResult(
            rows: count, dimension: dimension, threads: threads, repeats: repeats,
            instructions: "\(ScanVariant.best)", bytes: bytes, scanSeconds: scanSeconds,
            readSeconds: readSeconds, scanGigabytesPerSecond: Double(bytes) / scanSeconds * 1e-9,
            readGigabytesPerSecond: Double(bytes) / readSeconds * 1e-9,
            shareOfReadBandwidth: readSeconds / scanSeconds)
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    private static func seconds(_ body: () -> Void) -> Double {
        let time = ContinuousClock().measure(body)
        return Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
    }
}

/// Moments with the spread of an encoder's, in memory laid out as in the mapped file.
private final class SyntheticMoments: @unchecked Sendable {
    // Unchecked: written to in `init` alone.
    private let values: UnsafeMutablePointer<Float>
    private let matrix: Int
    let rows: MomentsRows

    init(count: Int, dimension: Int, seed: UInt64) {
        let stride = (dimension + 15) / 16 * 16
        matrix = count * stride
        let bytes = (2 * matrix + count) * MemoryLayout<Float>.stride
        values = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
            .bindMemory(to: Float.self, capacity: 2 * matrix + count)
        let (means, variances, logDeterminants) = (values, values + matrix, values + 2 * matrix)
        var generator = SeededGenerator(seed: seed)
        // A variance is 2⁻¹⁰ times a power of 2 that the row shares, give or take an eighth in each of 16 steps:
        // a table of logarithms then makes the log determinants without a logarithm per value.
        let steps = (0..<16).map { Float(1 + (Double($0) - 7.5) / 64) }
        let logSteps = steps.map { log(Double($0)) }
        for row in 0..<count {
            let scale = Float(sign: .plus, exponent: -12 + Int(generator.next() % 5), significand: 1)
            var logDeterminant = Double(dimension) * log(Double(scale))
            for d in 0..<stride {
                guard d < dimension else {
                    means[row * stride + d] = 0
                    variances[row * stride + d] = 1
                    continue
                }
                let bits = generator.next()
                let step = Int(bits & 15)
                means[row * stride + d] = Float(Int64(bits >> 40) - (1 << 23)) * 0x1p-26
                variances[row * stride + d] = scale * steps[step]
                logDeterminant += logSteps[step]
            }
            logDeterminants[row] = Float(logDeterminant)
        }
        rows = MomentsRows(
            means: means, variances: variances, logDeterminants: logDeterminants, count: count,
            dimension: dimension, stride: stride)
    }

    deinit { values.deallocate() }

    /// The sum of all means and variances.
    func read(threads: Int) -> Float {
        let blocks = RowBlocks(count: 2 * rows.count, size: 2048, threads: threads, threshold: 0)
        let parts = try? blocks.accumulate(Float(0), isCancelled: { false }) { sum, block in
            sum += mixtape_read(
                ScanVariant.best.native, self.values + block.lowerBound * self.rows.stride,
                block.count * self.rows.stride)
            return nil
        }
        return (parts ?? []).reduce(0, +)
    }
}
