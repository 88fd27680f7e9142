import Base
import Distributions
import Indexing

extension SearchEngine {
    /// Ranks videos by the nearest of their parts to the whole query: clips, or scenes up to the whole video, each a mixture
    /// of its own (`SceneTree`). Exact: every part of every video is compared. Ties rank by path.
    ///
    /// A match's distance is that of its nearest part, which is its only segment, beside the whole query.
    ///
    /// - Parameters:
    ///   - query: further examples make it one mixture; without unwanted ones.
    ///   - interval: of the query, in seconds.
    ///   - options: of `matched` sampling with λ = 1; parts have no other distance.
    /// - Throws: as for a search for whole videos.
    public func rank(
        scenes query: SearchQuery, interval: TimeRange, options: SearchOptions,
        isCancelled: @Sendable () -> Bool = { false }
    ) throws(SearchError) -> [Match] {
        precondition(options.sampling == .matched && options.lambda == 1, "parts have no other distance")
        precondition(query.unwantedExamples.isEmpty, "parts are not held against unwanted examples")
        guard options.limit > 0 else { return [] }
        let moments = try self.moments(ofExamples: query)
        let excluded = options.excludedVideos.union(query.excludedVideos)
            .union(try videosLeftOut(by: options.filter))
        // Several parts of a video may be nearer than any of the next one: more are asked for until there are enough videos.
        var parts = 4 * options.limit
        while true {
            let (found, isComplete) = try nearestParts(
                to: moments, parts: parts, options, excluding: excluded, isCancelled)
            if isComplete || found.count > options.limit {
                return try described(found, interval, options, isCancelled)
            }
            parts *= 8
        }
    }

    /// The nearest part of each video, as far as they are known, nearest first: those as near as the last part that was
    /// asked for are all there. Whether these are all videos that may answer.
    private func nearestParts(
        to moments: Moments, parts: Int, _ options: SearchOptions, excluding excluded: Set<Int64>,
        _ isCancelled: @Sendable () -> Bool
    ) throws(SearchError) -> (found: [NearestPart], isComplete: Bool) {
        var nearest: [Int64: NearestPart] = [:]
        var known = Double.infinity
        for kind in [MomentsKind.scenes, .clips] {
            let hits = try nearestParts(
                kind, to: [moments], limit: parts, maximumDistance: options.maximumDistance ?? .infinity,
                excluding: excluded, isCancelled: isCancelled)[0]
            if hits.count >= parts { known = min(known, hits.last?.distance ?? .infinity) }
            for hit in hits where hit.distance < nearest[hit.video]?.distance ?? .infinity {
                nearest[hit.video] = NearestPart(
                    video: hit.video, scene: kind == .scenes ? hit.place : nil, clip: hit.place,
                    distance: hit.distance)
            }
        }
        let found = nearest.values.filter { $0.distance <= known }.sorted {
            ($0.distance, $0.video) < ($1.distance, $1.video)
        }
        return (found, known == .infinity)
    }

    private func described(
        _ parts: [NearestPart], _ interval: TimeRange, _ options: SearchOptions,
        _ isCancelled: @Sendable () -> Bool
    ) throws(SearchError) -> [Match] {
        // Beyond the limit, those exactly as near as the last one: paths decide.
        let last = parts.prefix(options.limit).last?.distance ?? 0
        let wanted = parts.prefix { $0.distance <= last }
        let videos: [IndexedVideo]
        do { videos = try index.videos(ids: wanted.map(\.video)) } catch { throw .index(error) }
        let byNumber = Dictionary(uniqueKeysWithValues: videos.map { ($0.id, $0) })
        var matches: [Match] = []
        for part in wanted {
            if isCancelled() { throw .cancelled }
            guard let video = byNumber[part.video], options.filter.admits(video) else { continue }
            do {
                if let match = try match(part, video, interval) { matches.append(match) }
            } catch {
                throw .index(error)
            }
        }
        return ranked(matches, options)
    }

    /// Nil where the video was removed meanwhile, or indexed anew.
    private func match(
        _ part: NearestPart, _ video: IndexedVideo, _ interval: TimeRange
    ) throws(IndexError) -> Match? {
        guard let (intervals, mixture) = try index.mixtureIfThere(ofVideo: video.id) else { return nil }
        var clips = part.clip..<part.clip + 1
        if let scene = part.scene {
            let scenes = SceneTree.scenes(of: mixture)
            guard scene < scenes.count else { return nil }
            clips = scenes[scene].clips
        }
        guard clips.upperBound <= intervals.count else { return nil }
        let target = TimeRange(
            start: intervals[clips.lowerBound].start, stop: intervals[clips].reduce(0) { max($0, $1.stop) })
        var match = Match(
            rank: 0, video: video, distance: part.distance, uncertainty: mixture.moments().uncertainty)
        let length = interval.stop - interval.start
        match.segments = [
            AlignedSegment(
                query: interval, target: target, distance: part.distance, partDistance: part.distance,
                speed: length > 0 ? (target.stop - target.start) / length : 1, evidence: 0,
                information: Double(clips.count))
        ]
        return match
    }
}

/// What of a video is nearest to the query.
private struct NearestPart {
    var video: Int64
    /// Which of the video's scenes; nil for a clip.
    var scene: Int?
    var clip: Int
    var distance: Double
}
