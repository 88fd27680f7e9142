import Indexing

/// Which video of a group to keep, and why it and not the others: the first of these that tells them apart decides.
///
/// 1. The longest; running times within 1 s or 2 % of the longest count as equal.
/// 2. The largest picture, in pixels.
/// 3. The best quality: the most bytes a second, where the lengths are known, else the most bytes.
/// 4. The first by path.
public enum KeptVideo {
    /// Why a video is the one to keep, or why it isn't.
    public enum Reason: String, Sendable, CaseIterable {
        // Of the video to keep.
        case longest
        case largestPicture = "largest_picture"
        case bestQuality = "best_quality"
        case firstPath = "first_path"
        // Of the others, by what they lose to it.
        case sameContent = "same_content"
        case shorter
        case smallerPicture = "smaller_picture"
        case lowerQuality = "lower_quality"
        case laterPath = "later_path"
    }

    /// The place of the video to keep, and a reason a video.
    ///
    /// - Parameter videos: at least one.
    public static func choose(_ videos: [IndexedVideo]) -> (kept: Int, reasons: [Reason]) {
        precondition(!videos.isEmpty, "a group has members")
        let byPath = videos.indices.sorted {
            videos[$0].identity.path.utf8.lexicographicallyPrecedes(videos[$1].identity.path.utf8)
        }
        let longest = videos.compactMap(\.facts.duration).max() ?? 0
        let steps: [(of: Reason, others: Reason, wins: (Int) -> Double)] = [
            (.longest, .shorter, { isAsLong(videos[$0], longest) ? 1 : 0 }),
            (
                .largestPicture, .smallerPicture,
                { Double(videos[$0].facts.width) * Double(videos[$0].facts.height) }
            ),
            (.bestQuality, .lowerQuality, { bytesPerSecond(videos[$0]) }),
        ]
        var reasons = [Reason?](repeating: nil, count: videos.count)
        var left = byPath
        // The last step that told some of the best from others is why the best is best.
        var decisive = Reason.firstPath
        for step in steps {
            let best = left.map(step.wins).max() ?? 0
            let losers = left.filter { step.wins($0) < best }
            if losers.isEmpty { continue }
            for place in losers { reasons[place] = step.others }
            left.removeAll { step.wins($0) < best }
            decisive = step.of
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

    private static func isAsLong(_ video: IndexedVideo, _ longest: Double) -> Bool {
        (video.facts.duration ?? 0) >= min(longest - 1, longest * 0.98)
    }

    private static func bytesPerSecond(_ video: IndexedVideo) -> Double {
        let seconds = video.facts.duration ?? 0
        return Double(video.identity.size) / (seconds > 0 ? seconds : 1)
    }
}
