import Base
import Distributions
import Indexing

/// Searches for a still picture: in which video, and when, is it on screen?
///
/// 1. The picture is correlated with every picture that the index keeps (`ClipSignature`, four a second with the default model),
///    as it is, mirrored, as a part of a larger picture, and within bars (`PictureWarp.ofStill`).
/// 2. In the videos with the best of these, its size and place are tuned, and every moment is looked at once more.
extension SearchEngine {
    /// Videos that are looked at closely, beside those that are asked for.
    private static let fewestClosely = 32

    /// The videos in which the picture is on screen most likely, best first; videos of which no pictures are kept are left out.
    ///
    /// A match's distance is 1 less the correlation, 0…2; its one segment says when it is on screen.
    ///
    /// - Parameters:
    ///   - picture: of one clip, which stands still.
    ///   - excluded: videos that may not answer, beside those that the options leave out.
    /// - Throws: `cancelled`; `index` with whatever reading the index fails by.
    public func rank(
        picture: PictureTrack, options: SearchOptions, excluding excluded: Set<Int64> = [],
        isCancelled: @Sendable () -> Bool = { false }
    ) throws(SearchError) -> [Match] {
        guard let cells = picture.details.first?.cells, options.limit > 0 else { return [] }
        let leftOut = options.excludedVideos.union(excluded)
        var videos: [IndexedVideo] = []
        do throws(IndexError) {
            try index.forEachVideo {
                if !leftOut.contains($0.id), options.filter.admits($0) { videos.append($0) }
            }
        } catch {
            throw .index(error)
        }
        let templates = PictureWarp.ofStill.map { ($0, PictureTemplate(cells, at: $0)) }
        let seen = try each(of: videos, isCancelled) { (video) throws(IndexError) -> Seen? in
            let clips = try self.index.signatures(ofVideo: video.id, fingerprint: video.identity.fingerprint)
            return Seen(video, clips, templates)
        }
        let closely = seen.sorted { $0.correlation > $1.correlation }
            .prefix(max(Self.fewestClosely, 2 * options.limit))
        let matches = try each(of: Array(closely), isCancelled) { (seen) throws(IndexError) -> Match? in
            try self.match(seen, cells)
        }
        return matches.filter { $0.distance <= options.maximumDistance ?? .infinity }
            .ranked(limit: options.limit)
    }

    /// Nil where the video is gone, or another by now.
    private func match(_ seen: Seen, _ cells: [Float]) throws(IndexError) -> Match? {
        let video = seen.video
        guard
            let stored = try index.mixtureIfThere(
                ofVideo: video.id, fingerprint: video.identity.fingerprint),
            let track = PictureTrack(
                intervals: stored.intervals,
                signatures: try index.signatures(ofVideo: video.id, fingerprint: video.identity.fingerprint))
        else { return nil }
        let found = track.closely(seen.place, cells)
        let time = track.times[found.picture]
        let shown = TimeRange(start: max(0, time - track.spacing / 2), stop: time + track.spacing / 2)
        var match = Match(
            rank: 0, video: video, distance: Double(1 - found.correlation),
            uncertainty: stored.mixture.moments().uncertainty)
        match.segments = [
            AlignedSegment(
                query: TimeRange(start: 0, stop: 0), target: shown, distance: match.distance,
                partDistance: match.distance, speed: 1, evidence: 0, information: 0)
        ]
        match.verification = .nothingCorresponds
        return match
    }
}

/// A video in which a picture was looked for, and where it agrees best.
private struct Seen {
    let video: IndexedVideo
    var correlation: Float = -2
    var place = PictureWarp.ofStill[0]

    /// Nil where no pictures are kept.
    init?(
        _ video: IndexedVideo, _ clips: [ClipSignature],
        _ templates: [(place: PictureWarp, template: PictureTemplate)]
    ) {
        guard !clips.isEmpty else { return nil }
        self.video = video
        for clip in clips {
            clip.pictures().withUnsafeBufferPointer { rows in
                for first in stride(from: 0, to: rows.count, by: ClipSignature.side) {
                    for (place, template) in templates {
                        let found = template.correlation(rows, from: first)
                        if found > correlation { (correlation, self.place) = (found, place) }
                    }
                }
            }
        }
    }
}

extension PictureTrack {
    /// Steps by which a place is tuned, one after the other.
    private static let tuning = [0.1, 0.05, 0.025]

    /// The picture of this track that agrees best with a still one, whose place near `place` is tuned.
    fileprivate func closely(_ place: PictureWarp, _ cells: [Float]) -> (correlation: Float, picture: Int) {
        func best(_ place: PictureWarp) -> (correlation: Float, picture: Int) {
            let template = PictureTemplate(cells, at: place)
            return rows.withUnsafeBufferPointer { rows in
                times.indices.reduce(into: (Float(-2), 0)) { best, picture in
                    let found = template.correlation(rows, from: picture * Self.side)
                    if found > best.0 { best = (found, picture) }
                }
            }
        }
        var place = place
        var found = best(place)
        for step in Self.tuning {
            for move in PictureWarp.moves(by: step) {
                while true {
                    let moved = move(place)
                    guard moved.isPlausible, abs(moved.shiftX) <= 1, abs(moved.shiftY) <= 1 else { break }
                    let other = best(moved)
                    guard other.correlation > found.correlation + 1e-4 else { break }
                    (place, found) = (moved, other)
                }
            }
        }
        return found
    }
}
