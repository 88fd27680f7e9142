import Distributions
import Indexing
import Synchronization
import VideoDecoding

/// What a search compares.
public enum SearchGranularity: String, Sendable, Hashable, CaseIterable {
    /// Whole videos alone.
    case video
    /// Whole videos, and parts of them: a match is as near as its nearest part, and lists the parts that correspond.
    case clip
    /// Whole videos, their clips, and their coherent parts at every scale (`SceneTree`): a match is as near as whichever of
    /// these is nearest to the whole query, and names it. For long videos of many things, of which one is like the query.
    case scene
}

/// A query by parts.
public struct PartQuery: Sendable {
    /// The query as a whole.
    public var whole: SearchQuery
    /// Its clips; at a stride finer than a clip they place segments more finely. Weights as `ClipInformation` gives them.
    public var track: ClipTrack
    /// What it looks like; nil where that is not known, and nothing is verified.
    public var pictures: PictureTrack?

    /// A query of these clips.
    public init(whole: SearchQuery, track: ClipTrack, pictures: PictureTrack? = nil) {
        self.whole = whole
        self.track = track
        self.pictures = pictures
    }
}

extension SearchEngine {
    /// Videos that are aligned with the query because they are near as a whole; as many again may be because clips of
    /// theirs are near.
    private static let nearestWholes = 32
    /// Videos that are looked at though no part of them corresponds by its distance.
    private static let nearestLookedAt = 32

    /// Ranks by parts. Candidates are the videos nearest as a whole and those that hold clips nearest to the query's
    /// (`PartCandidates`), both found exactly; each is aligned with the query. A match's distance is that of its best segment
    /// (`AlignedSegment.partDistance`), or that of the whole, without its clips that show nothing, where it is nearer; videos
    /// that are no candidates follow by their distance as a whole. Ties rank by path.
    ///
    /// What corresponds is looked at, picture by picture (`Verifier`). Matches that share footage by the judge come first.
    ///
    /// - Parameters:
    ///   - query: without further or unwanted examples.
    ///   - options: of `matched` sampling with λ = 1; parts have no other distance.
    ///   - information: of the library's clips.
    /// - Throws: as for a search for whole videos.
    public func rank(
        parts query: PartQuery, options: SearchOptions, information: ClipInformation,
        aligner: Aligner = Aligner(), judge: FootageJudge = .distanceAlone,
        isCancelled: @Sendable () -> Bool = { false }
    ) throws(SearchError) -> [Match] {
        precondition(options.sampling == .matched && options.lambda == 1, "parts have no other distance")
        var wholeOptions = options
        wholeOptions.maximumDistance = nil
        wholeOptions.limit = max(options.limit, Self.nearestWholes)
        var matches = try rank([query.whole], options: wholeOptions, isCancelled: isCancelled)[0]
        guard options.limit > 0 else { return [] }
        let excluded = options.excludedVideos.union(query.whole.excludedVideos)
            .union(try videosLeftOut(by: options.filter))
        let candidates = try PartCandidates(
            query.track, in: self, options: aligner.options, excluding: excluded, isCancelled: isCancelled)
        let track = query.track.weighted(candidates.weights)
        let found = Set(matches.map(\.video.id))
        let moments = query.whole.mixture.moments()
        do throws(IndexError) {
            // One that was removed meanwhile isn't there.
            for video in try index.videos(ids: candidates.videos.filter { !found.contains($0) })
            where options.filter.admits(video) {
                guard let others = try index.mixtureIfThere(ofVideo: video.id)?.mixture.moments() else {
                    continue
                }
                matches.append(
                    Match(
                        rank: 0, video: video, distance: Bhattacharyya.closedForm(moments, others),
                        uncertainty: others.uncertainty))
            }
        } catch {
            throw .index(error)
        }
        let own = TellingPart(of: query.whole.mixture, information)
        var aligned = Set(matches.prefix(Self.nearestWholes).map(\.video.id)).union(candidates.videos)
        var gone: Set<Int64> = []
        for place in matches.indices where aligned.remove(matches[place].video.id) != nil {
            if isCancelled() { throw .cancelled }
            let stored: (intervals: [TimeRange], mixture: GaussianMixture)?
            do {
                stored = try index.mixtureIfThere(ofVideo: matches[place].video.id)
            } catch {
                throw .index(error)
            }
            guard let target = stored else {
                gone.insert(matches[place].video.id)
                continue
            }
            let other = TellingPart(of: target.mixture, information)
            if !own.isWhole || !other.isWhole {
                matches[place].distance = Bhattacharyya.closedForm(
                    own.mixture.moments(), other.mixture.moments())
            }
            matches[place].segments = aligner.segments(
                query: track,
                target: ClipTrack(
                    intervals: target.intervals, gaussians: target.mixture.components, weights: other.weights)
            )
            for segment in matches[place].segments {
                matches[place].distance = min(matches[place].distance, segment.partDistance)
            }
        }
        matches.removeAll { gone.contains($0.video.id) }
        try verify(&matches, query.pictures, judge, isCancelled)
        return ranked(matches, options, judge)
    }

