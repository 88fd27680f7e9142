import Distributions
import Glibc
import Retrieval
import Testing

@Suite struct SampledScanTests {
    /// Paper eq. 4 to 6 as printed, over all K² pairs of samples.
    private func literal(
        _ a: Moments, _ noiseA: NoiseBank, _ b: Moments, _ noiseB: NoiseBank, lambda: Double
    ) -> Double {
        let width = a.dimension
        let count = noiseA.sampleCount
        var sum = 0.0
        for i in 0..<count {
            for j in 0..<count {
                for d in 0..<width {
                    let va = Double(a.variance[d])
                    let vb = Double(b.variance[d])
                    let za = Double(a.mean[d]) + sqrt(va) * noiseA.values[i * width + d]
                    let zb = Double(b.mean[d]) + sqrt(vb) * noiseB.values[j * width + d]
                    sum +=
                        (log(0.25 * (va / vb + vb / va + 2)) + lambda * (za - zb) * (za - zb) / (va + vb)) / 4
                }
            }
        }
        return sum / Double(count * count)
    }

    @Test(arguments: [1, 4], [1, 2])
    func isThePapersEstimator(sampleCount: Int, threads: Int) throws {
        let library = Library(randomMoments(150, dimension: 24, seed: 51), dimension: 24)
        let query = randomMoments(1, dimension: 24, seed: 52)[0]
        func noise(_ fingerprint: String) -> NoiseBank {
            NoiseBank(mode: .iid, sampleCount: sampleCount, dimension: 24, fingerprint: fingerprint)
        }
        let expected = library.moments.enumerated()
            .map { row, video in
                (row: row, distance: literal(query, noise("query"), video, noise("f\(row)"), lambda: 0.8))
            }
            .sorted { $0.distance < $1.distance }
        let scan = SampledScan(
            query: query, fingerprint: "query", sampleCount: sampleCount, lambda: 0.8, threads: threads)
        let candidates = library.moments.indices.map { (row: $0, fingerprint: "f\($0)") }
        let nearest = try scan.nearest(in: library.rows, candidates: candidates, limit: 30)
        #expect(nearest.map(\.row) == expected.prefix(30).map(\.row))
        for (found, expected) in zip(nearest, expected) {
            #expect(abs(found.distance / expected.distance - 1) < 1e-12)
        }
        let near = try scan.nearest(
            in: library.rows, candidates: candidates, limit: 30,
            maximumDistance: (expected[4].distance + expected[5].distance) / 2)
        #expect(near.map(\.row) == expected.prefix(5).map(\.row))
    }

    @Test func cancellationAndDamageEndIt() {
        var moments = randomMoments(100, dimension: 4, seed: 53)
        moments[60].variance[1] = .nan
        let library = Library(moments, dimension: 4)
        let scan = SampledScan(query: moments[0], fingerprint: "0", sampleCount: 2)
        let candidates = moments.indices.map { (row: $0, fingerprint: "\($0)") }
        #expect(throws: ScanFailure.notFinite(row: 60)) {
            try scan.nearest(in: library.rows, candidates: candidates, limit: 3)
        }
        #expect(throws: ScanFailure.cancelled) {
            try scan.nearest(in: library.rows, candidates: candidates, limit: 3, isCancelled: { true })
        }
    }
}
