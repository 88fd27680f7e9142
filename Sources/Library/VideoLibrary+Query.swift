import Base
import Distributions
import Glibc
import Indexing
import Retrieval
import VideoEncoding

extension VideoLibrary {
    /// A query as the ranking needs it.
    struct Query {
        var facts: SearchResponse.Query
        var mixture: GaussianMixture
        /// The clips as the alignment sees them; no weights yet.
        var track: ClipTrack
        /// What it looks like; nil where that is not known.
        var pictures: PictureTrack?
        /// Whether it is a still picture, which is looked for among those of the index.
        var isPicture: Bool { facts.isPicture && pictures != nil }
        /// Seeds the samples of the paper's estimator.
        var fingerprint: String
        /// Further examples of what is wanted, and of what is not.
        var like: [Query] = []
        var unlike: [Query] = []
        /// The file that it was encoded from, where there was no other way; nil for what the index or another process gave.
        var source: QuerySource?
        /// What looks like a video of its own in its picture.
        var panels: [Query] = []
        /// How its pictures are looked at.
        var view = PictureView.plain

        /// With further examples, which make what is known of the query that of all of them.
        func joined(by like: [Query], without unlike: [Query]) -> Query {
            var query = self
            query.like = like
            query.unlike = unlike
            query.facts.like = like.map(\.facts.path)
            query.facts.unlike = unlike.map(\.facts.path)
            query.facts.clips += like.reduce(0) { $0 + $1.facts.clips }
            if !like.isEmpty {
                query.facts.uncertainty =
                    Moments.ofMixture(([self] + like).map { $0.mixture.moments() }).uncertainty
            }
            return query
        }

        /// With what its clips say. Panels that say too little are left out.
        mutating func weigh(by information: ClipInformation) {
            track = information.weighted(track)
            facts.isTooEmpty = ClipInformation.isTooLittle(track.weights)
            for place in panels.indices { panels[place].weigh(by: information) }
            panels.removeAll(where: \.facts.isTooEmpty)
            facts.panels = panels.map(\.view.region)
        }

        var ranked: SearchQuery {
            var query = SearchQuery(mixture: mixture, fingerprint: fingerprint)
            query.furtherExamples = like.map(\.mixture)
            query.unwantedExamples = unlike.map(\.mixture)
            return query
        }
    }

    /// A file and the stream of it that was read.
    struct QuerySource {
        var path: String
        /// Nil for the main one.
        var stream: Int?
    }

    /// The examples that go with every video of a request.
    struct Examples {
        var like: [Query] = []
        var unlike: [Query] = []
    }

    /// Takes or encodes the further examples of a request.
    func examples(
        _ request: SearchRequest, isCancelled: @escaping @Sendable () -> Bool
    ) throws(LibraryError) -> Examples {
        var whole = request
        (whole.from, whole.to, whole.stream) = (nil, nil, nil)
        func load(_ paths: [String]) throws(LibraryError) -> [Query] {
            try paths.map { (path) throws(LibraryError) in
                if isCancelled() { throw .cancelled }
                return try query(Path.resolved(path), whole, isCancelled: isCancelled)
            }
        }
        return Examples(like: try load(request.like), unlike: try load(request.unlike))
    }

    /// Takes the query's mixture from the index where it is there and whole, and encodes the file otherwise.
    func query(
        _ path: String, _ request: SearchRequest, isCancelled: @escaping @Sendable () -> Bool
    ) throws(LibraryError) -> Query {
        if configuration.alwaysChecksModel { try checkModel() }
        let chosen = try chosenStream(path, request)
        let stream = try queryStream(request.stream, of: path, chosen: chosen, isCancelled: isCancelled)
        if request.range == nil, !request.isThorough || !Self.isThere(path), stream == chosen,
            let query = try indexedQuery(path)
        {
            return query
        }
        try checkModel()
        var encoded = try EncodedQuery(comparesParts: request.comparesParts) {
            (wanted) throws(LibraryError) in
            try encoders.encode(
                path: path, range: request.range, stream: stream, stride: wanted.stride, views: wanted.views,
                findsPanels: wanted.findsPanels, isCancelled: isCancelled)
        }
        encoded.fingerprint = ChosenStream.fingerprint(
            of: try fingerprint(path, for: request), stream: stream)
        var found = query(encoded, path, request)
        found.source = QuerySource(path: path, stream: stream)
        return found
    }

    /// A query that was encoded elsewhere, by this library's model.
    func query(_ encoded: EncodedQuery, _ request: SearchRequest) throws(LibraryError) -> Query {
        try checkModel()
        return query(encoded, request.video, request)
    }

    private func query(_ encoded: EncodedQuery, _ path: String, _ request: SearchRequest) -> Query {
        let video = encoded.video
        var query = Query(
            facts: facts(path, video.facts, video.mixture, isIndexed: false, range: request.range),
            mixture: video.mixture, track: encoded.track(comparesParts: request.comparesParts),
            pictures: video.pictures, fingerprint: encoded.fingerprint)
        query.panels = encoded.panels.map { self.query($0, like: query) }
        return query
    }

