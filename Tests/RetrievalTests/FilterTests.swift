import Base
import Distributions
import Foundation
import Indexing
import Retrieval
import TestSupport
import Testing

/// Filters and unwanted examples over real indexes in a temporary folder.
@Suite final class FilterTests {
    static let dimension = 12
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A made-up file.
    struct Video {
        var path: String
        var size: Int64
        var modified: Int64
        var duration: Double?
        var mixture: GaussianMixture

        var facts: StreamFacts {
            StreamFacts(
                container: "mp4", codec: "h264", width: 64, height: 64, duration: duration, frameRate: 25)
        }
    }

    static func videos(_ count: Int) -> [Video] {
        (0..<count).map { (i: Int) -> Video in
            let folder = ["cats", "dogs", "birds"][i % 3]
            let ending = i % 2 == 0 ? "mp4" : "mkv"
            let duration: Double? = i % 5 == 0 ? nil : Double(i % 50)
            let modified = Int64(1_000_000) - Int64(i * 7 % 40)
            return Video(
                path: "/v/\(folder)/\(i).\(ending)", size: Int64(i) * 1000, modified: modified,
                duration: duration,
                mixture: SearchEngineTests.mixture(UInt64(i), dimension: dimension))
        }
    }

    func makeIndex(_ videos: [Video], _ name: String) throws -> VideoIndex {
        let index = try VideoIndex.open(
            writingTo: folder.file(name),
            model: IndexModel(name: "test", fingerprint: "00", dimension: Self.dimension),
            durability: .process)
        _ = try index.store(
            videos.map { video in
                NewVideo(
                    identity: FileIdentity(
                        path: video.path, fingerprint: video.path, size: video.size, modified: video.modified),
                    facts: video.facts,
                    intervals: video.mixture.components.indices.map {
                        TimeRange(start: Double($0), stop: Double($0) + 1)
                    }, mixture: video.mixture)
            })
        return index
    }

    static func filters() throws -> [VideoFilter] {
        func filter(_ change: (inout VideoFilter) -> Void) -> VideoFilter {
            var filter = VideoFilter()
            change(&filter)
            return filter
        }
        let cats = try #require(PathPattern("cats/*.mp4"))
        let dogs = try #require(PathPattern("/v/dogs"))
        return [
            filter { $0.paths = [cats] }, filter { $0.paths = [cats, dogs] },
            filter { $0.excludedPaths = [dogs] },
            filter { ($0.shortest, $0.longest) = (10, 20) }, filter { $0.longest = 3 },
            filter { ($0.smallest, $0.largest) = (5_000, 9_000) },
            filter { ($0.changedFrom, $0.changedBefore) = (999_970, 999_990) },
            filter {
                $0.paths = [dogs]
                $0.shortest = 7
                $0.largest = 3_000_000
            },
            filter { $0.smallest = .max },
        ]
    }

    /// What only some may answer is the ranking that an index of those alone gives, to the bit.
    @Test(arguments: [40, 5000]) func theRankingIsThatOfASmallerIndex(count: Int) throws {
        let videos = Self.videos(count)
        let index = try makeIndex(videos, "all")
        defer { index.close() }
        let engine = try SearchEngine(index: index)
        for (number, filter) in try Self.filters().enumerated() {
            let few = videos.filter { video in
                // Written out, so that the filter is not its own judge.
                let name = video.path.split(separator: "/")
                let fits = { (pattern: PathPattern) in
                    pattern.text == "/v/dogs"
                        ? name[1] == "dogs" : name[1] == "cats" && name[2].hasSuffix(".mp4")
                }
                if !filter.paths.isEmpty && !filter.paths.contains(where: fits) { return false }
                if filter.excludedPaths.contains(where: fits) { return false }
                if let least = filter.shortest, (video.duration ?? -1) < least { return false }
                if let most = filter.longest, (video.duration ?? .infinity) > most { return false }
                let (smallest, largest) = (filter.smallest ?? 0, filter.largest ?? .max)
                let (from, before) = (filter.changedFrom ?? 0, filter.changedBefore ?? .max)
                guard smallest <= video.size, video.size <= largest else { return false }
                return from <= video.modified && video.modified < before
            }
            let small = try makeIndex(few, "few\(number)")
            defer { small.close() }
            #expect(few.count < count && (number == 8) == few.isEmpty)
            for (sampling, limit) in [(SamplingMode.matched, 3), (.matched, 200), (.iid, 4)] {
                if sampling == .iid, count > 100 { continue }
                var options = SearchOptions(limit: limit, sampling: sampling, sampleCount: 3)
                let query = SearchEngineTests.mixture(3, dimension: Self.dimension)
                let expected = try SearchEngine(index: small).rank(
                    query: query, fingerprint: "q", options: options)
                options.filter = filter
                let found = try engine.rank(query: query, fingerprint: "q", options: options)
                #expect(found.map(\.distance) == expected.map(\.distance))
                #expect(found.map(\.video.identity.path) == expected.map(\.video.identity.path))
                #expect(found.count == min(limit, few.count), "a limit is filled where it can be")
                #expect(found.map(\.rank) == Array(1..<(found.count + 1)))
            }
        }
    }

