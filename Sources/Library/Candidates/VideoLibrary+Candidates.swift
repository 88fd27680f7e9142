import Base
import Glibc
import Indexing
import Retrieval

extension VideoLibrary {
    /// Ranks the videos that the server of a shared index gives as candidates: about the nearest, in a time that hardly grows
    /// with the index, without a copy of it on this machine. Whole videos alone are compared.
    ///
    /// - Parameter count: candidates; 0 for as many as were measured to hold 99 % of the true nearest ten.
    func search(
        _ request: SearchRequest, candidates count: Int, isCancelled: @escaping @Sendable () -> Bool
    ) throws(LibraryError) -> SearchResponse {
        let start = ContinuousClock.now
        let index = try candidateIndex()
        let query = try query(request, index, isCancelled: isCancelled)
        let calibration = request.lambda == 1 ? calibration(of: index.model) : nil
        var options = try request.options(calibration: calibration, modelFolder: configuration.modelFolder)
        let moments = CandidateRanking.moments(of: query.ranked)
        let found = try translating { () throws(IndexError) in
            if request.excludesSelf, let own = try index.video(atPath: query.facts.path) {
                options.excludedVideos.insert(own.video.id)
            }
            let wanted = count > 0 ? count : Self.count(try index.candidateRecall())
            return try index.candidates(near: moments, count: max(wanted, options.limit)) {
                options.filter.admits($0)
            }
        }
        let matches = CandidateRanking.rank(
            found.map { ($0.video, $0.moments) }, query: moments, options: options)
        return SearchResponse(
            query: query.facts, matches: matches, calibration: calibration,
            elapsed: ContinuousClock.now - start)
    }

    /// Several such searches, one after the other.
    func searchEach(
        _ batch: SearchBatch, isCancelled: @escaping @Sendable () -> Bool
    ) throws(LibraryError) -> BatchResponse {
        let start = ContinuousClock.now
        var answers: [BatchResponse.Answer] = []
        for video in batch.videos {
            var request = batch.common
            request.video = video
            do throws(LibraryError) {
                let response = try search(request, isCancelled: isCancelled)
                answers.append(.init(video: video, result: .success(response)))
            } catch {
                guard error.kind == .video else { throw error }
                answers.append(.init(video: video, result: .failure(error)))
            }
        }
        return BatchResponse(answers: answers, elapsed: ContinuousClock.now - start)
    }

    /// The query as it is in the index, or encoded.
    private func query(
        _ request: SearchRequest, _ index: any CandidateIndex, isCancelled: @escaping @Sendable () -> Bool
    ) throws(LibraryError) -> Query {
        let path = Path.resolved(request.video)
        let found = try translating { () throws(IndexError) in try index.video(atPath: path) }
        let known = found.flatMap { $0.video.identity.isCurrent ? $0 : nil }
        let chosen = known.flatMap { ChosenStream.number(in: $0.video.identity.fingerprint) }
        let stream = try queryStream(request.stream, of: path, chosen: chosen, isCancelled: isCancelled)
        if request.range == nil, !configuration.alwaysChecksModel, stream == chosen, let known {
            return Query(
                facts: facts(path, known.video.facts, known.mixture, isIndexed: true, range: nil),
                mixture: known.mixture,
                track: ClipTrack(intervals: known.intervals, gaussians: known.mixture.components),
                pictures: nil, fingerprint: known.video.identity.fingerprint)
        }
        let model = try encoders.model().indexModel
        guard model.fingerprint == index.model.fingerprint else {
            throw LibraryError(
                IndexError(
                    reason: .otherModel, path: index.name,
                    message: "made by the model \"\(index.model.name)\", not by \"\(model.name)\"",
                    hint: "name the index's model with --model"))
        }
        let encoded = try encoders.encode(
            path: path, range: request.range, stream: stream, isCancelled: isCancelled)[0]
        return Query(
            facts: facts(path, encoded.facts, encoded.mixture, isIndexed: false, range: request.range),
            mixture: encoded.mixture,
            track: ClipTrack(intervals: encoded.intervals, gaussians: encoded.mixture.components),
            pictures: nil, fingerprint: "")
    }

    private func candidateIndex() throws(LibraryError) -> any CandidateIndex {
        let found = try translating { () throws(IndexError) in try configuration.index.candidates() }
        guard let found else { throw .notShared(configuration.index.name) }
        return found
    }

    private func translating<R>(_ body: () throws(IndexError) -> R) throws(LibraryError) -> R {
        do { return try body() } catch { throw LibraryError(error) }
    }

    /// Makes the index of candidates and measures how many it takes to find what an exact search finds, on videos of the index.
    ///
    /// - Parameter progress: told of the parts that are done, and of all.
    public func makeCandidates(
        queries: Int, progress: (Int, Int) -> Void = { _, _ in }
    ) throws(LibraryError) -> [CandidateRecall] {
        let index = try candidateIndex()
        do throws(IndexError) {
            try index.makeCandidates(progress: progress)
            let opened = try reader.opened()
            let videos = try opened.index.counts().ready
            let measured = try CandidateMeasurement(shared: index, exact: opened, queries: queries).run(
                videos: videos)
            try index.record(measured)
            return measured
        } catch {
            throw LibraryError(error)
        }
    }

    /// The fewest that find 99 % of the nearest ten, or the most that were measured.
    private static func count(_ recall: [CandidateRecall]) -> Int {
        (recall.first { $0.recall >= 0.99 } ?? recall.last)?.count ?? 200
    }
}