    /// A query as it looks in another way.
    func query(_ encoded: EncodedView, like query: Query) -> Query {
        let video = encoded.video
        var other = Query(
            facts: query.facts, mixture: video.mixture,
            track: ClipTrack(intervals: video.intervals, gaussians: video.mixture.components),
            pictures: video.pictures(encoded.view), fingerprint: query.fingerprint)
        other.view = encoded.view
        return other
    }

    private static func isThere(_ path: String) -> Bool {
        if case .success = FileStatus.of(path) { true } else { false }
    }

    /// The stream that was chosen of a file in the index; asked where more than the indexed video itself is wanted.
    private func chosenStream(_ path: String, _ request: SearchRequest) throws(LibraryError) -> Int? {
        if request.range == nil, request.stream == nil { return nil }
        let video = try video(atPath: path)
        return video.flatMap {
            $0.identity.isCurrent ? ChosenStream.number(in: $0.identity.fingerprint) : nil
        }
    }

    /// The query as it is in the index; nil where the file there is another, by size and times or, where those say that someone
    /// touched it, by content. A video whose file is gone, on a disk that isn't there perhaps, is searched for as it was when it
    /// was indexed.
    private func indexedQuery(_ path: String) throws(LibraryError) -> Query? {
        try reader.read { (opened) throws(IndexError) in
            guard let video = try opened.index.video(atPath: path), video.identity.isCurrent else {
                return nil
            }
            // Where it is being indexed anew, the file itself is asked.
            guard let (intervals, mixture) = try opened.index.mixtureIfThere(ofVideo: video.id) else {
                return nil
            }
            var pictures = PictureTrack(
                intervals: intervals,
                signatures: try opened.index.signatures(
                    ofVideo: video.id, fingerprint: video.identity.fingerprint))
            pictures?.shape = video.facts.shape
            return Query(
                facts: facts(path, video.facts, mixture, isIndexed: true, range: nil), mixture: mixture,
                track: ClipTrack(intervals: intervals, gaussians: mixture.components), pictures: pictures,
                fingerprint: video.identity.fingerprint)
        }
    }

    /// How much clips of this library's model say; all of them all they can where the model has no calibration, by which
    /// its distances are read, or cannot be asked.
    ///
    /// What the model makes of clips that show nothing is kept beside the index, so that a search for an indexed video
    /// needs no model.
    func clipInformation() throws(LibraryError) -> ClipInformation {
        let index = try index()
        guard let calibration = try calibration() else { return ClipInformation(empty: []) }
        if let known = readInformation.withLock({ $0[index.model.fingerprint] }) { return known }
        var empty = index.emptyClips()
        if empty == nil, let model = try? encoders.model(), model.fingerprint == index.model.fingerprint,
            let made = try? encoders.emptyClips()
        {
            index.store(emptyClips: made)
            empty = made
        }
        let options = AlignmentOptions(evenDistance: calibration.distance(score: 0.5))
        let information = ClipInformation(empty: empty ?? [], scale: options.maximumClipDistance)
        if empty != nil { readInformation.withLock { $0[index.model.fingerprint] = information } }
        return information
    }

    /// By the model's calibration, where it has one.
    func aligner() throws(LibraryError) -> Aligner {
        if let calibration = try calibration() {
            return Aligner(AlignmentOptions(evenDistance: calibration.distance(score: 0.5)))
        }
        // Distances add up over the dimensions; the default model's are known.
        let options = AlignmentOptions()
        let share = Double(try index().model.dimension) / 256
        return Aligner(AlignmentOptions(maximumClipDistance: options.maximumClipDistance * share))
    }

    func facts(
        _ path: String, _ facts: StreamFacts, _ mixture: GaussianMixture, isIndexed: Bool, range: TimeRange?
    ) -> SearchResponse.Query {
        let variance = mixture.moments().variance
        let uncertainty = variance.reduce(0.0) { $0 + log(Double($1)) } / Double(variance.count)
        return SearchResponse.Query(
            path: path, duration: facts.isPicture ? nil : facts.duration, clips: mixture.components.count,
            uncertainty: uncertainty,
            isIndexed: isIndexed, range: range, isTooEmpty: false, isPicture: facts.isPicture)
    }

    /// Another model's index would rank nonsense.
    ///
    /// - Returns: the model.
    @discardableResult
    package func checkModel() throws(LibraryError) -> VideoEncoder {
        let index = try self.index()
        let encoder = try encoders.model()
        let model = encoder.indexModel
        guard model.fingerprint == index.model.fingerprint else {
            throw LibraryError(
                .index, reason: IndexError.Reason.otherModel.rawValue, path: configuration.index.name,
                message: "\(configuration.index.name): made by the model \"\(index.model.name)\" "
                    + "(\(index.model.fingerprint.prefix(12))), not by \"\(model.name)\" "
                    + "(\(model.fingerprint.prefix(12)))",
                hint: "name the index's model with --model, or another index folder with --index")
        }
        return encoder
    }

