import Base
import Distributions
import Indexing

/// What to look for.
public struct DuplicateOptions: Sendable {
    /// The largest distance at which two videos are taken for duplicates; 0 or more, finite.
    public var maximumDistance: Double
    /// Decides, by what is seen, which of these share footage; nil takes all of them for duplicates.
    public var judge: FootageJudge?

    /// Whether videos that look alike, and are not the same by what was seen, are listed too.
    public var listsSimilar = false

    /// Which video of a group is kept.
    public var rules = KeepRules()

    /// Pairs up to a distance.
    public init(maximumDistance: Double, judge: FootageJudge? = nil) {
        self.maximumDistance = maximumDistance
        self.judge = judge
    }
}

/// How far a search for duplicates is.
public struct DuplicateProgress: Sendable, Equatable {
    /// What it does now.
    public enum Phase: String, Sendable {
        /// Clips are read.
        case reading
        /// Every video, and every clip, is compared with every other.
        case comparing
        /// Pairs that are near are looked at clip by clip.
        case aligning
    }

    /// What it does now.
    public var phase: Phase
    /// The share of the phase that is done, 0…1.
    public var share: Double
}

/// Where in a longer video one lies.
public struct Containment: Sendable, Equatable {
    /// The longer video.
    public var path: String
    /// The part of it, in seconds.
    public var interval: TimeRange
}

/// One video of a group.
public struct DuplicateMember: Sendable {
    /// The video.
    public var video: IndexedVideo
    /// To the one to keep; 0 for that itself.
    public var distance: Double
    /// What looking at this one and the one to keep said; nil where they have the same content.
    public var verification: Verification?
    /// How much of what the shorter of the two shows was found in the other, 0…1; 1 where they have the same content.
    public var shown: Double
    /// Whether this is the one to keep, by the suggestion.
    public var isKept: Bool
    /// Why, or why not.
    public var reason: KeptVideo.Reason
    /// Where it lies in another member, if it is an excerpt of it.
    public var containment: Containment?

    /// Makes a member of its parts.
    package init(
        video: IndexedVideo, distance: Double, verification: Verification?, shown: Double, isKept: Bool,
        reason: KeptVideo.Reason, containment: Containment? = nil
    ) {
        self.video = video
        self.distance = distance
        self.verification = verification
        self.shown = shown
        self.isKept = isKept
        self.reason = reason
        self.containment = containment
    }
}

/// Videos that share footage with one of them.
public struct DuplicateGroup: Sendable {
    /// The one to keep first, which every other one matches; then by distance to it and path.
    public var members: [DuplicateMember]
    /// The largest distance of a member to the one to keep.
    public var largestDistance: Double

    /// Makes a group of its members.
    package init(members: [DuplicateMember]) {
        self.members = members
        largestDistance = members.map(\.distance).max() ?? 0
    }
}

/// Videos that look like one of them, and are not the same footage by what was seen.
public struct SimilarVideos: Sendable {
    /// The one that all others look like.
    public var centre: IndexedVideo
    /// The others, with their distances to it; the nearest first.
    public var others: [(video: IndexedVideo, distance: Double)]
}

/// All groups of an index.
public struct DuplicateGroups: Sendable {
    /// Those with the most members first; of as many, the nearest to each other first, then by the kept video's path.
    public var groups: [DuplicateGroup]
    /// Videos that were compared.
    public var videos: Int
    /// Videos that show too little to be compared by their pictures, by path: only checked for identical files.
    public var uninformative: [IndexedVideo]
    /// Pairs that would be in these groups and are not, since it was decided so.
    public var rejected: Int
    /// Videos that look alike and are not the same, those that most look like first; none unless asked for.
    public var similar: [SimilarVideos]
}

/// Why a search for duplicates gave no groups.
public enum DuplicateError: Error, Sendable {
    /// The caller's cancellation check said so.
    case cancelled
    /// So many pairs are this near that listing them would take the machine's memory.
    case tooManyPairs(limit: Int)
    /// The index can't be read, or holds a video whose moments are no distribution.
    case index(IndexError)
}
