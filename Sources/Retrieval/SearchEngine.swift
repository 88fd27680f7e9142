import Distributions
import Indexing
import VideoDecoding

/// One row of a ranking.
public struct Match: Sendable {
    /// 1 for the nearest.
    public var rank: Int
    /// What was found.
    public var video: IndexedVideo
    /// Bhattacharyya distance (paper eq. 6), the constant λD/4 removed in `matched` mode; finite, not negative.
    public var distance: Double
    /// Mean of log σ²_V, natural logarithm.
    public var uncertainty: Double
}

/// Ranks an index by distance to a query.
///
/// Safe to use from several threads at once. Each call sees the index as it is when the call begins.
public final class SearchEngine: Sendable {
    private let index: VideoIndex

    /// Maps the index's moments, so that an index that can't be read is found out here.
    public init(index: VideoIndex) throws(IndexError) {
        self.index = index
        _ = try index.moments()
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
        guard query.dimension == index.model.dimension else {
            throw .index(
                IndexError(
                    reason: .otherModel, path: index.folder,
                    message: "the index has \(index.model.dimension) dimensions (model "
                        + "\(index.model.name)) and the query has \(query.dimension)",
                    hint: "search with the model that the index was made with"))
        }
        guard options.limit > 0 else { return [] }
        let query = query.roundedAsStored().moments()
        guard query.mean.allSatisfy(\.isFinite), query.variance.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw .index(
                IndexError(
                    reason: .failed, path: index.folder,
                    message: "the model gave values for the query that are not those of a distribution",
                    hint: "the model may be damaged; try another with --model"))
        }
        // A video that another process removes after the moments were read has no path to show: look again.
        for _ in 0..<4 {
            if let matches = try attempt(query, fingerprint, options, isCancelled) { return matches }
        }
        throw .index(
            IndexError(
                reason: .busy, path: index.folder,
                message: "the index changes faster than it can be searched",
                hint: "search again when less is being removed"))
    }

    /// One search over one state of the moments; nil where a video found was removed meanwhile.
    private func attempt(
        _ query: Moments, _ fingerprint: String, _ options: SearchOptions,
        _ isCancelled: @Sendable () -> Bool
    ) throws(SearchError) -> [Match]? {
        let table = try reading { () throws(IndexError) in try index.moments() }
        guard table.count > 0 else { return [] }
        let result = table.withRows { means, variances, logDeterminants, ids in
            let library = MappedLibrary(
                rows: MomentsRows(
                    means: means, variances: variances, logDeterminants: logDeterminants,
                    count: table.count, dimension: table.dimension, stride: table.stride),
                ids: ids)
            return Result { () throws(SearchError) in
                try matches(query, fingerprint, options, library, isCancelled)
            }
        }
        return try result.get()
    }

    private func matches(
        _ query: Moments, _ fingerprint: String, _ options: SearchOptions, _ library: MappedLibrary,
        _ isCancelled: @Sendable () -> Bool
    ) throws(SearchError) -> [Match]? {
        switch options.sampling {
        case .matched:
            let scored = try translating(library) { () throws(ScanFailure) in
                try MomentsScan(query: query, lambda: options.lambda).nearest(
                    in: library.rows, limit: options.limit,
                    maximumDistance: options.maximumDistance ?? .infinity,
                    isExcluded: { options.excludedVideos.contains(library.ids[$0]) },
                    isCancelled: isCancelled)
            }
            return try describe(scored, options.limit, library)
        case .iid:
            guard let candidates = try candidates(in: library, without: options.excludedVideos) else {
                return nil
            }
            let scored = try translating(library) { () throws(ScanFailure) in
                try SampledScan(
                    query: query, fingerprint: fingerprint, sampleCount: options.sampleCount,
                    lambda: options.lambda
                ).nearest(
                    in: library.rows, candidates: candidates, limit: options.limit,
                    maximumDistance: options.maximumDistance ?? .infinity, isCancelled: isCancelled)
            }
            return try describe(scored, options.limit, library)
        }
    }
}

// MARK: - From rows to videos

/// The rows of a mapped table and the numbers of their videos.
private struct MappedLibrary: @unchecked Sendable {
    // Unchecked: read-only memory, used while the table is held.
    let rows: MomentsRows
    let ids: UnsafePointer<Int64>
}

extension SearchEngine {
    /// The first `limit` by distance and path; nil where a video was removed meanwhile.
    private func describe(
        _ scored: [ScoredRow], _ limit: Int, _ library: MappedLibrary
    ) throws(SearchError) -> [Match]? {
        guard let videos = try videos(scored.map { library.ids[$0.row] }) else { return nil }
        let ranked = zip(scored, videos).sorted { a, b in
            a.0.distance != b.0.distance
                ? a.0.distance < b.0.distance
                : a.1.identity.path.utf8.lexicographicallyPrecedes(b.1.identity.path.utf8)
        }
        return ranked.prefix(limit).enumerated().map { position, match in
            let logDeterminant = Moments.logDeterminant(of: library.rows.variance(match.0.row))
            return Match(
                rank: position + 1, video: match.1, distance: match.0.distance,
                uncertainty: logDeterminant / Double(library.rows.dimension))
        }
    }

    /// Every row that isn't excluded, with the fingerprint of its file; nil where a video was removed meanwhile.
    private func candidates(
        in library: MappedLibrary, without excluded: Set<Int64>
    ) throws(SearchError) -> [(row: Int, fingerprint: String)]? {
        let rows = (0..<library.rows.count).filter { !excluded.contains(library.ids[$0]) }
        guard let videos = try videos(rows.map { library.ids[$0] }) else { return nil }
        return zip(rows, videos).map { (row: $0, fingerprint: $1.identity.fingerprint) }
    }

    /// The videos with these numbers, in this order; nil where one is gone.
    private func videos(_ ids: [Int64]) throws(SearchError) -> [IndexedVideo]? {
        let videos = try reading { () throws(IndexError) in try index.videos(ids: ids) }
        return videos.map(\.id) == ids ? videos : nil
    }

    private func reading<R>(_ body: () throws(IndexError) -> R) throws(SearchError) -> R {
        do { return try body() } catch { throw .index(error) }
    }

    private func translating<R>(
        _ library: MappedLibrary, _ body: () throws(ScanFailure) -> R
    ) throws(SearchError) -> R {
        do {
            return try body()
        } catch {
            switch error {
            case .cancelled: throw .cancelled
            case .notFinite(let row): throw .index(damaged(library.ids[row]))
            }
        }
    }

    private func damaged(_ id: Int64) -> IndexError {
        let video = try? index.videos(ids: [id]).first
        return IndexError(
            reason: .corrupted, path: video?.identity.path ?? index.folder,
            message:
                "the moments of video \(id) in the index \(index.folder) are not those of a distribution",
            hint: "remove the video from the index and index it again")
    }
}

extension GaussianMixture {
    /// As an index stores it, in float16: a file searched for has distance 0 to itself in the index.
    fileprivate func roundedAsStored() -> GaussianMixture {
        GaussianMixture(
            components: components.map {
                Gaussian(
                    mean: $0.mean.map { Float(Float16($0)) },
                    logVariance: $0.logVariance.map { Float(Float16($0)) })
            })
    }
}
