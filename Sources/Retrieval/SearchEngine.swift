import Base
import Distributions
import Indexing

/// One row of a ranking.
public struct Match: Sendable {
    /// 1 for the nearest.
    public var rank: Int
    /// What was found.
    public var video: IndexedVideo
    /// Bhattacharyya distance (paper eq. 6), the constant λD/4 removed in `matched` mode; finite, not negative. Of the
    /// nearest part, where one is nearer than the whole.
    public var distance: Double
    /// Mean of log σ²_V, natural logarithm.
    public var uncertainty: Double
    /// The part of the distance that is there because an unwanted example is nearer; 0 where the query has none.
    public var penalty = 0.0
    /// The parts that correspond, best first; empty where none do, or where whole videos alone were compared.
    public var segments: [AlignedSegment] = []
    /// What looking at the pictures said.
    public var verification = Verification.unavailable
    /// How the query was looked at when this was found.
    public var view = PictureView.plain
    /// In how many ways the query had been looked at when this was found, the plain one and all of one pass included.
    public var waysLookedAt = 1
}

extension [Match] {
    /// The nearest, numbered; equal distances by path.
    ///
    /// - Parameter isFirst: whether a match comes before all others.
    package func ranked(limit: Int, first isFirst: (Match) -> Bool = { _ in false }) -> [Match] {
        let first = Set(filter(isFirst).map(\.video.id))
        var ranked = sorted { a, b in
            if first.contains(a.video.id) != first.contains(b.video.id) {
                return first.contains(a.video.id)
            }
            return a.distance != b.distance
                ? a.distance < b.distance
                : a.video.identity.path.utf8.lexicographicallyPrecedes(b.video.identity.path.utf8)
        }
        ranked = Array(ranked.prefix(limit))
        for place in ranked.indices { ranked[place].rank = place + 1 }
        return ranked
    }
}

/// Ranks an index by distance to a query.
///
/// Safe to use from several threads at once. Each call sees the index as it is when the call begins.
public final class SearchEngine: Sendable {
    let index: VideoIndex

    /// Maps the index's moments, so that an index that can't be read is found out here.
    public init(index: VideoIndex) throws(IndexError) {
        self.index = index
        _ = try index.unverifiedMoments()
    }

    /// Exact: every ready video is compared. Ties rank by path.
    public func rank(
        query: GaussianMixture, fingerprint: String, limit: Int, maximumDistance: Double? = nil
    ) throws(IndexError) -> [Match] {
        do {
            return try rank(
                query: query, fingerprint: fingerprint,
                options: SearchOptions(limit: limit, maximumDistance: maximumDistance))
        } catch {
            switch error {
            case .index(let error): throw error
            case .cancelled: preconditionFailure("a search without a cancellation check was cancelled")
            }
        }
    }

    /// Exact: every ready video but those excluded is compared, in double precision where it matters to the order.
    /// Ties rank by the bytes of the path.
    ///
    /// - Parameters:
    ///   - query: of the index's model and dimension.
    ///   - fingerprint: of the query's file; seeds its noise in `iid` mode.
    ///   - isCancelled: called now and then, from any thread; true ends the search.
    /// - Throws: `cancelled`; `index` with `otherModel` where the query has another dimension, `failed` where it is no
    ///   distribution, `corrupted` where a video isn't, `busy` where videos found are removed again and again, or
    ///   whatever reading the index fails by.
    public func rank(
        query: GaussianMixture, fingerprint: String, options: SearchOptions,
        isCancelled: @Sendable () -> Bool = { false }
    ) throws(SearchError) -> [Match] {
        let query = SearchQuery(mixture: query, fingerprint: fingerprint)
        return try rank([query], options: options, isCancelled: isCancelled)[0]
    }

    /// The rankings of several queries, each the very one that it would get alone; many together take a fraction of
    /// the time, since they share what is read of the index. All see the index in the same state. What the options'
    /// filter leaves out is left out before the ranking, which is the one that an index of the others would give.
    ///
    /// - Returns: a ranking a query, in the same order.
    /// - Throws: as for one query.
    public func rank(
        _ queries: [SearchQuery], options: SearchOptions, isCancelled: @Sendable () -> Bool = { false }
    ) throws(SearchError) -> [[Match]] {
        var prepared: [PreparedQuery] = []
        for query in queries { prepared.append(try prepare(query, options)) }
        guard options.limit > 0, !prepared.isEmpty else { return prepared.map { _ in [] } }
        // A video that another process removes after the moments were read has no path to show: look again.
        for _ in 0..<4 {
            if let matches = try attempt(prepared, options, isCancelled) { return matches }
        }
        throw .index(
            IndexError(
                reason: .busy, path: index.folder,
                message: "the index changes faster than it can be searched",
                hint: "search again once fewer videos are being removed"))
    }

