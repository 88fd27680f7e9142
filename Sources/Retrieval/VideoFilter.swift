import Base
import Indexing

/// Which videos of an index may answer, by what is known of their files. What is not set admits all.
public struct VideoFilter: Sendable, Hashable {
    /// Keeps paths that match one of these; empty keeps all.
    public var paths: [PathPattern] = []
    /// Drops paths that match one of these.
    public var excludedPaths: [PathPattern] = []
    /// The shortest duration, in seconds. Videos of unknown duration are dropped if this or `longest` is set.
    public var shortest: Double?
    /// The longest duration, in seconds.
    public var longest: Double?
    /// Keeps files modified at this time or later, in nanoseconds since 1970.
    public var changedFrom: Int64?
    /// Keeps files modified before this time, in nanoseconds since 1970.
    public var changedBefore: Int64?
    /// The smallest file, in bytes.
    public var smallest: Int64?
    /// The largest file, in bytes.
    public var largest: Int64?

    /// Keeps every video.
    public init() {}

    /// Whether it keeps every video.
    public var admitsAll: Bool { self == VideoFilter() }

    /// Whether a video may answer.
    public func admits(_ video: IndexedVideo) -> Bool {
        let file = video.identity
        if let smallest, file.size < smallest { return false }
        if let largest, file.size > largest { return false }
        if let changedFrom, file.modified < changedFrom { return false }
        if let changedBefore, file.modified >= changedBefore { return false }
        if shortest != nil || longest != nil {
            guard let duration = video.facts.duration, duration >= shortest ?? 0,
                duration <= longest ?? .infinity
            else { return false }
        }
        if !paths.isEmpty, !paths.contains(where: { $0.matches(file.path) }) { return false }
        return !excludedPaths.contains { $0.matches(file.path) }
    }
}
