import Distributions
import Indexing

/// Ranks a few videos that some other index gave, by the very distances of an exact search.
package enum CandidateRanking {
    /// What a search by candidates compares with: the query's moments, as an index stores them.
    package static func moments(of query: SearchQuery) -> Moments {
        .ofMixture(([query.mixture] + query.furtherExamples).map { $0.roundedAsStored().moments() })
    }

    /// The nearest by Bhattacharyya distance, then by path; the options' limit, distance and λ hold, and their filter does.
    package static func rank(
        _ candidates: [(video: IndexedVideo, moments: Moments)], query: Moments, options: SearchOptions
    ) -> [Match] {
        let scored = candidates.compactMap { candidate -> (Double, IndexedVideo, Moments)? in
            let (video, moments) = candidate
            guard options.filter.admits(video), !options.excludedVideos.contains(video.id) else { return nil }
            let distance = moments.mean.withUnsafeBufferPointer { mean in
                moments.variance.withUnsafeBufferPointer { variance in
                    Bhattacharyya.closedForm(query, mean: mean, variance: variance, lambda: options.lambda)
                }
            }
            guard distance.isFinite, distance <= options.maximumDistance ?? .infinity else { return nil }
            return (distance, video, moments)
        }
        let ranked = scored.sorted {
            $0.0 != $1.0
                ? $0.0 < $1.0 : $0.1.identity.path.utf8.lexicographicallyPrecedes($1.1.identity.path.utf8)
        }
        return ranked.prefix(options.limit).enumerated().map { position, scored in
            Match(
                rank: position + 1, video: scored.1, distance: scored.0, uncertainty: scored.2.uncertainty)
        }
    }
}
