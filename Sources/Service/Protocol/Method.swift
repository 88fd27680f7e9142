/// The methods of the protocol.
public enum Method: String, Sendable, CaseIterable {
    /// Ranks the index by distance to a video.
    case search
    /// Brings the index in step with folders.
    case index
    /// Takes videos out of the index.
    case remove
    /// Says what the index holds.
    case info
    /// Ends a request that is waiting or running.
    case cancel
}
