import Base

/// What a run passed over in its folders, and why.
public struct LeftOut: Sendable, Equatable {
    /// Why a whole folder was passed over.
    public enum Reason: String, Sendable, Codable {
        /// A pattern of the run, or of a `.mixtapeignore` above it.
        case pattern
        /// It holds `.nomedia`, or an empty `.mixtapeignore`.
        case marked
        /// A recycle bin, or what a network drive keeps for itself.
        case system
    }

    /// A folder that was not looked into.
    public struct Folder: Sendable, Equatable {
        /// Absolute.
        public var path: String
        /// Why.
        public var reason: Reason

        /// A folder and why.
        public init(path: String, reason: Reason) {
            self.path = path
            self.reason = reason
        }
    }

    /// Folders, by path.
    public var folders: [Folder] = []
    /// Files whose names do not end like a video's, by ending: lower case, without the dot, "" for none.
    public var endings: [String: Int] = [:]
    /// Files that a pattern names.
    public var excluded = 0
    /// Further names of files that are in the index under one.
    public var otherNames = 0
    /// Files and folders whose names are not UTF-8, which no reply and no row could name.
    public var unreadableNames = 0
    /// Links to videos and folders that lie where the run follows no link to.
    public var outsideLinks = 0

    /// Nothing.
    public init() {}

    /// Files whose names do not end like a video's.
    public var otherFiles: Int { endings.values.reduce(0, +) }

    /// The endings, the most frequent ones first.
    public var endingsByCount: [(ending: String, count: Int)] {
        endings.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    }
}

/// What a run takes of its folders, beside what names and marks say.
public struct ScanRules: Sendable, Equatable {
    /// Patterns of what to leave out: a name (`*.part`, `trailers`), or a path below the folder (`old/*.avi`); `*` stops at a
    /// slash, and `**` does not.
    public var exclude: [String] = []
    /// Whether files are taken whatever their names end in.
    public var takesAllFiles = false
    /// Folders that links may lead to, with symbolic links resolved; nil for any. What lies elsewhere is left out.
    public var linksStayWithin: [String]?

    /// What a run does that is asked for nothing else.
    public init() {}

    /// Whether links may lead to a resolved path.
    func admitsLink(to path: String) -> Bool {
        linksStayWithin.map { folders in folders.contains { path.isAtOrBelow($0) } } ?? true
    }
}
