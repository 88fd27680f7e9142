import Base
import Indexing

/// Which video of a group is to be kept, and of which pairs the other one is listed. Folders are absolute, without symbolic links.
public struct KeepRules: Sendable, Equatable {
    /// What one video can have over another.
    public enum Preference: String, Sendable, CaseIterable {
        /// Running times within 1 s or 2 % of the longest count as equal.
        case longest
        /// The largest picture, in pixels.
        case picture
        /// The most bytes a second; the most bytes where the length is unknown.
        case bitrate
        /// The codec that shows more with the same bytes.
        case codec
        case oldest, newest
        /// The shortest file name: copies are named for what they are of.
        case name
        /// The first by path.
        case path
    }

    /// Which pairs count, by the folders that hold the two files.
    public enum Pairing: String, Sendable, CaseIterable {
        case any
        /// Both in one folder.
        case within
        /// Each in another folder.
        case across
    }

    /// What lies in or below these goes before all else, the first folder's first.
    public var keepUnder: [String] = []
    /// What lies in or below these is never listed as what another video makes superfluous, and goes before what does not.
    public var neverTouch: [String] = []
    /// The first that tells two videos apart decides; the path where none does.
    public var preferences = Self.usual
    /// Which pairs count.
    public var pairing = Pairing.any
    /// Only what lies in or below these is listed beside the video to keep; empty for all.
    public var listed: [String] = []
    /// Only what lies in or below these is kept for others; empty for all.
    public var against: [String] = []

    /// The order where nothing is asked for.
    public static let usual: [Preference] = [.longest, .picture, .bitrate, .path]

    /// The usual order, and no folders.
    public init() {}

    /// Whether a video is listed as one that the kept one makes superfluous.
    public func admits(_ path: String, for kept: String) -> Bool {
        if Self.isBelow(path, neverTouch) { return false }
        if !listed.isEmpty, !Self.isBelow(path, listed) { return false }
        if !against.isEmpty, !Self.isBelow(kept, against) { return false }
        let isOneFolder = PathKey(Path.folder(of: path)) == PathKey(Path.folder(of: kept))
        return pairing == .any || (pairing == .within) == isOneFolder
    }

    /// How good a place is: larger is better.
    func rank(ofPlace path: String) -> Double {
        let first = keepUnder.firstIndex { path.isAtOrBelow($0) } ?? keepUnder.count
        let isAgainst = Self.isBelow(path, against)
        return Double(
            4 * (keepUnder.count - first) + (isAgainst ? 2 : 0) + (Self.isBelow(path, neverTouch) ? 1 : 0))
    }

    private static func isBelow(_ path: String, _ folders: [String]) -> Bool {
        folders.contains { path.isAtOrBelow($0) }
    }
}
