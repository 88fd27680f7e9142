import Indexing
import Synchronization

/// What the contents of an index look like, read when it is asked for; some 8 KB per clip, of so many clips at a time as memory
/// is there for.
final class PictureShelf: Sendable {
    /// Clips that are kept.
    private static let mostClips = 20_000

    private struct Kept {
        var tracks: [Int: PictureTrack] = [:]
        var missing: Set<Int> = []
        var clips = 0
    }

    private let contents: DistinctContents
    private let index: VideoIndex
    private let kept = Mutex(Kept())

    init(_ contents: DistinctContents, in index: VideoIndex) {
        self.contents = contents
        self.index = index
    }

    /// By any of the content's files that is still there; nil where nothing is kept of how it looks.
    func pictures(_ node: Int) throws(IndexError) -> PictureTrack? {
        let known: PictureTrack?? = kept.withLock { kept in
            if kept.missing.contains(node) { return .some(nil) }
            return kept.tracks[node].map { .some($0) }
        }
        if let known { return known }
        var found: PictureTrack?
        for video in contents.nodes[node].videos {
            found = try index.pictures(of: video)
            if found != nil { break }
        }
        let track = found
        kept.withLock { kept in
            guard let track else {
                kept.missing.insert(node)
                return
            }
            if kept.clips > Self.mostClips { (kept.tracks, kept.clips) = ([:], 0) }
            if kept.tracks.updateValue(track, forKey: node) == nil { kept.clips += track.details.count }
        }
        return track
    }
}
