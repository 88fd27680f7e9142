import Distributions
import Indexing
import Retrieval

/// Measures how many candidates it takes to find what an exact search finds.
struct CandidateMeasurement {
    let shared: any CandidateIndex
    let exact: IndexReader.Opened
    /// Videos of the index to search for.
    let queries: Int

    private static let counts = [10, 20, 50, 100, 200, 500, 1000]

    /// A video that is searched for, and how far its tenth nearest is.
    private struct Query {
        var moments: Moments
        var tenth: Double
        var found: Int
    }

    func run(videos: Int) throws(IndexError) -> [CandidateRecall] {
        let queries = try self.chosen()
        guard !queries.isEmpty else { return [] }
        var options = SearchOptions(limit: 10)
        options.excludedVideos = []
        var measured: [CandidateRecall] = []
        for count in Self.counts {
            var share = 0.0
            var seconds: [Double] = []
            for query in queries {
                let start = ContinuousClock.now
                let candidates = try shared.candidates(near: query.moments, count: count) { _ in true }
                let matches = CandidateRanking.rank(
                    candidates.map { ($0.video, $0.moments) }, query: query.moments, options: options)
                seconds.append((ContinuousClock.now - start) / .seconds(1))
                // By distance, so that of several equally near it does not matter which are found.
                share += Double(matches.count { $0.distance <= query.tenth }) / Double(query.found)
            }
            seconds.sort()
            measured.append(
                CandidateRecall(
                    count: count, recall: share / Double(queries.count), seconds: seconds[seconds.count / 2],
                    slowSeconds: seconds[min(seconds.count - 1, seconds.count * 99 / 100)],
                    queries: queries.count, videos: videos))
            if count >= videos { break }
        }
        return measured
    }

    private func chosen() throws(IndexError) -> [Query] {
        var chosen: [Query] = []
        for path in try shared.someVideos(queries) {
            guard let known = try shared.video(atPath: path) else { continue }
            let matches = try exact.engine.rank(query: known.mixture, fingerprint: "", limit: 10)
            guard let last = matches.last else { continue }
            let query = SearchQuery(mixture: known.mixture, fingerprint: "")
            chosen.append(
                Query(
                    moments: CandidateRanking.moments(of: query), tenth: last.distance, found: matches.count))
        }
        return chosen
    }
}
