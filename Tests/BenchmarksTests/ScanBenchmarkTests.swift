import Benchmarks
import Testing

@Suite struct ScanBenchmarkTests {
    @Test func reportsWhatItMeasured() {
        let result = ScanBenchmark.run(videos: 3_000, dimension: 20, queries: 3, threads: 2, rounds: 3)
        #expect(result.bytes == 3_000 * 32 * 2 * 4)
        #expect(result.threads == 2 && result.queries == 3)
        #expect(result.seconds > 0 && result.bandwidthGigabytesPerSecond > 0)
        let expected = Double(result.bytes) / result.seconds * 1e-9
        #expect(abs(result.readGigabytesPerSecond - expected) < 1e-9 * expected)
    }

    @Test func withCodesItReadsLess() {
        let result = ScanBenchmark.run(videos: 5_000, dimension: 64, threads: 1, rounds: 1)
        #expect(result.bytes >= 5_120 * 64 && result.bytes < 5_000 * 64 * 2 * 4)
        #expect(result.pickedRows > 0 && result.pickedRows < 5_000)
    }
}
