import Base

/// Several videos to search for at once, each for itself.
public struct SearchBatch: Sendable, Equatable {
    /// The queries' files.
    public var videos: [String]
    /// What all of them are asked for; its own `video` is not searched for.
    public var common: SearchRequest

    /// A batch with the defaults.
    public init(videos: [String]) {
        self.videos = videos
        common = SearchRequest(video: "")
    }

    /// More videos go in several calls.
    public static let mostVideos = 1000
}

/// A ranking for each of several videos, or why there is none.
public struct BatchResponse: Sendable {
    /// One a video, in the order asked. An answer's time is what its own query took, and its share of what was done for all
    /// together: the times of all add up to that of the batch.
    public var answers: [Answer]
    /// Wall-clock time of the whole batch.
    public var elapsed: Duration

    /// What one of the videos was answered with.
    public struct Answer: Sendable {
        /// The query's file as it was named.
        public var video: String
        /// The ranking, or what is wrong with the file.
        public var result: Result<SearchResponse, LibraryError>

        /// An answer of its parts.
        public init(video: String, result: Result<SearchResponse, LibraryError>) {
            self.video = video
            self.result = result
        }
    }
}
