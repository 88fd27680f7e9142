/// The methods of the protocol.
public enum Method: String, Sendable, CaseIterable {
    /// Ranks the index by distance to a video.
    case search
    /// Finds groups of videos that share footage.
    case duplicates
    /// Remembers that videos are no duplicates of each other.
    case rejectDuplicates = "reject_duplicates"
    /// Forgets that again.
    case restoreDuplicates = "restore_duplicates"
    /// Lists what is remembered of that kind.
    case duplicateDecisions = "duplicate_decisions"
    /// Brings the index in step with folders.
    case index
    /// Keeps the index in step with folders until it is cancelled.
    case watch
    /// Takes videos out of the index.
    case remove
    /// Says what the index holds.
    case info
    /// Says which program answers, and how it speaks.
    case version
    /// A still picture of a video.
    case thumbnail
    /// Names the streams of pictures in a file.
    case streams
    /// Lists the videos of the index, a page at a time.
    case videos
    /// Lays videos' Gaussians out in a plane.
    case projection
    /// Ends a request that is waiting or running.
    case cancel
}