    @Test func aVideoOfUnknownDurationIsNoneOfAnyDuration() {
        let video = IndexedVideo(
            id: 1, identity: FileIdentity(path: "/a", fingerprint: "", size: 1, modified: 1),
            facts: StreamFacts(container: "", codec: "", width: 1, height: 1, duration: nil, frameRate: nil),
            clipCount: 1)
        var filter = VideoFilter()
        #expect(filter.admitsAll && filter.admits(video))
        filter.shortest = 0
        #expect(!filter.admitsAll && !filter.admits(video))
    }

    // MARK: - Several examples

    @Test func severalExamplesAreOneMixtureOfEqualParts() throws {
        let videos = Self.videos(60)
        let index = try makeIndex(videos, "examples")
        defer { index.close() }
        let engine = try SearchEngine(index: index)
        var query = SearchQuery(mixture: videos[1].mixture, fingerprint: "q")
        query.furtherExamples = [videos[2].mixture, videos[5].mixture]
        let found = try engine.rank([query], options: SearchOptions(limit: 60))[0]
        let parts = try [1, 2, 5].map { number in
            let id = try #require(try index.video(atPath: videos[number].path)).id
            return try index.mixture(ofVideo: id).mixture.moments()
        }
        // The printed moments of a mixture, in double precision.
        let joined = Moments(
            mean: (0..<Self.dimension).map { d in Float(parts.reduce(0.0) { $0 + Double($1.mean[d]) } / 3) },
            variance: (0..<Self.dimension).map { d in
                let mean = parts.reduce(0.0) { $0 + Double($1.mean[d]) } / 3
                let second = parts.reduce(0.0) {
                    $0 + Double($1.variance[d]) + Double($1.mean[d]) * Double($1.mean[d])
                }
                return Float(second / 3 - mean * mean)
            })
        for match in found {
            let other = try index.mixture(ofVideo: match.video.id).mixture.moments()
            let expected = Bhattacharyya.closedForm(joined, other)
            #expect(abs(match.distance - expected) < 1e-3 * max(1, expected), "\(match.distance) \(expected)")
        }
        #expect(found.count == 60)
    }

    // MARK: - Unwanted examples

    /// Against every video's penalised distance, sorted.
    @Test(arguments: [50, 5000]) func unwantedExamplesPushBackWhatIsNearerToThem(count: Int) throws {
        let videos = Self.videos(count)
        let index = try makeIndex(videos, "unwanted")
        defer { index.close() }
        let engine = try SearchEngine(index: index)
        let all = try index.allVideos()
        let moments = try all.map { try index.mixture(ofVideo: $0.id).mixture.moments() }
        func number(_ path: String) throws -> Int {
            try #require(all.firstIndex { $0.identity.path == path })
        }
        for (wanted, unwanted) in [(3, [4]), (6, [7, 8, 9]), (10, [10])] {
            let q = moments[try number(videos[wanted].path)]
            let against = try unwanted.map { moments[try number(videos[$0].path)] }
            let expected = zip(all, moments).map {
                video, other -> (path: String, distance: Double, penalty: Double) in
                let near = Bhattacharyya.closedForm(q, other)
                let nearest = against.map { Bhattacharyya.closedForm($0, other) }.min() ?? .infinity
                let penalty = near > nearest ? near - nearest : 0
                return (video.identity.path, near + penalty, penalty)
            }.sorted { ($0.distance, $0.path) < ($1.distance, $1.path) }
            #expect(expected.contains { $0.penalty > 0 } == (wanted != 10))
            var query = SearchQuery(mixture: videos[wanted].mixture, fingerprint: "q")
            query.unwantedExamples = unwanted.map { videos[$0].mixture }
            for limit in [1, 10, count] {
                let found = try engine.rank([query], options: SearchOptions(limit: limit))[0]
                #expect(found.map(\.video.identity.path) == expected.prefix(limit).map(\.path))
                #expect(found.map(\.distance) == expected.prefix(limit).map(\.distance))
                #expect(found.map(\.penalty) == expected.prefix(limit).map(\.penalty))
            }
            let bound = expected[20].distance
            let near = try engine.rank([query], options: SearchOptions(limit: count, maximumDistance: bound))[
                0]
            #expect(near.count == expected.count { $0.distance <= bound })
            // With and without company, and with a filter.
            var options = SearchOptions(limit: 5)
            options.filter = try Self.filters()[0]
            let plain = SearchQuery(mixture: videos[wanted].mixture, fingerprint: "q")
            let both = try engine.rank([plain, query], options: options)
            #expect(try both[0].map(\.distance) == engine.rank([plain], options: options)[0].map(\.distance))
            let admitted = expected.filter { $0.path.contains("cats/") && $0.path.hasSuffix("mp4") }.prefix(5)
            #expect(both[1].map(\.distance) == admitted.map(\.distance))
        }
    }
}
