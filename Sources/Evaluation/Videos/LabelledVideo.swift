import Base
import Glibc

/// Which side of a retrieval measurement a video is on.
public enum VideoRole: String, Sendable, Hashable, Codable {
    /// Asks, and is found by the others: leave-one-out.
    case both
    /// Only asks: the test part of a split.
    case query
    /// Only is found: the training part of a split, or a distractor.
    case gallery
}

/// A video file and what it shows.
public struct LabelledVideo: Sendable, Hashable {
    /// Where the file is.
    public var path: String
    /// The path below the folder that was named, for filters and reports; no two videos share it.
    public var name: String
    /// Its class; nil for a distractor.
    public var label: String?
    /// Which side it is on.
    public var role: VideoRole

    /// A video; one without a label can only be in the gallery.
    public init(path: String, name: String, label: String?, role: VideoRole = .both) {
        self.path = path
        self.name = name
        self.label = label
        self.role = label == nil ? .gallery : role
    }

    /// The part of the name behind the last slash.
    public var fileName: Substring { name.split(separator: "/").last ?? name[...] }

    /// The file's own path, behind all links; the path as it is where the file cannot be found.
    var resolvedPath: String { Path.real(path) ?? path }
}

/// Labelled videos, sorted by name, and whether they are split into queries and gallery.
public struct LabelledVideos: Sendable, Equatable {
    /// Sorted by name.
    public var videos: [LabelledVideo]

    /// Sorts the videos by name.
    public init(_ videos: [LabelledVideo]) {
        self.videos = videos.sorted { $0.name < $1.name }
    }

    /// Whether queries and gallery are different videos; otherwise each query is left out of its own gallery.
    public var isSplit: Bool { videos.contains { $0.role == .query } }
}