    /// Refuses what would otherwise be refused once the query was encoded: scores that the model does not have, and a search
    /// of the `iid` mode that would take the processors for hours.
    ///
    /// - Throws: `no_calibration`; `too_many_samples`, about the parameter `samples`.
    package func check(_ request: SearchRequest) throws(LibraryError) {
        if request.minimumScore != nil {
            _ = try request.options(
                calibration: try calibration(for: request), modelFolder: configuration.modelFolder)
        }
        guard request.sampling == .iid else { return }
        let videos = try reader.read { (opened) throws(IndexError) in try opened.index.counts().ready }
        let most = SearchRequest.mostSamples(videos: videos)
        guard request.sampleCount > most else { return }
        throw LibraryError(
            .parameter("samples"), reason: "too_many_samples",
            message:
                "\(request.sampleCount) samples per video are too many for \(videos) videos: their number squared, times "
                + "the videos, may be at most \(SearchRequest.mostSampledPairs)",
            hint: "pass at most \(most) samples, or the mode \"matched\", which has no sampling error")
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

    /// A ranking for each query, nearest first; the queries' own rows and those of their examples are left out where
    /// that is asked for.
    func rank(
        _ queries: [Query], _ request: SearchRequest, _ information: ClipInformation,
        _ calibration: ScoreCalibration?,
        isCancelled: @Sendable () -> Bool
    ) throws(LibraryError) -> [[Match]] {
        let options = try request.options(calibration: calibration, modelFolder: configuration.modelFolder)
        if request.minimumScore != nil, let picture = queries.first(where: \.isPicture) {
            throw LibraryError(
                .parameter(SearchParameter.minimumScore.name), reason: "no_score", path: picture.facts.path,
                message: "\(picture.facts.path): a search for a picture has no scores",
                hint: "limit the matches by distance instead (--max-distance 0.2)")
        }
        let aligner = try aligner()
        let ranking = try reader.read { (opened) throws(IndexError) -> Result<[[Match]], SearchError> in
            let ranked = try queries.map { (query) throws(IndexError) in
                var ranked = query.ranked
                guard request.excludesSelf else { return ranked }
                for file in [query] + query.like + query.unlike {
                    guard let own = try opened.index.video(atPath: file.facts.path) else { continue }
                    ranked.excludedVideos.insert(own.id)
                }
                return ranked
            }
            return Result { () throws(SearchError) in
                if request.granularity == .scene {
                    return try zip(queries, ranked).map { (query, whole) throws(SearchError) in
                        try opened.engine.rank(
                            scenes: whole, interval: query.track.interval, options: options,
                            isCancelled: isCancelled)
                    }
                }
                guard request.comparesParts else {
                    return try opened.engine.rank(ranked, options: options, isCancelled: isCancelled)
                }
                return try zip(queries, ranked).map { (query, whole) throws(SearchError) in
                    if query.isPicture, let pictures = query.pictures {
                        return try opened.engine.rank(
                            picture: pictures, options: options, excluding: whole.excludedVideos,
                            isCancelled: isCancelled)
                    }
                    return try opened.engine.rank(
                        parts: PartQuery(whole: whole, track: query.track, pictures: query.pictures),
                        options: options, information: information, aligner: aligner,
                        judge: calibration?.judge(lowest: request.minimumScore) ?? .distanceAlone,
                        isCancelled: isCancelled)
                }
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

extension ScoreCalibration {
    /// - Parameter lowest: the lowest score that is wanted at all; nil for any.
    func judge(lowest: Double? = nil) -> FootageJudge {
        FootageJudge(
            threshold: threshold, lowest: lowest, farthestCandidate: max(0, distance(score: 0.05))
        ) { score(distance: $0, verification: $1) }
    }
}

extension EncodedVideo {
    /// What the video looks like; nil where its source says nothing of that.
    var pictures: PictureTrack? { pictures(.plain) }

    /// The same where it was looked at in this way.
    func pictures(_ view: PictureView) -> PictureTrack? {
        var pictures = PictureTrack(intervals: intervals, signatures: signatures)
        let shape = facts.shape.map { $0 * view.region.width / view.region.height }
        pictures?.shape = view.quarterTurns % 2 == 0 ? shape : shape.map { 1 / $0 }
        return pictures
    }
}

extension VideoEncoder {
    /// What an index writes down of its model.
    package var indexModel: IndexModel {
        IndexModel(name: configuration.name, fingerprint: fingerprint, dimension: configuration.dimension)
    }
}

extension FileIdentity {
    /// Whether the file is as it was, by size and times or, where those say that someone touched it, by content; or gone.
    package var isCurrent: Bool {
        switch FileStatus.of(path) {
        case .failure(let error): error.code == ENOENT || error.code == ENOTDIR
        case .success(let status):
            isUntouched(status)
                || size == status.size
                    && (try? ContentFingerprint.of(path: path)) == ChosenStream.content(of: fingerprint)
        }
    }
}
