import Distributions
import Glibc
import Indexing
import Retrieval
import VideoDecoding
import VideoEncoding

extension VideoLibrary {
    /// A query as the ranking needs it.
    struct Query {
        var facts: SearchResponse.Query
        var mixture: GaussianMixture
        /// Seeds the samples of the paper's estimator.
        var fingerprint: String
    }

    /// Takes the query's mixture from the index where it is there and whole, and encodes the file otherwise.
    func query(
        _ path: String, _ request: SearchRequest, isCancelled: @escaping @Sendable () -> Bool
    ) throws(LibraryError) -> Query {
        if configuration.alwaysChecksModel { try checkModel() }
        if request.range == nil, let query = try indexedQuery(path) { return query }
        try checkModel()
        let encoded = try encoders.encode(path: path, range: request.range, isCancelled: isCancelled)
        return Query(
            facts: facts(
                path, encoded.facts, encoded.mixture, isIndexed: false, range: request.range),
            mixture: encoded.mixture, fingerprint: try fingerprint(path, for: request))
    }

    /// The query as it is in the index; nil where the file there is another, by size or time. A video whose file is
    /// gone, on a disk that isn't there perhaps, is searched for as it was when it was indexed.
    private func indexedQuery(_ path: String) throws(LibraryError) -> Query? {
        var status = stat()
        let isThere = stat(path, &status) == 0
        guard isThere || errno == ENOENT || errno == ENOTDIR else { return nil }
        // Wraps for years beyond 2262, as the index does.
        let modified = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
        return try reader.read { (opened) throws(IndexError) in
            guard let video = try opened.index.video(atPath: path),
                !isThere
                    || video.identity.size == Int64(status.st_size) && video.identity.modified == modified
            else { return nil }
            let mixture = try opened.index.mixture(ofVideo: video.id).mixture
            return Query(
                facts: facts(path, video.facts, mixture, isIndexed: true, range: nil), mixture: mixture,
                fingerprint: video.identity.fingerprint)
        }
    }

    private func facts(
        _ path: String, _ facts: StreamFacts, _ mixture: GaussianMixture, isIndexed: Bool, range: TimeRange?
    ) -> SearchResponse.Query {
        let variance = mixture.moments().variance
        let uncertainty = variance.reduce(0.0) { $0 + log(Double($1)) } / Double(variance.count)
        return SearchResponse.Query(
            path: path, duration: facts.duration, clips: mixture.components.count, uncertainty: uncertainty,
            isIndexed: isIndexed, range: range)
    }

    /// Another model's index would rank nonsense.
    private func checkModel() throws(LibraryError) {
        let index = try self.index()
        let model = try encoders.model().indexModel
        guard model.fingerprint == index.model.fingerprint else {
            throw LibraryError(
                .index, reason: IndexError.Reason.otherModel.rawValue, path: configuration.indexFolder,
                message: "\(configuration.indexFolder): made by the model \"\(index.model.name)\" "
                    + "(\(index.model.fingerprint.prefix(12))), not by \"\(model.name)\" "
                    + "(\(model.fingerprint.prefix(12)))",
                hint: "name the index's model with --model, or another index folder with --index")
        }
    }

    /// Only the samples of the `iid` mode depend on it, so only they pay for reading the file again.
    private func fingerprint(_ path: String, for request: SearchRequest) throws(LibraryError) -> String {
        guard request.sampling == .iid else { return "" }
        do {
            return try ContentFingerprint.of(path: path)
        } catch {
            throw LibraryError(error)
        }
    }

    /// Nearest first; the query's own row is left out where that is asked for.
    func rank(
        _ query: Query, _ request: SearchRequest, _ calibration: ScoreCalibration?,
        isCancelled: @Sendable () -> Bool
    ) throws(LibraryError) -> [Match] {
        let options = try request.options(calibration: calibration, modelFolder: configuration.modelFolder)
        let ranking = try reader.read { (opened) throws(IndexError) -> Result<[Match], SearchError> in
            var options = options
            if request.excludesSelf, let own = try opened.index.video(atPath: query.facts.path) {
                options.excludedVideos.insert(own.id)
            }
            return Result { () throws(SearchError) in
                try opened.engine.rank(
                    query: query.mixture, fingerprint: query.fingerprint,
                    options: options, isCancelled: isCancelled)
            }
        }
        do {
            return try ranking.get()
        } catch {
            switch error {
            case .cancelled: throw .cancelled
            case .index(let error):
                reader.forget()
                throw LibraryError(error)
            }
        }
    }
}

extension VideoEncoder {
    /// What an index writes down of its model.
    var indexModel: IndexModel {
        IndexModel(name: configuration.name, fingerprint: fingerprint, dimension: configuration.dimension)
    }
}
