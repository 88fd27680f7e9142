import Base
import Distributions
import Foundation
import Indexing
import Retrieval
import TestSupport
import Testing

/// Far more clips, and far more videos, than anybody is expected to have: every distance is a number, and the nearest are
/// the nearest.
@Suite struct ExtremeSizeTests {
    /// 55 hours in clips of two seconds, beside short videos.
    @Test func aVideoOfAHundredThousandClips() throws {
        let (dimension, count) = (8, 100_000)
        let folder = try TemporaryFolder()
        let index = try VideoIndex.open(
            writingTo: folder.path, model: IndexModel(name: "test", fingerprint: "00", dimension: dimension),
            durability: .process)
        defer { index.close() }
        var generator = SeededGenerator(seed: 5)
        func gaussian() -> Gaussian {
            Gaussian(
                mean: (0..<dimension).map { _ in Float(Float16(Float(generator.next() % 4001) / 500 - 4)) },
                logVariance: (0..<dimension).map { _ in Float(Float16(-Float(generator.next() % 3000) / 1000))
                })
        }
        func store(_ path: String, _ gaussians: [Gaussian]) throws -> Int64 {
            try index.store(
                FileIdentity(path: path, fingerprint: path, size: 1, modified: 1),
                facts: StreamFacts(
                    container: "mp4", codec: "h264", width: 64, height: 64,
                    duration: Double(2 * gaussians.count),
                    frameRate: 25),
                intervals: gaussians.indices.map {
                    TimeRange(start: Double(2 * $0), stop: Double(2 * $0 + 2))
                },
                mixture: GaussianMixture(components: gaussians))
        }
        let long = (0..<count).map { _ in gaussian() }
        let id = try store("/v/long.mp4", long)
        for number in 0..<20 { _ = try store("/v/\(number).mp4", (0..<3).map { _ in gaussian() }) }

        // The law of total variance, by hand, in double precision.
        let moments = GaussianMixture(components: long).moments()
        for d in 0..<dimension {
            let mean = long.reduce(0) { $0 + Double($1.mean[d]) } / Double(count)
            let variance =
                long.reduce(0) {
                    $0 + exp(Double($1.logVariance[d])) + (Double($1.mean[d]) - mean)
                        * (Double($1.mean[d]) - mean)
                } / Double(count)
            #expect(abs(Double(moments.mean[d]) - mean) < 1e-5)
            #expect(abs(Double(moments.variance[d]) - variance) < 1e-5 * variance)
        }
        let engine = try SearchEngine(index: index)
        let whole = try engine.rank(query: GaussianMixture(components: long), fingerprint: "", limit: 100)
        #expect(whole.count == 21)
        #expect(whole.first?.video.id == id && whole.first?.distance == 0)
        #expect(whole.allSatisfy { $0.distance.isFinite && $0.distance >= 0 })

        // One segment is enough to see; each further one is looked for along the whole video again.
        let aligner = Aligner(AlignmentOptions(limit: 1))
        // By parts it is compared with itself, which would be ten billion distances.
        let track = ClipTrack(
            intervals: long.indices.map { TimeRange(start: Double(2 * $0), stop: Double(2 * $0 + 2)) },
            gaussians: long)
        let wholeByParts = try engine.rank(
            parts: PartQuery(
                whole: SearchQuery(mixture: GaussianMixture(components: long), fingerprint: ""), track: track),
            options: SearchOptions(limit: 100), information: ClipInformation(empty: []), aligner: aligner)
        #expect(wholeByParts.first?.video.id == id && wholeByParts.first?.distance == 0)
        #expect(wholeByParts.allSatisfy { $0.distance.isFinite && $0.distance >= 0 })
        let overlap = try #require(wholeByParts.first?.segments.first)
        #expect(abs(overlap.offset) < 2 && overlap.query.duration > 190_000, "\(overlap)")

        // A dozen of its clips lead back to their place.
        let excerpt = ClipTrack(
            intervals: (0..<12).map { (clip: Int) in
                TimeRange(start: Double(2 * clip), stop: Double(2 * clip + 2))
            },
            gaussians: Array(long[70_000..<70_012]))
        let query = SearchQuery(mixture: GaussianMixture(components: excerpt.gaussians), fingerprint: "")
        let found = try engine.rank(
            parts: PartQuery(whole: query, track: excerpt), options: SearchOptions(limit: 3),
            information: ClipInformation(empty: []), aligner: aligner)
        #expect(found.first?.video.id == id)
        let place = try #require(found.first?.segments.first)
        #expect(abs(place.target.start - 140_000) < 4 && abs(place.target.stop - 140_024) < 4, "\(place)")
        #expect(found.allSatisfy { $0.distance.isFinite && $0.distance >= 0 })
    }

    /// Ten to the six rows, some of them as far out as float16 allows.
    @Test func aMillionRows() throws {
        let (count, dimension, stride) = (1_000_000, 12, 16)
        let means = UnsafeMutablePointer<Float>.allocate(capacity: count * stride)
        let variances = UnsafeMutablePointer<Float>.allocate(capacity: count * stride)
        let logDeterminants = UnsafeMutablePointer<Float>.allocate(capacity: count)
        defer {
            means.deallocate()
            variances.deallocate()
            logDeterminants.deallocate()
        }
        var generator = SeededGenerator(seed: 6)
        for row in 0..<count {
            var logDeterminant = 0.0
            // Every thousandth video is as extreme as an encoder can make one.
            let isExtreme = row % 1000 == 999
            for d in 0..<stride {
                let bits = generator.next()
                let unit = Float(bits >> 40) / Float(1 << 24)
                let isPadding = d >= dimension
                means[row * stride + d] =
                    isPadding ? 0 : isExtreme ? (bits & 1 == 0 ? 65504 : -65504) : 8 * unit - 4
                let logVariance = Float(bits & 0xFFFF) / 65536 * (isExtreme ? 14 : 2) - (isExtreme ? 10 : 1)
                variances[row * stride + d] = isPadding ? 1 : exp(logVariance)
                if !isPadding { logDeterminant += log(Double(variances[row * stride + d])) }
            }
            logDeterminants[row] = Float(logDeterminant)
        }
        let rows = MomentsRows(
            means: means, variances: variances, logDeterminants: logDeterminants, count: count,
            dimension: dimension, stride: stride)
        for asked in [0, 123_456, 999_999] {
            let query = rows.moments(asked)
            let nearest = try MomentsScan(query: query).nearest(in: rows, limit: 10)
            var literal: [ScoredRow] = []
            for row in 0..<count {
                let distance = Bhattacharyya.closedForm(
                    query, mean: rows.mean(row), variance: rows.variance(row))
                guard distance.isFinite, distance >= 0 else {
                    Issue.record("row \(row) lies at \(distance)")
                    return
                }
                if literal.count < 10 || distance < literal[9].distance {
                    literal.append(ScoredRow(row: row, distance: distance))
                    literal.sort { ($0.distance, $0.row) < ($1.distance, $1.row) }
                    if literal.count > 10 { literal.removeLast() }
                }
            }
            #expect(nearest.first == ScoredRow(row: asked, distance: 0))
            #expect(Array(nearest.prefix(10)) == literal)
        }
    }
}
