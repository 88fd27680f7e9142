internal import CDistance
internal import Dispatch
internal import Synchronization

import Distributions
import Indexing
import Retrieval

/// What a search of synthetic moments took, beside reading memory.
public struct ScanBenchmarkResult: Sendable {
    /// Rows of the library.
    public var videos: Int
    /// D.
    public var dimension: Int
    /// Queries that were searched for together.
    public var queries: Int
    /// Threads, of the search and of the reading alike.
    public var threads: Int
    /// Runs that each median is of.
    public var rounds: Int
    /// Instruction set that the search ran on: `portable`, `avx2` or `avx512`.
    public var instructions: String
    /// Bytes that a search reads: the coarse codes, once for all queries, and the moments of the rows that they do not
    /// rule out; or, of few videos, all moments.
    public var bytes: Int
    /// Rows a query, on average, that its codes did not rule out.
    public var pickedRows: Double
    /// Median time of the whole batch: each query's nearest 20, distances in double precision.
    public var seconds: Double
    /// Median bandwidth of a plain SIMD sum over the moments with the same threads, 10⁹ bytes a second.
    public var bandwidthGigabytesPerSecond: Double

    /// `bytes` over `seconds`, 10⁹ bytes a second.
    public var readGigabytesPerSecond: Double { Double(bytes) / seconds * 1e-9 }
    /// How much of the machine's bandwidth the search uses.
    public var shareOfBandwidth: Double { readGigabytesPerSecond / bandwidthGigabytesPerSecond }
}

/// Times the exact search against the memory's bandwidth on synthetic moments.
public enum ScanBenchmark {
    /// Makes a library, then times searches and plain reads of its memory in turns.
    ///
    /// - Parameters:
    ///   - queries: videos of the library, searched for together.
    ///   - threads: nil takes as many as a search would.
    ///   - rounds: of each, interleaved; the medians are reported.
    ///   - seed: of the synthetic moments.
    public static func run(
        videos: Int, dimension: Int, queries: Int = 1, threads: Int? = nil, rounds: Int = 9,
        spread: SyntheticVideos.Spread = .library, seed: UInt64 = 1
    ) -> ScanBenchmarkResult {
        precondition(videos > 0 && dimension > 0 && queries > 0 && rounds > 0, "nothing to measure")
        let library = SyntheticMoments(count: videos, dimension: dimension, spread: spread, seed: seed)
        let rows = library.rows
        let chosen = (0..<queries).map { rows.moments(($0 * 2 + 1) * videos / (2 * queries)) }
        let limit = 20
        func scan() -> BatchScan {
            BatchScan(chosen.map { RankingGoal(ScanQuery($0), limit: limit) }, threads: threads)
        }
        let threads = scan().threadCount(for: rows)

        var searches: [Double] = []
        var reads: [Double] = []
        var sum: Float = 0
        var picked = 0
        for turn in 0...rounds {
            let read = seconds { sum += library.read(threads: threads) }
            let search = seconds {
                _ = try? scan().nearest(in: rows, countingPicked: &picked, isCancelled: { false })
            }
            // The first turn warms the caches, the threads and the clock.
            if turn > 0 {
                reads.append(read)
                searches.append(search)
            }
        }
        // Looked at, so that the reading can't be optimised away.
        precondition(!sum.isNaN, "synthetic moments are finite")

        let moments = videos * rows.stride * 2 * MemoryLayout<Float>.stride
        let usesCodes = BatchScan.usesCodes(rows, limit: limit)
        let codes =
            CoarseCodes.groups(videos) * CoarseCodes.groupSize * dimension
            + picked * rows.stride * 2 * MemoryLayout<Float>.stride
        return ScanBenchmarkResult(
            videos: videos, dimension: dimension, queries: queries, threads: threads, rounds: rounds,
            instructions: "\(ScanVariant.best)", bytes: usesCodes ? codes : moments,
            pickedRows: Double(picked) / Double(queries), seconds: median(searches),
            bandwidthGigabytesPerSecond: Double(moments) / median(reads) * 1e-9)
    }
}

/// Synthetic moments and their codes, in memory laid out as in the mapped file.
package final class SyntheticMoments: @unchecked Sendable {
    // Unchecked: written to in `init` alone.
    private let memory: UnsafeMutableRawPointer
    /// The rows, valid as long as this.
    package let rows: MomentsRows

    /// - Parameter hasCodes: nil as an index of so many videos would.
    package init(
        count: Int, dimension: Int, spread: SyntheticVideos.Spread = .library, seed: UInt64,
        hasCodes: Bool? = nil
    ) {
        let stride = (dimension + 15) / 16 * 16
        let matrix = count * stride * 4
        let logDeterminantBytes = (count * 4 + 63) & ~63
        let layout = CoarseCodes.Layout(count: count, dimension: dimension)
        let codes = 2 * matrix + logDeterminantBytes
        memory = UnsafeMutableRawPointer.allocate(byteCount: codes + layout.size, alignment: 64)
        let means = memory.bindMemory(to: Float.self, capacity: count * stride)
        let variances = (memory + matrix).bindMemory(to: Float.self, capacity: count * stride)
        let logDeterminants = (memory + 2 * matrix).bindMemory(to: Float.self, capacity: count)
        var generator = SeededGenerator(seed: seed)
        let videos = SyntheticVideos(dimension: dimension, spread: spread, generator: &generator)
        for row in 0..<count {
            let (mean, variance) = (means + row * stride, variances + row * stride)
            logDeterminants[row] = Float(videos.draw(mean: mean, variance: variance, generator: &generator))
            for d in dimension..<stride { (mean[d], variance[d]) = (0, 1) }
        }
        let coded = hasCodes ?? CoarseCodes.areKept(count: count, dimension: dimension)
        if coded {
            CoarseCodes.write(
                means: means, variances: variances, count: count, dimension: dimension, stride: stride,
                to: memory + codes)
        }
        rows = MomentsRows(
            means: means, variances: variances, logDeterminants: logDeterminants, count: count,
            dimension: dimension, stride: stride, codes: coded ? layout.view(memory + codes) : nil)
    }

    deinit { memory.deallocate() }

    /// The sum of all means and variances.
    fileprivate func read(threads: Int) -> Float {
        let (size, count) = (2048, 2 * rows.count)
        let next = Atomic(0)
        let total = Mutex<Float>(0)
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            var sum: Float = 0
            while true {
                let start = next.add(size, ordering: .relaxed).oldValue
                if start >= count { break }
                sum += mixtape_read(
                    mixtape_variant(ScanVariant.best.rawValue), rows.means + start * rows.stride,
                    min(size, count - start) * rows.stride)
            }
            total.withLock { $0 += sum }
        }
        return total.withLock { $0 }
    }
}
