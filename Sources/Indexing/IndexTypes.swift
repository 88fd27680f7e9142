import Base
import Distributions
import Glibc

/// What identifies a file's bytes and place at the time it was read.
public struct FileIdentity: Sendable, Hashable {
    /// Absolute, symlinks resolved.
    public var path: String
    /// Content fingerprint, hexadecimal; empty where the file could not be read at all.
    public var fingerprint: String
    /// Bytes.
    public var size: Int64
    /// Modification time, nanoseconds since 1970.
    public var modified: Int64
    /// Number of the filesystem that the file lay on (`st_dev`), 0 where unknown: tells a deleted file from one
    /// on a disk that is not mounted.
    public var device: Int64
    /// When the file's status last changed (`st_ctime`), nanoseconds since 1970; 0 where unknown, as in a shared index. Nothing
    /// but the system sets it: an edit changes it even where it keeps the size and sets the modification time back.
    public var statusChanged: Int64

    /// Makes an identity of its parts.
    public init(
        path: String, fingerprint: String, size: Int64, modified: Int64, device: Int64 = 0,
        statusChanged: Int64 = 0
    ) {
        self.path = path
        self.fingerprint = fingerprint
        self.size = size
        self.modified = modified
        self.device = device
        self.statusChanged = statusChanged
    }

    /// Whether the file was not written since; if one of the two status times is unknown, by size and modification
    /// time alone.
    package func isUntouched(size: Int64, modified: Int64, statusChanged: Int64) -> Bool {
        self.size == size && self.modified == modified
            && (self.statusChanged == statusChanged || self.statusChanged == 0 || statusChanged == 0)
    }

    /// Whether the file, whose status is as given, was not written since it was read. A file that was only renamed, or had its
    /// permissions changed, counts as touched.
    package func isUntouched(_ status: FileStatus) -> Bool {
        isUntouched(size: status.size, modified: status.modified, statusChanged: status.statusChanged)
    }
}

/// One indexed video.
public struct IndexedVideo: Sendable, Hashable {
    /// The video's number in this index, never given to another video; it stays when a file moves.
    public var id: Int64
    /// The file.
    public var identity: FileIdentity
    /// The file's claims about its video stream.
    public var facts: StreamFacts
    /// Components of the video's mixture.
    public var clipCount: Int

    /// Makes a video of its parts.
    public init(id: Int64, identity: FileIdentity, facts: StreamFacts, clipCount: Int) {
        self.id = id
        self.identity = identity
        self.facts = facts
        self.clipCount = clipCount
    }
}

/// A file that could not be indexed, and why.
public struct FailedVideo: Sendable, Hashable {
    /// The file.
    public var identity: FileIdentity
    /// Stable and machine-readable, such as `no_video_stream`.
    public var reason: String
    /// One sentence for people.
    public var message: String

    /// Makes a failure of its parts.
    public init(identity: FileIdentity, reason: String, message: String) {
        self.identity = identity
        self.reason = reason
        self.message = message
    }
}

/// A row as an incremental run needs it: enough to tell whether the file must be read again.
public struct KnownFile: Sendable, Hashable {
    /// The row's number.
    public var id: Int64
    /// The file as it was when it was read.
    public var identity: FileIdentity
    /// Whether the row holds embeddings; false for a failed file.
    public var isReady: Bool
    /// Whether the row holds all that this version keeps; false where an older one stored the video.
    public var isComplete: Bool

    package init(id: Int64, identity: FileIdentity, isReady: Bool, isComplete: Bool = true) {
        self.isComplete = isComplete
        self.id = id
        self.identity = identity
        self.isReady = isReady
    }
}

/// The model an index belongs to.
public struct IndexModel: Sendable, Hashable, Codable {
    /// For people.
    public var name: String
    /// What must agree.
    public var fingerprint: String
    /// D, the width of the embedding.
    public var dimension: Int
    /// Those that a model may have (`ModelConfiguration`), and that an index takes from elsewhere.
    package static let dimensions = 1...8192

    /// Makes a model of its parts.
    public init(name: String, fingerprint: String, dimension: Int) {
        self.name = name
        self.fingerprint = fingerprint
        self.dimension = dimension
    }
}

/// Counts over an index.
public struct IndexCounts: Sendable, Hashable, Codable {
    /// Videos that can be found.
    public var ready: Int
    /// Files that could not be indexed.
    public var failed: Int
    /// Clips of all ready videos.
    public var clips: Int

    /// Makes counts of their parts.
    public init(ready: Int, failed: Int, clips: Int) {
        self.ready = ready
        self.failed = failed
        self.clips = clips
    }
}
