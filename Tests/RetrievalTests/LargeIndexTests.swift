import Base
import Benchmarks
import Distributions
import Foundation
import Indexing
import Retrieval
import TestSupport
import Testing

/// An index large enough for coarse codes: searches read a part of it, and trust only what they have checked.
@Suite final class LargeIndexTests {
    static let dimension = 20
    static let count = 4_200
    static let model = IndexModel(name: "test", fingerprint: "00", dimension: dimension)
    private let home: TemporaryFolder
    var folder: String { home.path }
    let mixtures: [GaussianMixture]

    init() throws {
        home = try TemporaryFolder()
        var generator = SeededGenerator(seed: 8)
        let videos = SyntheticVideos(dimension: Self.dimension, generator: &generator)
        mixtures = (0..<Self.count).map { videos.draw(clips: 1 + $0 % 3, generator: &generator) }
        let index = try VideoIndex.open(writingTo: home.path, model: Self.model, durability: .process)
        _ = try index.store(
            mixtures.enumerated().map { number, mixture in
                NewVideo(
                    identity: FileIdentity(
                        path: "/v/\(number).mp4", fingerprint: "f\(number)", size: 1, modified: 1),
                    facts: StreamFacts(
                        container: "mp4", codec: "h264", width: 64, height: 64, duration: 1, frameRate: 25),
                    intervals: mixture.components.indices.map {
                        TimeRange(start: Double($0), stop: Double($0) + 1)
                    }, mixture: mixture)
            })
        _ = try index.moments()
        index.close()
    }

    private var moments: String { folder + "/moments.bin" }

    private func opened<R>(_ body: (VideoIndex, SearchEngine) throws -> R) throws -> R {
        let index = try VideoIndex.open(readingFrom: folder)
        defer { index.close() }
        return try body(index, try SearchEngine(index: index))
    }

    /// The numbers and distances of the nearest, by evaluating every video.
    private func literal(_ number: Int, _ index: VideoIndex, limit: Int) throws -> [(
        id: Int64, distance: Double
    )] {
        let query = try index.mixture(ofVideo: Int64(number + 1)).mixture.moments()
        let all = try index.allVideos().map { video in
            let moments = try index.mixture(ofVideo: video.id).mixture.moments()
            return (id: video.id, distance: Bhattacharyya.closedForm(query, moments))
        }
        return Array(all.sorted { ($0.distance, $0.id) < ($1.distance, $1.id) }.prefix(limit))
    }

    @Test func manyQueriesGetWhatEachGetsAlone() throws {
        try opened { index, engine in
            let numbers = (0..<40).map { $0 * 101 }
            let queries = numbers.map {
                SearchQuery(
                    mixture: mixtures[$0], fingerprint: "f\($0)",
                    excludedVideos: $0 % 2 == 0 ? [] : [Int64($0 + 1)])
            }
            // Few of many, and so many that codes rule nothing out.
            for limit in [12, 3_000] {
                let together = try engine.rank(queries, options: SearchOptions(limit: limit))
                #expect(together.count == queries.count)
                for (query, matches) in zip(queries, together) {
                    let alone = try engine.rank([query], options: SearchOptions(limit: limit))[0]
                    #expect(matches.map(\.video.id) == alone.map(\.video.id))
                    #expect(matches.map(\.distance) == alone.map(\.distance))
                    #expect(matches.count == limit)
                }
            }
            for number in [0, 1_234, 4_199] {
                let matches = try engine.rank(
                    query: mixtures[number], fingerprint: "f\(number)", options: SearchOptions(limit: 15))
                let expected = try literal(number, index, limit: 15)
                #expect(matches.map(\.video.id) == expected.map(\.id))
                #expect(matches.map(\.distance) == expected.map(\.distance))
            }
            #expect(try engine.rank([], options: SearchOptions()).isEmpty)
            let iid = SearchOptions(limit: 2, sampling: .iid, sampleCount: 2)
            let sampled = try engine.rank(Array(queries.prefix(2)), options: iid)
            let alone = try engine.rank([queries[1]], options: iid)
            #expect(sampled[1].map(\.distance) == alone[0].map(\.distance))
        }
    }

    /// Wherever the file of moments is damaged, a search is right; where the damage mattered, the file is made anew.
    @Test func damageNeverReachesARanking() throws {
        let original = try Data(contentsOf: URL(fileURLWithPath: moments))
        let expected = try opened { index, _ in try literal(77, index, limit: 10) }
        var generator = SeededGenerator(seed: 3)
        // The rows of the nearest, and anywhere.
        let rows = expected.flatMap { row -> [Int] in
            let start = (Int(row.id) - 1) * 128
            return [192 + start + 5, 192 + Self.count * 128 + start + 70]
        }
        let places = rows + (0..<40).map { _ in Int(generator.next() % UInt64(original.count)) }
        for (round, place) in places.enumerated() {
            var data = original
            data[place] ^= 1 << UInt8(round % 8)
            try data.write(to: URL(fileURLWithPath: moments))
            try opened { _, engine in
                let matches = try engine.rank(query: mixtures[77], fingerprint: "f77", limit: 10)
                #expect(matches.map(\.video.id) == expected.map(\.id), "byte \(place)")
                #expect(matches.map(\.distance) == expected.map(\.distance), "byte \(place)")
            }
            if round < rows.count {
                #expect(try Data(contentsOf: URL(fileURLWithPath: moments)) == original, "byte \(place)")
            }
            // What reads everything is right as well, and leaves a whole file.
            #expect(try opened { index, _ in try index.moments().count } == Self.count)
            #expect(try Data(contentsOf: URL(fileURLWithPath: moments)) == original, "byte \(place)")
        }
    }

    /// A file of the former version, which had no codes, is made anew.
    @Test func anOlderFileIsReplaced() throws {
        let original = try Data(contentsOf: URL(fileURLWithPath: moments))
        var data = original
        data[8] = 1
        try data.write(to: URL(fileURLWithPath: moments))
        let nearest = try opened { _, engine in
            try engine.rank(query: mixtures[5], fingerprint: "f5", limit: 1)
        }
        #expect(nearest[0].distance == 0)
        #expect(try Data(contentsOf: URL(fileURLWithPath: moments)) == original)
    }
}
