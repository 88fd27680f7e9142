import Base
import Distributions
import Indexing

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
    private static let nearestLookedAt = 16

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
        let aligned = Set(matches.prefix(Self.nearestWholes).map(\.video.id)).union(candidates.videos)
        let own = InformativePart(of: query.whole.mixture, information)
        let compared = try each(of: matches, isCancelled) { (match) throws(IndexError) in
            guard aligned.contains(match.video.id) else { return Compared(match: match) }
            return try self.aligned(match, own, track, aligner, information)
        }
        guard let pictures = query.pictures else { return ranked(compared.map(\.match), options, judge) }
        // If all look alike, no part can be told from the others.
        let near = Set(
            compared.map(\.match).sorted { $0.distance < $1.distance }.prefix(Self.nearestLookedAt)
                .map(\.video.id))
        var looked = try each(of: compared, isCancelled) { (candidate) throws(IndexError) in
            let match = candidate.match
            return try self.lookedAt(
                candidate, pictures,
                isNear: near.contains(match.video.id) || judge.isCandidate(match.distance))
        }
        compareWithOthers(&looked)
        try lookFromBothSides(&looked, pictures, judge, isCancelled)
        try compareParts(&looked, pictures, judge, isCancelled)
        return ranked(looked, options, judge)
    }

    /// A match on its way, and when its clips are, where they were read.
    private struct Compared {
        var match: Match
        var intervals: [TimeRange]?
    }

    /// What `body` gives for each, on all processors.
    func each<Element: Sendable, Value: Sendable>(
        of elements: [Element], _ isCancelled: @Sendable () -> Bool,
        _ body: @Sendable (Element) throws(IndexError) -> Value?
    ) throws(SearchError) -> [Value] {
        do throws(ReadFailure) {
            return try RowBlocks(count: elements.count, size: 1, threads: nil, threshold: 8).read(
                isCancelled: isCancelled
            ) { (place) throws(IndexError) in try body(elements[place]) }
        } catch {
            switch error {
            case .cancelled: throw .cancelled
            case .index(let error): throw .index(error)
            }
        }
    }

    /// A match with the segments by which it corresponds to a query; nil where the video is gone.
    private func aligned(
        _ match: Match, _ own: InformativePart, _ track: ClipTrack, _ aligner: Aligner,
        _ information: ClipInformation
    ) throws(IndexError) -> Compared? {
        guard let target = try index.mixtureIfThere(ofVideo: match.video.id) else { return nil }
        var match = match
        let other = InformativePart(of: target.mixture, information)
        if !own.isWhole || !other.isWhole {
            match.distance = Bhattacharyya.closedForm(own.mixture.moments(), other.mixture.moments())
        }
        match.segments = aligner.segments(
            query: track,
            target: ClipTrack(
                intervals: target.intervals, gaussians: target.mixture.components, weights: other.weights))
        for segment in match.segments { match.distance = min(match.distance, segment.partDistance) }
        return Compared(match: match, intervals: target.intervals)
    }

    /// A match with the agreement of its pictures, compared at the segments with the most evidence until one agrees.
    ///
    /// - Parameter isNear: looks at the whole where no part corresponds.
    private func lookedAt(
        _ candidate: Compared, _ pictures: PictureTrack, isNear: Bool
    ) throws(IndexError) -> Match {
        var match = candidate.match
        // Of the others it is not known whether they have pictures; nothing in them corresponds.
        match.verification = .nothingCorresponds
        if match.segments.isEmpty, !isNear { return match }
        let target =
            if let intervals = candidate.intervals {
                try index.pictures(of: match.video, intervals: intervals)
            } else {
                try index.pictures(of: match.video)
            }
        guard let target else {
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
        matches.filter {
            $0.distance <= options.maximumDistance ?? .infinity && judge.admits($0.distance, $0.verification)
        }.ranked(limit: options.limit) {
            $0.verification.isAvailable && judge.shares($0.distance, $0.verification)
        }
    }
}

/// A video without its clips that show nothing, so that a shared black start brings two videos no closer.
private struct InformativePart {
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
