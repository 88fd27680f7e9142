import Distributions

/// The videos that hold clips near to a query's, and how much the query's clips say in this library.
///
/// A clip that many videos show, such as an intro, counts for less (`ClipRarity`). A query that is an intro, or one with many
/// copies, is searched for in full: all of its clips are alike in that.
struct PartCandidates {
    /// At most this many, those with the most evidence first.
    private static let most = 32
    /// Clips of a query that are searched for; of more, as many at even distances.
    private static let mostClips = 128
    /// Nearest clips of the library for each.
    private static let hitsPerClip = 64

    /// Ids of videos, the one with the most evidence first.
    let videos: [Int64]
    /// Of the query's clips, rarity taken into account.
    let weights: [Double]

    init(
        _ query: ClipTrack, in engine: SearchEngine, options: AlignmentOptions,
        excluding excluded: Set<Int64>,
        isCancelled: @Sendable () -> Bool
    ) throws(SearchError) {
        let telling = query.gaussians.indices.filter { query.weights[$0] > 0 }
        let count = min(telling.count, Self.mostClips)
        let chosen = (0..<count).map { telling[$0 * telling.count / count] }
        guard !chosen.isEmpty else {
            videos = []
            weights = query.weights
            return
        }
        let hits = try engine.nearestParts(
            .clips, to: chosen.map { query.gaussians[$0].moments }, limit: Self.hitsPerClip,
            maximumDistance: options.maximumClipDistance, excluding: excluded, isCancelled: isCancelled)
        // Of each video the nearest clip alone counts: a long still shot isn't many hits.
        let nearest = hits.map { hits in
            hits.reduce(into: [Int64: Double]()) {
                $0[$1.video] = min($0[$1.video] ?? .infinity, $1.distance)
            }
        }
        let same = ClipRarity.same * options.maximumClipDistance
        let rarities = ClipRarity.shares(nearest.map { $0.values.count { $0 <= same } })
        var evidence: [Int64: Double] = [:]
        for (place, clip) in chosen.enumerated() {
            for (video, distance) in nearest[place] {
                evidence[video, default: 0] +=
                    rarities[place] * query.weights[clip] * options.evidence(distance)
            }
        }
        videos = evidence.sorted { (-$0.value, $0.key) < (-$1.value, $1.key) }.prefix(Self.most).map(\.key)
        weights = query.gaussians.indices.map { clip in
            // A clip that wasn't searched for is as rare as the one before it that was.
            let place = chosen.lastIndex { $0 <= clip } ?? 0
            return query.weights[clip] * rarities[place]
        }
    }
}
