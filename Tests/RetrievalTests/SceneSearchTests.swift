import Base
import Distributions
import Foundation
import Indexing
import Retrieval
import Synchronization
import Testing

/// Searches for the nearest part of each video, against looking at every one.
@Suite struct SceneSearchTests {
    let films: FilmIndex
    var folder: String { films.folder }
    var index: VideoIndex { films.index }

    init() throws { films = try FilmIndex() }

    func store(_ path: String, _ track: ClipTrack) throws { _ = try films.store(path, track) }

    func search(_ track: ClipTrack, _ options: SearchOptions) throws -> [Match] {
        try SearchEngine(index: index).rank(
            scenes: SearchQuery(mixture: GaussianMixture(components: track.gaussians), fingerprint: ""),
            interval: track.interval, options: options)
    }

    /// Of every video the nearest clip or scene, by the mixtures that are stored.
    private func truth(_ track: ClipTrack) throws -> [(path: String, distance: Double, interval: TimeRange)] {
        let query = GaussianMixture(
            components: track.gaussians.map {
                Gaussian(
                    mean: $0.mean.map { Float(Float16($0)) },
                    logVariance: $0.logVariance.map { Float(Float16($0)) })
            }
        ).moments()
        return try index.allVideos().map { video in
            let (intervals, mixture) = try index.mixture(ofVideo: video.id)
            var parts = SceneTree.scenes(of: mixture).map { ($0.clips, $0.moments) }
            for (clip, gaussian) in mixture.components.enumerated() {
                parts.append((clip..<clip + 1, gaussian.moments))
            }
            let distances = parts.map { (Bhattacharyya.closedForm(query, $0.1), $0.0) }
            let best = distances.min { $0.0 < $1.0 } ?? (.infinity, 0..<1)
            return (
                video.identity.path, best.0,
                TimeRange(
                    start: intervals[best.1.lowerBound].start, stop: intervals[best.1.upperBound - 1].stop)
            )
        }.sorted { $0.1 < $1.1 }
    }

    private func fill(_ count: Int) throws {
        for number in 0..<count {
            let film = Film(seconds: Double(2 + number % 40), seed: UInt64(1000 + number))
            try store("/v/\(number).mp4", film.track())
        }
    }

    /// Few rows, which are all read, and enough of them for coarse codes.
    @Test(arguments: [12, 500]) func itIsTheRankingOfAllParts(count: Int) throws {
        try fill(count)
        for (query, limit) in [(3, 5), (7, 10), (40, 1), (1, 12)] {
            let track = Film(seconds: 9, seed: UInt64(query)).track()
            let truth = try truth(track)
            let found = try search(track, SearchOptions(limit: limit))
            #expect(found.count == limit)
            #expect(found.map(\.video.identity.path) == truth.prefix(limit).map(\.path))
            for (match, truth) in zip(found, truth) {
                #expect(abs(match.distance - truth.distance) <= 1e-5 * (1 + truth.distance))
                #expect(match.segments.map(\.target) == [truth.interval])
                #expect(match.segments.map(\.query) == [track.interval])
            }
            #expect(found.map(\.rank) == Array(1...limit))
        }
    }

    @Test func aLongVideoAnswersWithTheShotThatIsLikeTheQuery() throws {
        try fill(60)
        // Of one thing, twenty seconds long, in ten minutes of others.
        let thing = Film(seconds: 20, seed: 5)
        let (before, after) = (Film(seconds: 300, seed: 6).track(), Film(seconds: 300, seed: 7).track())
        func shifted(_ track: ClipTrack, by seconds: Double) -> [TimeRange] {
            track.intervals.map { TimeRange(start: $0.start + seconds, stop: $0.stop + seconds) }
        }
        let middle = thing.track()
        try store(
            "/v/long.mp4",
            ClipTrack(
                intervals: before.intervals + shifted(middle, by: 300) + shifted(after, by: 320),
                gaussians: before.gaussians + middle.gaussians + after.gaussians))
        let found = try search(middle, SearchOptions(limit: 3))
        #expect(found.first?.video.identity.path == "/v/long.mp4")
        let part = try #require(found.first?.segments.first?.target)
        #expect(part.start >= 298 && part.stop <= 322 && part.stop - part.start >= 12)
        // By its average it is nearly as far as any other.
        let whole = try SearchEngine(index: index).rank(
            query: GaussianMixture(components: middle.gaussians), fingerprint: "", limit: 61)
        let average = try #require(whole.first { $0.video.identity.path == "/v/long.mp4" }).distance
        #expect(try average > 5 * #require(found.first).distance && average > 0.5 * whole[1].distance)
    }

