import Base
import Distributions
import Foundation
import Indexing
import Retrieval
import Testing

/// The engine over a real index in a temporary folder.
@Suite final class SearchEngineTests {
    static let dimension = 20
    private let opened: OpenIndex
    var index: VideoIndex { opened.index }

    init() throws {
        opened = try OpenIndex(dimension: Self.dimension)
    }

    /// Values that float16 would change, as a file straight from the encoder may have.
    static func mixture(_ seed: UInt64, dimension: Int = dimension) -> GaussianMixture {
        var generator = SeededGenerator(seed: seed)
        return GaussianMixture(
            components: (0..<Int(1 + seed % 3)).map { _ in
                Gaussian(
                    mean: (0..<dimension).map { _ in Float(generator.nextNormal() * 0.2) },
                    logVariance: (0..<dimension).map { _ in Float(-7 + generator.nextNormal()) })
            })
    }

    @discardableResult
    func store(_ path: String, _ mixture: GaussianMixture, fingerprint: String = "00") throws -> Int64 {
        try index.store(
            FileIdentity(path: path, fingerprint: fingerprint, size: 1, modified: 1),
            facts: StreamFacts(
                container: "mp4", codec: "h264", width: 64, height: 64, duration: 1, frameRate: 25),
            intervals: mixture.components.indices.map {
                TimeRange(start: Double($0), stop: Double($0) + 1)
            },
            mixture: mixture)
    }

    func fill(_ count: Int) throws {
        for i in 0..<count { try store("/v/\(i).mp4", Self.mixture(UInt64(i)), fingerprint: "f\(i)") }
    }

    @Test func aVideoFindsItselfAtDistanceNought() throws {
        try fill(60)
        let engine = try SearchEngine(index: index)
        for i in [0, 7, 59] {
            let matches = try engine.rank(
                query: Self.mixture(UInt64(i)), fingerprint: "f\(i)", limit: 5)
            #expect(matches.map(\.rank) == [1, 2, 3, 4, 5])
            #expect(matches[0].video.identity.path == "/v/\(i).mp4")
            #expect(matches[0].distance == 0)
            #expect(matches[1].distance > 0)
            #expect(matches.map(\.distance) == matches.map(\.distance).sorted())
        }
    }

    @Test func agreesWithTheStoredMixtures() throws {
        try fill(40)
        let engine = try SearchEngine(index: index)
        let query = try #require(try index.video(atPath: "/v/3.mp4"))
        let mixture = try index.mixture(ofVideo: query.id).mixture
        for lambda in [0.5, 1] {
            let matches = try engine.rank(
                query: mixture, fingerprint: "f3", options: SearchOptions(limit: 40, lambda: lambda))
            #expect(matches.count == 40)
            for match in matches {
                let other = try index.mixture(ofVideo: match.video.id).mixture.moments()
                let expected = Bhattacharyya.closedForm(mixture.moments(), other, lambda: lambda)
                #expect(match.distance == expected)
                #expect(abs(match.uncertainty - other.uncertainty) < 1e-12)
            }
        }
    }

    @Test func tiesRankByTheBytesOfThePath() throws {
        try fill(10)
        let twin = Self.mixture(3)
        for path in ["/b.mp4", "/v/10.mp4", "/a.mp4", "/é.mp4", "/Z.mp4", "/v/3", "/e\u{301}.mp4"] {
            try store(path, twin)
        }
        let engine = try SearchEngine(index: index)
        // In UTF-8, "e" and its accent come before "v", and "é" after every ASCII letter.
        let expected = [
            "/Z.mp4", "/a.mp4", "/b.mp4", "/e\u{301}.mp4", "/v/10.mp4", "/v/3", "/v/3.mp4", "/é.mp4",
        ]
        for limit in [1, 3, 8] {
            let matches = try engine.rank(query: twin, fingerprint: "f3", limit: limit)
            let paths = matches.map { Array($0.video.identity.path.utf8) }
            #expect(paths == expected.prefix(limit).map { Array($0.utf8) })
        }
    }

