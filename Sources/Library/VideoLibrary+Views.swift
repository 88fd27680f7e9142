import Base
import Retrieval
import VideoEncoding

/// Panels are searched for beside the whole picture, and add what shares footage with them. Where nothing shares footage so far, or the
/// request is thorough, the query is searched for once more: turned, inverted, and an upright one by the middle of its picture. Such copies
/// are rare, and looking for them takes as long as the first search.
extension VideoLibrary {
    /// The turns and the inversion that are tried.
    private static func turned(_ region: PictureRegion) -> [PictureView] {
        (1...3).map { PictureView(region: region, quarterTurns: $0) }
            + [PictureView(region: region, isInverted: true)]
    }

    /// Shapes of films. Upright pictures often hold one in their middle, above its own blurred enlargement, whose border may be too
    /// soft to be found.
    private static let filmShapes = [16.0 / 9, 4.0 / 3]
    private static let uprightShape = 0.8

    private static func middles(_ query: Query) -> [PictureView] {
        guard let shape = query.pictures?.shape, shape < uprightShape else { return [] }
        return filmShapes.map { film in
            PictureView(
                region: PictureRegion(x: 0, y: (1 - shape / film) / 2, width: 1, height: shape / film))
        }
    }

    /// Of a longer query, so many seconds from its middle are turned, unless the request is thorough.
    private static let longestTurned = 60.0
    private static let turnedPart = 20.0

    /// A ranking together with those of the query's other views.
    ///
    /// - Parameters:
    ///   - matches: of the query as it is.
    ///   - query: weighed.
    func withOtherViews(
        _ matches: [Match], _ query: Query, _ request: SearchRequest, _ information: ClipInformation,
        _ calibration: ScoreCalibration?, isCancelled: @escaping @Sendable () -> Bool
    ) throws(LibraryError) -> [Match] {
        guard request.comparesParts, let calibration, calibration.verified != nil, query.facts.hasScores
        else { return matches }
        func shares(_ match: Match) -> Bool { calibration.sharesFootage(match) }
        var ways = 1
        func ranked(_ views: [Query]) throws(LibraryError) -> [[Match]] {
            ways += views.count
            let rankings = try rank(views, request, information, calibration, isCancelled: isCancelled)
            // Seen in so many ways it looks like others by chance; only what was verified counts.
            return zip(views, rankings).map { view, ranking in
                ranking.map { match in
                    var match = match
                    match.view = view.view
                    match.waysLookedAt = ways
                    return match
                }.filter { shares($0) && calibration.score(of: $0) >= request.minimumScore ?? 0 }
            }
        }
        var rankings = [matches]
        if !query.panels.isEmpty { rankings += try ranked(query.panels) }
        if let source = query.source, request.isThorough || !rankings.joined().contains(where: shares) {
            var views = try turned(query, source, request, isCancelled)
            for place in views.indices { views[place].weigh(by: information) }
            views.removeAll(where: \.facts.isTooEmpty)
            rankings += try ranked(views)
        }
        return rankings.dropFirst().allSatisfy(\.isEmpty) ? matches : joined(rankings, request.limit, shares)
    }

    /// The query and its surest panel, turned and inverted, and what an upright picture may hold in its middle.
    private func turned(
        _ query: Query, _ source: QuerySource, _ request: SearchRequest,
        _ isCancelled: @escaping @Sendable () -> Bool
    ) throws(LibraryError) -> [Query] {
        let regions = [PictureRegion.whole] + query.panels.prefix(1).map(\.view.region)
        let views = regions.flatMap(Self.turned) + Self.middles(query)
        let extent = query.track.interval
        var range = request.range
        if !request.isThorough, extent.duration > Self.longestTurned {
            let middle = extent.start + extent.duration / 2
            range = TimeRange(start: middle - Self.turnedPart / 2, stop: middle + Self.turnedPart / 2)
        }
        let encoded = try encoders.encode(
            path: source.path, range: range, stream: source.stream, views: views, isCancelled: isCancelled)
        return zip(views, encoded).map { self.query(EncodedView(view: $0, video: $1), like: query) }
    }

    /// Each video once: as the query is, or else as the nearest of its views. Those that share footage come first.
    private func joined(
        _ rankings: [[Match]], _ limit: Int, _ shares: (Match) -> Bool
    ) -> [Match] {
        var best: [Int64: Match] = [:]
        for match in rankings.joined() {
            if let known = best[match.video.id], shares(known),
                known.view == .plain || known.distance <= match.distance
            {
                continue
            }
            best[match.video.id] = match
        }
        return Array(best.values).ranked(limit: limit, first: shares)
    }
}

extension ScoreCalibration {
    func score(of match: Match) -> Double {
        score(distance: match.distance, verification: match.verification, ways: match.waysLookedAt)
    }

    func sharesFootage(_ match: Match) -> Bool {
        sharesFootage(distance: match.distance, verification: match.verification, ways: match.waysLookedAt)
    }
}