    @Test func whatIsLeftOutDoesNotAnswer() throws {
        try fill(30)
        let track = Film(seconds: 9, seed: 3).track()
        let all = try search(track, SearchOptions(limit: 30))
        #expect(all.count == 30)
        var options = SearchOptions(limit: 5)
        options.excludedVideos = Set(all.prefix(4).map(\.video.id))
        #expect(try search(track, options).map(\.video.id) == all[4..<9].map(\.video.id))
        options = SearchOptions(limit: 30, maximumDistance: all[6].distance)
        #expect(try search(track, options).map(\.video.id) == all[...6].map(\.video.id))
        options = SearchOptions(limit: 30)
        options.filter.paths = [try #require(PathPattern("**/1*.mp4"))]
        #expect(
            try search(track, options).map(\.video.id)
                == all.filter { $0.video.identity.path.hasPrefix("/v/1") }.map(\.video.id))
        #expect(try search(track, SearchOptions(limit: 0)).isEmpty)
    }

    @Test func anIndexOfSingleClipsHasNoScenes() throws {
        for number in 0..<3 {
            let track = Film(seconds: 2, seed: UInt64(number)).track()
            try store(
                "/v/\(number).mp4",
                ClipTrack(intervals: [track.intervals[0]], gaussians: [track.gaussians[0]]))
        }
        let found = try search(Film(seconds: 2, seed: 1).track(), SearchOptions(limit: 9))
        #expect(found.count == 3 && found[0].video.identity.path == "/v/1.mp4")
    }

    /// A video that another process removes at any of the moments at which a search can be interrupted: between being found
    /// and being looked at, too.
    @Test(arguments: [SearchGranularity.clip, .scene])
    func aVideoThatGoesMeanwhileIsLeftOut(granularity: SearchGranularity) throws {
        try fill(12)
        let track = Film(seconds: 9, seed: 3).track()
        let reader = try VideoIndex.open(readingFrom: folder)
        defer { reader.close() }
        let engine = try SearchEngine(index: reader)
        let query = SearchQuery(mixture: GaussianMixture(components: track.gaussians), fingerprint: "")
        let options = SearchOptions(limit: 20)
        func search(_ isCancelled: @Sendable () -> Bool) throws -> [Match] {
            if granularity == .scene {
                return try engine.rank(
                    scenes: query, interval: track.interval, options: options, isCancelled: isCancelled)
            }
            return try engine.rank(
                parts: PartQuery(whole: query, track: track), options: options,
                information: ClipInformation(empty: []),
                aligner: Aligner(AlignmentOptions(maximumClipDistance: 40)), isCancelled: isCancelled)
        }
        let films = self.films
        var counts: Set<Int> = []
        var moment = 1
        while true {
            try store("/v/gone.mp4", track)
            let asked = Mutex(0)
            let found = try search { [moment] in
                let now = asked.withLock {
                    $0 += 1
                    return $0
                }
                if now == moment { _ = try? films.index.remove(paths: ["/v/gone.mp4"]) }
                return false
            }
            counts.insert(found.count)
            #expect(found.count >= 12)
            if asked.withLock({ $0 }) < moment { break }
            moment += 1
        }
        // Gone before it was found, or between; gone when it had been looked at, or not at all.
        #expect(counts == [12, 13] && moment > 13)
    }
}