    /// Looks at the pictures of what corresponds: the segments that most speaks for, until one agrees.
    private func verify(
        _ matches: inout [Match], _ pictures: PictureTrack?, _ judge: FootageJudge,
        _ isCancelled: @Sendable () -> Bool
    ) throws(SearchError) {
        guard let pictures else { return }
        let candidates = matches
        // Where all look alike, no part may be told from others.
        let near = Set(
            candidates.indices.sorted { candidates[$0].distance < candidates[$1].distance }
                .prefix(Self.nearestLookedAt))
        let failure = Mutex<IndexError?>(nil)
        let blocks = RowBlocks(count: candidates.count, size: 1, threads: nil, threshold: 8)
        let looked: [[(place: Int, match: Match)]]
        do throws(ScanFailure) {
            looked = try blocks.accumulate([], isCancelled: isCancelled) { seen, block in
                for place in block {
                    do throws(IndexError) {
                        seen.append(
                            (
                                place,
                                try verified(
                                    candidates[place], pictures,
                                    isNear: near.contains(place)
                                        || judge.isCandidate(candidates[place].distance))
                            ))
                    } catch {
                        failure.withLock { $0 = $0 ?? error }
                        return .cancelled
                    }
                }
                return nil
            }
        } catch {
            if let error = failure.withLock({ $0 }) { throw .index(error) }
            throw .cancelled
        }
        for (place, match) in looked.joined() { matches[place] = match }
        compareWithOthers(&matches)
    }

    private func verified(
        _ match: Match, _ pictures: PictureTrack, isNear: Bool
    ) throws(IndexError) -> Match {
        var match = match
        // Of the others it is not known whether they have pictures; nothing in them corresponds.
        match.verification = .nothingCorresponds
        if match.segments.isEmpty, !isNear { return match }
        guard let target = try index.pictures(of: match.video) else {
            match.verification = .unavailable
            return match
        }
        match.verification = Verifier().verify(&match.segments, pictures, target, isNear: isNear)
        return match
    }

    /// Notes in each agreement what is usual among the other matches.
    private func compareWithOthers(_ matches: inout [Match]) {
        let all = Agreement.Neighbours(matches.compactMap(\.verification.agreement))
        for place in matches.indices {
            guard var own = matches[place].verification.agreement else { continue }
            own.common = all.common(without: own)
            matches[place].verification = .agreement(own)
            for segment in matches[place].segments.indices {
                matches[place].segments[segment].agreement?.common = own.common
            }
        }
    }

    /// Numbers of the videos that may not answer.
    func videosLeftOut(by filter: VideoFilter) throws(SearchError) -> Set<Int64> {
        guard !filter.admitsAll else { return [] }
        var leftOut: Set<Int64> = []
        do throws(IndexError) {
            try index.forEachVideo { if !filter.admits($0) { leftOut.insert($0.id) } }
        } catch {
            throw .index(error)
        }
        return leftOut
    }

    func ranked(_ matches: [Match], _ options: SearchOptions, _ judge: FootageJudge = .distanceAlone)
        -> [Match]
    {
        var ranked = matches.filter {
            $0.distance <= options.maximumDistance ?? .infinity && judge.admits($0.distance, $0.verification)
        }
        let shares = Set(
            ranked.filter { $0.verification.isAvailable && judge.shares($0.distance, $0.verification) }.map(
                \.video.id))
        ranked.sort { a, b in
            if shares.contains(a.video.id) != shares.contains(b.video.id) {
                return shares.contains(a.video.id)
            }
            return a.distance != b.distance
                ? a.distance < b.distance
                : a.video.identity.path.utf8.lexicographicallyPrecedes(b.video.identity.path.utf8)
        }
        ranked = Array(ranked.prefix(options.limit))
        for place in ranked.indices { ranked[place].rank = place + 1 }
        return ranked
    }
}

/// What a video says, without its clips that show nothing: a black start that two share makes them no nearer.
private struct TellingPart {
    /// Of all clips.
    let weights: [Double]
    let mixture: GaussianMixture
    /// Whether nothing was left out.
    let isWhole: Bool

    init(of mixture: GaussianMixture, _ information: ClipInformation) {
        weights = information.weights(of: mixture.components)
        let telling = zip(mixture.components, weights).filter { !ClipInformation.isNearToNothing($0.1) }
        // Of a video that shows nothing at all there is nothing else to go by.
        isWhole = telling.isEmpty || telling.count == weights.count
        self.mixture = isWhole ? mixture : GaussianMixture(components: telling.map(\.0))
    }
}
