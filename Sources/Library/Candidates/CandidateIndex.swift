import Base
import Distributions
import Indexing

/// How many of the true ten nearest videos a search finds among so many candidates.
public struct CandidateRecall: Sendable, Equatable {
    /// Candidates that the server gives.
    public var count: Int
    /// Of the true ten nearest, the mean share that is among them.
    public var recall: Double
    /// The median of a search.
    public var seconds: Double
    /// The 99th percentile.
    public var slowSeconds: Double
    /// Videos that were searched for.
    public var queries: Int
    /// Videos of the index then.
    public var videos: Int

    /// A measurement of its parts.
    public init(
        count: Int, recall: Double, seconds: Double, slowSeconds: Double, queries: Int, videos: Int
    ) {
        self.count = count
        self.recall = recall
        self.seconds = seconds
        self.slowSeconds = slowSeconds
        self.queries = queries
        self.videos = videos
    }
}

/// A video that may be among the nearest, with all that its distance needs.
package struct Candidate: Sendable {
    package var video: IndexedVideo
    package var moments: Moments

    package init(video: IndexedVideo, moments: Moments) {
        self.video = video
        self.moments = moments
    }
}

/// An index that finds about the nearest videos by itself, in a time that hardly grows with it.
package protocol CandidateIndex: Sendable {
    /// Its name in messages.
    var name: String { get }
    /// The model that all videos are of.
    var model: IndexModel { get }

    /// The ready video at a path and all that the encoder said of it; nil where there is none.
    func video(atPath path: String) throws(IndexError) -> (
        video: IndexedVideo, intervals: [TimeRange], mixture: GaussianMixture
    )?

    /// About the `count` videos nearest to a query that `admits` lets through, by the 2-Wasserstein distance.
    func candidates(
        near query: Moments, count: Int, admits: (IndexedVideo) -> Bool
    ) throws(IndexError) -> [Candidate]

    /// Makes what finds them. What is there stays, and new videos come into it by themselves.
    ///
    /// - Parameter progress: told of the parts that are done, and of all.
    func makeCandidates(progress: (Int, Int) -> Void) throws(IndexError)

    /// Paths of `count` ready videos, spread over the index; always the same of the same index.
    func someVideos(_ count: Int) throws(IndexError) -> [String]

    /// What was measured of candidates, by their number.
    func candidateRecall() throws(IndexError) -> [CandidateRecall]

    /// Writes a measurement down in place of the one before.
    func record(_ recall: [CandidateRecall]) throws(IndexError)
}