    @Test func excludedVideosAndFarOnesAreLeftOut() throws {
        try fill(20)
        let engine = try SearchEngine(index: index)
        let all = try engine.rank(query: Self.mixture(4), fingerprint: "f4", limit: 20)
        let without = try engine.rank(
            query: Self.mixture(4), fingerprint: "f4",
            options: SearchOptions(limit: 3, excludedVideos: [all[0].video.id, all[2].video.id]))
        #expect(without.map(\.video.id) == [1, 3, 4].map { all[$0].video.id })
        #expect(without.map(\.rank) == [1, 2, 3])
        let near = try engine.rank(
            query: Self.mixture(4), fingerprint: "f4", limit: 20, maximumDistance: all[6].distance)
        #expect(near.map(\.video.id) == all.prefix(7).map(\.video.id))
    }

    @Test func seesChangesOfTheIndex() throws {
        try fill(5)
        let engine = try SearchEngine(index: index)
        #expect(try engine.rank(query: Self.mixture(9), fingerprint: "f9", limit: 9).count == 5)
        let id = try store("/new.mp4", Self.mixture(9), fingerprint: "f9")
        let found = try engine.rank(query: Self.mixture(9), fingerprint: "f9", limit: 9)
        #expect(found.count == 6 && found[0].video.id == id && found[0].distance == 0)
        try index.remove(ids: [id])
        #expect(try engine.rank(query: Self.mixture(9), fingerprint: "f9", limit: 9).count == 5)
    }

    @Test func independentNoiseIsSeededByTheFingerprints() throws {
        try fill(30)
        let engine = try SearchEngine(index: index)
        let options = SearchOptions(limit: 30, lambda: 0.9, sampling: .iid, sampleCount: 6)
        let matches = try engine.rank(query: Self.mixture(2), fingerprint: "f2", options: options)
        let again = try engine.rank(query: Self.mixture(2), fingerprint: "f2", options: options)
        #expect(matches.map(\.distance) == again.map(\.distance))
        #expect(matches.count == 30)
        func sampled(_ moments: Moments, _ fingerprint: String) -> SampledVideo {
            SampledVideo(
                moments: moments,
                noise: NoiseBank(
                    mode: .iid, sampleCount: 6, dimension: Self.dimension, fingerprint: fingerprint))
        }
        let query = try #require(try index.video(atPath: "/v/2.mp4"))
        let moments = try index.mixture(ofVideo: query.id).mixture.moments()
        for match in matches {
            let other = try index.mixture(ofVideo: match.video.id).mixture.moments()
            let expected = Bhattacharyya.factored(
                sampled(moments, "f2"), sampled(other, match.video.identity.fingerprint), lambda: 0.9)
            #expect(abs(match.distance / expected - 1) < 1e-12)
        }
    }

    @Test func emptyIndexGivesNoMatches() throws {
        let engine = try SearchEngine(index: index)
        #expect(try engine.rank(query: Self.mixture(1), fingerprint: "f", limit: 5).isEmpty)
        try fill(3)
        #expect(try engine.rank(query: Self.mixture(1), fingerprint: "f", limit: 0).isEmpty)
    }

    @Test func refusalsAreTyped() throws {
        try fill(3)
        let engine = try SearchEngine(index: index)
        #expect(
            reason { _ = try engine.rank(query: Self.mixture(1, dimension: 8), fingerprint: "", limit: 1) }
                == .otherModel)
        var broken = Self.mixture(1)
        broken.components[0].mean[0] = .nan
        #expect(reason { _ = try engine.rank(query: broken, fingerprint: "", limit: 1) } == .failed)
        do {
            _ = try engine.rank(
                query: Self.mixture(1), fingerprint: "", options: SearchOptions(), isCancelled: { true })
            Issue.record("a cancelled search returned")
        } catch {
            guard case .cancelled = error else { throw error }
        }
    }

    private func reason(_ body: () throws -> Void) -> IndexError.Reason? {
        do {
            try body()
            return nil
        } catch {
            return (error as? IndexError)?.reason
        }
    }
}
