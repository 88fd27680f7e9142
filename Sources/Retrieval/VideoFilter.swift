import Base
import Indexing

/// Which videos of an index may answer, by what is known of their files. What is not set admits all.
public struct VideoFilter: Sendable, Hashable {
    /// One of these fits the path; empty admits all.
    public var paths: [PathPattern] = []
    /// None of these fits the path.
    public var excludedPaths: [PathPattern] = []
    /// Seconds, at least; a video whose duration is unknown is left out where this or the next is set.
    public var shortest: Double?
    /// Seconds, at most.
    public var longest: Double?
    /// Nanoseconds since 1970: files last changed then or later.
    public var changedFrom: Int64?
    /// Nanoseconds since 1970: files last changed before.
    public var changedBefore: Int64?
    /// Bytes of the file, at least.
    public var smallest: Int64?
    /// Bytes of the file, at most.
    public var largest: Int64?

    /// Admits every video.
    public init() {}

    /// Whether it admits every video, whatever is known of it.
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