    private struct PreparedQuery {
        var moments: Moments
        var unwanted: [Moments]
        var fingerprint: String
        var excludedVideos: Set<Int64>
    }

    private func prepare(_ query: SearchQuery, _ options: SearchOptions) throws(SearchError) -> PreparedQuery
    {
        precondition(
            query.unwantedExamples.isEmpty || options.sampling == .matched,
            "unwanted examples need distances in closed form")
        return PreparedQuery(
            moments: try moments(ofExamples: query),
            unwanted: try query.unwantedExamples.map(moments(ofExample:)),
            fingerprint: query.fingerprint,
            excludedVideos: query.excludedVideos.union(options.excludedVideos))
    }

    /// Of the mixture of all examples of what is wanted.
    func moments(ofExamples query: SearchQuery) throws(SearchError) -> Moments {
        .ofMixture(try ([query.mixture] + query.furtherExamples).map(moments(ofExample:)))
    }

    private func moments(ofExample mixture: GaussianMixture) throws(SearchError) -> Moments {
        guard mixture.dimension == index.model.dimension else {
            throw .index(
                IndexError(
                    reason: .otherModel, path: index.folder,
                    message: "the index has \(index.model.dimension) dimensions (model "
                        + "\(index.model.name)) and the query has \(mixture.dimension)",
                    hint: "search with the model that the index was made with"))
        }
        let moments = mixture.roundedAsStored().moments()
        guard moments.mean.allSatisfy(\.isFinite), moments.variance.allSatisfy({ $0 > 0 && $0.isFinite })
        else {
            throw .index(
                IndexError(
                    reason: .failed, path: index.folder,
                    message: "the model gave values for the query that are not a valid distribution",
                    hint: "the model may be damaged; try another with --model"))
        }
        return moments
    }

    /// One search over one state of the moments; nil where a video found was removed meanwhile, or the moments file
    /// turned out to be damaged and was made anew.
    private func attempt(
        _ queries: [PreparedQuery], _ options: SearchOptions, _ isCancelled: @Sendable () -> Bool
    ) throws(SearchError) -> [[Match]]? {
        let table = try reading { () throws(IndexError) in
            let table = try index.unverifiedMoments()
            // What reads every row anyway has every row checked first, once.
            let readsFew = table.codes != nil && options.sampling == .matched
            return readsFew && options.limit <= table.count / 64 ? table : try index.moments()
        }
        guard table.count > 0 else { return queries.map { _ in [] } }
        table.beginSearch()
        let result = table.withRows { rows -> Result<[[Match]]?, AttemptFailure> in
            Result { () throws(AttemptFailure) -> [[Match]]? in
                try matches(queries, options, rows, isCancelled)
            }
        }
        do throws(AttemptFailure) {
            if let matches = try result.get() { return matches }
        } catch {
            if case .failed(let error) = error { throw error }
        }
        if !table.isVerified, !table.verify() {
            _ = try reading { () throws(IndexError) in try index.rebuiltMoments(insteadOf: table) }
        }
        return nil
    }

    /// How an attempt ends without matches.
    private enum AttemptFailure: Error {
        /// A row isn't what was written to the moments file.
        case damaged
        case failed(SearchError)
    }

    private func matches(
        _ queries: [PreparedQuery], _ options: SearchOptions, _ library: MomentsRows,
        _ isCancelled: @Sendable () -> Bool
    ) throws(AttemptFailure) -> [[Match]]? {
        let admitted = try admittedRows(options.filter, library)
        if admitted?.count == 0 { return queries.map { _ in [] } }
        var rankings: [[PenalisedRanking.Row]] = []
        switch options.sampling {
        case .matched:
            let goals = queries.map { query in
                RankingGoal(
                    // No more rows than may answer: else a scan would look for further ones to the end.
                    ScanQuery(query.moments, lambda: options.lambda),
                    limit: min(options.limit, admitted?.count ?? .max),
                    maximumDistance: options.maximumDistance ?? .infinity,
                    isExcluded: {
                        admitted?.contains($0) == false || query.excludedVideos.contains(library.video($0))
                    })
            }
            rankings = try translating(library) { () throws(ScanFailure) in
                try PenalisedRanking.nearest(
                    zip(goals, queries).map { ($0, $1.unwanted) }, in: library, isCancelled: isCancelled)
            }
        case .iid:
            for query in queries {
                let candidates = try candidates(in: library) {
                    admitted?.contains($0) != false && !query.excludedVideos.contains(library.video($0))
                }
                guard let candidates else { return nil }
                let ranking = try translating(library) { () throws(ScanFailure) in
                    try SampledScan(
                        query: query.moments, fingerprint: query.fingerprint,
                        sampleCount: options.sampleCount, lambda: options.lambda
                    ).nearest(
                        in: library, candidates: candidates, limit: options.limit,
                        maximumDistance: options.maximumDistance ?? .infinity, isCancelled: isCancelled)
                }
                rankings.append(ranking.map { PenalisedRanking.Row(scored: $0, penalty: 0) })
            }
        }
        var matches: [[Match]] = []
        for ranking in rankings {
            guard let described = try describe(ranking, options.limit, library) else { return nil }
            // One that was renamed since the filter was asked.
            guard described.allSatisfy({ options.filter.admits($0.video) }) else { return nil }
            matches.append(described)
        }
        return matches
    }

