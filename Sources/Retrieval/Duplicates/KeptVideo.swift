import Base
import Indexing

/// Which video of a group to keep, and why it and not the others: the first of the rules that tells them apart decides (`KeepRules`).
public enum KeptVideo {
    /// Why a video is the one to keep, or why it isn't.
    public enum Reason: String, Sendable, CaseIterable {
        // Of the video to keep.
        case keptFolder = "kept_folder"
        case longest
        case largestPicture = "largest_picture"
        case bestQuality = "best_quality"
        case bestCodec = "best_codec"
        case oldest, newest
        case shortestName = "shortest_name"
        case firstPath = "first_path"
        // Of the others, by what they lose to it.
        case sameContent = "same_content"
        case otherFolder = "other_folder"
        case shorter
        case smallerPicture = "smaller_picture"
        case lowerQuality = "lower_quality"
        case lesserCodec = "lesser_codec"
        case newer, older
        case longerName = "longer_name"
        case laterPath = "later_path"
    }

    /// A rule: why the best by it is kept, why others are not, and how good each is.
    private struct Step {
        var kept: Reason
        var others: Reason
        var worth: (Int) -> Double
    }

    /// The place of the video to keep, and a reason a video.
    ///
    /// - Parameter videos: at least one.
    public static func choose(
        _ videos: [IndexedVideo], rules: KeepRules = KeepRules()
    ) -> (kept: Int, reasons: [Reason]) {
        precondition(!videos.isEmpty, "a group has members")
        let byPath = videos.indices.sorted {
            videos[$0].identity.path.utf8.lexicographicallyPrecedes(videos[$1].identity.path.utf8)
        }
        var steps = [
            Step(kept: .keptFolder, others: .otherFolder) { rules.rank(ofPlace: videos[$0].identity.path) }
        ]
        // The path tells all of them apart.
        steps += rules.preferences.prefix { $0 != .path }.map { step($0, videos) }
        var reasons = [Reason?](repeating: nil, count: videos.count)
        var left = byPath
        // The last step that told some of the best from others is why the best is best.
        var decisive = Reason.firstPath
        for step in steps {
            let best = left.map(step.worth).max() ?? 0
            let losers = left.filter { step.worth($0) < best }
            if losers.isEmpty { continue }
            for place in losers { reasons[place] = step.others }
            left.removeAll { step.worth($0) < best }
            decisive = step.kept
            if left.count == 1 { break }
        }
        let kept = left[0]
        for place in left.dropFirst() { reasons[place] = .laterPath }
        let fingerprint = videos[kept].identity.fingerprint
        for place in videos.indices where place != kept && videos[place].identity.fingerprint == fingerprint {
            reasons[place] = .sameContent
        }
        // Where the rest have its content, its path alone decided among them, but not against the others.
        reasons[kept] = decisive
        return (kept, reasons.map { $0 ?? .laterPath })
    }

    private static func step(_ preference: KeepRules.Preference, _ videos: [IndexedVideo]) -> Step {
        switch preference {
        case .longest:
            let longest = videos.compactMap(\.facts.duration).max() ?? 0
            return Step(kept: .longest, others: .shorter) { isAsLong(videos[$0], longest) ? 1 : 0 }
        case .picture:
            return Step(kept: .largestPicture, others: .smallerPicture) {
                Double(videos[$0].facts.width) * Double(videos[$0].facts.height)
            }
        case .bitrate:
            return Step(kept: .bestQuality, others: .lowerQuality) { bytesPerSecond(videos[$0]) }
        case .codec:
            return Step(kept: .bestCodec, others: .lesserCodec) {
                Double(codecs.firstIndex(of: videos[$0].facts.codec) ?? -1)
            }
        case .oldest:
            return Step(kept: .oldest, others: .newer) { -Double(videos[$0].identity.modified) }
        case .newest:
            return Step(kept: .newest, others: .older) { Double(videos[$0].identity.modified) }
        case .name:
            return Step(kept: .shortestName, others: .longerName) {
                -Double(Path.name(of: videos[$0].identity.path).unicodeScalars.count)
            }
        case .path: preconditionFailure("the path is no step")
        }
    }

    /// By FFmpeg's names; each shows more with the same bytes than those before it. Any other one stands before them all.
    private static let codecs = [
        "mpeg1video", "mpeg2video", "mpeg4", "vp8", "h264", "vp9", "hevc", "av1", "vvc",
    ]

    private static func isAsLong(_ video: IndexedVideo, _ longest: Double) -> Bool {
        (video.facts.duration ?? 0) >= min(longest - 1, longest * 0.98)
    }

    private static func bytesPerSecond(_ video: IndexedVideo) -> Double {
        let seconds = video.facts.duration ?? 0
        return Double(video.identity.size) / (seconds > 0 ? seconds : 1)
    }
}