    /// The rows that the filter admits; nil where it admits all.
    private func admittedRows(
        _ filter: VideoFilter, _ library: MomentsRows
    ) throws(AttemptFailure) -> RowSet? {
        if filter.admitsAll { return nil }
        var admitted = RowSet(rowCount: library.count)
        var row = 0
        do throws(IndexError) {
            // Both go by the number; one of them may be newer.
            try index.forEachVideo { video in
                while row < library.count, library.video(row) < video.id { row += 1 }
                guard row < library.count, library.video(row) == video.id else { return }
                if filter.admits(video) { admitted.insert(row) }
            }
        } catch {
            throw .failed(.index(error))
        }
        return admitted
    }
}

// MARK: - From rows to videos

extension SearchEngine {
    /// The first `limit` by distance and path; nil where a video was removed meanwhile.
    private func describe(
        _ rows: [PenalisedRanking.Row], _ limit: Int, _ library: MomentsRows
    ) throws(AttemptFailure) -> [Match]? {
        guard let videos = try videos(rows.map { library.video($0.scored.row) }) else { return nil }
        let ranked = zip(rows, videos).sorted { a, b in
            a.0.scored.distance != b.0.scored.distance
                ? a.0.scored.distance < b.0.scored.distance
                : a.1.identity.path.utf8.lexicographicallyPrecedes(b.1.identity.path.utf8)
        }
        return ranked.prefix(limit).enumerated().map { position, match in
            let logDeterminant = Moments.logDeterminant(of: library.variance(match.0.scored.row))
            return Match(
                rank: position + 1, video: match.1, distance: match.0.scored.distance,
                uncertainty: logDeterminant / Double(library.dimension), penalty: match.0.penalty)
        }
    }

    /// Every row that may answer, with the fingerprint of its file; nil where a video was removed meanwhile.
    private func candidates(
        in library: MomentsRows, where mayAnswer: (Int) -> Bool
    ) throws(AttemptFailure) -> [(row: Int, fingerprint: String)]? {
        let rows = (0..<library.count).filter(mayAnswer)
        guard let videos = try videos(rows.map { library.video($0) }) else { return nil }
        return zip(rows, videos).map { (row: $0, fingerprint: $1.identity.fingerprint) }
    }

    /// The videos with these numbers, in this order; nil where one is gone.
    private func videos(_ ids: [Int64]) throws(AttemptFailure) -> [IndexedVideo]? {
        let videos: [IndexedVideo]
        do { videos = try index.videos(ids: ids) } catch { throw .failed(.index(error)) }
        return videos.map(\.id) == ids ? videos : nil
    }

    private func reading<R>(_ body: () throws(IndexError) -> R) throws(SearchError) -> R {
        do { return try body() } catch { throw .index(error) }
    }

    private func translating<R>(
        _ library: MomentsRows, _ body: () throws(ScanFailure) -> R
    ) throws(AttemptFailure) -> R {
        do {
            return try body()
        } catch {
            switch error {
            case .cancelled: throw .failed(.cancelled)
            case .notFinite(let row): throw .failed(.index(damaged(library.video(row))))
            case .damaged: throw .damaged
            }
        }
    }

    private func damaged(_ id: Int64) -> IndexError {
        let video = try? index.videos(ids: [id]).first
        return IndexError(
            reason: .corrupted, path: video?.identity.path ?? index.folder,
            message:
                "the moments of video \(id) in the index \(index.folder) are not a valid distribution",
            hint: "remove the video from the index and index it again")
    }
}

extension GaussianMixture {
    /// As an index stores it, in float16: a file searched for has distance 0 to itself in the index.
    func roundedAsStored() -> GaussianMixture {
        GaussianMixture(
            components: components.map {
                Gaussian(
                    mean: $0.mean.map(HalfPrecision.roundedToFloat16),
                    logVariance: $0.logVariance.map(HalfPrecision.roundedToFloat16))
            })
    }
}
