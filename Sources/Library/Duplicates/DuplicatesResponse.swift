import Base
import Indexing
import Retrieval
import VideoEncoding

/// Groups of videos that share footage, and what they were found by.
public struct DuplicatesResponse: Sendable {
    /// All that were found.
    public var found: DuplicateGroups
    /// The groups to show.
    public var groups: ArraySlice<DuplicateGroup>
    /// The largest distance at which two videos were taken for duplicates.
    public var maximumDistance: Double
    /// The lowest score with which they were; nil where the model has none.
    public var minimumScore: Double?
    /// From distance to score; nil where the model has none.
    public var calibration: ScoreCalibration?
    /// Wall-clock time of the whole search.
    public var elapsed: Duration
    /// Whether videos that only look alike were asked for.
    public var listsSimilar = false

    /// The probability that a member shares footage with the one to keep: 1 for equal content; nil where the model has no
    /// calibration.
    public func score(of member: DuplicateMember) -> Double? {
        guard let calibration else { return nil }
        guard let verification = member.verification else { return 1 }
        if calibration.verified == nil { return calibration.score(distance: member.distance) }
        return calibration.score(distance: member.distance, verification: verification)
    }

    /// The lowest score of a member; nil where the model has no calibration.
    public func lowestScore(in group: DuplicateGroup) -> Double? {
        group.members.compactMap(score(of:)).min()
    }

    /// What `duplicates --json` prints, and the `duplicates` method's result.
    public var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("groups", .array(groups.map(json(of:)))),
            .init("found", .number(found.groups.count)),
            .init("videos", .number(found.videos)),
            .init("low_information", .array(found.uninformative.map { .string($0.identity.path) })),
            .init("rejected", .number(found.rejected)),
            .init("max_distance", .number(maximumDistance)),
            .init("min_score", .number(minimumScore)),
            .init("elapsed_ms", .number(elapsed.milliseconds)),
        ]
        if listsSimilar { members.append(.init("similar", .array(found.similar.map(json(of:))))) }
        return .object(members)
    }

    private func json(of similar: SimilarVideos) -> JSONValue {
        [
            "centre": .string(similar.centre.identity.path),
            "members": .array(
                similar.others.map {
                    ["path": .string($0.video.identity.path), "distance": .number($0.distance)]
                }),
        ]
    }

    private func json(of group: DuplicateGroup) -> JSONValue {
        [
            "centre": .string(group.members[0].video.identity.path),
            "members": .array(group.members.map { json(of: $0, in: group) }),
            "maximum_distance": .number(group.largestDistance),
            "minimum_score": .number(lowestScore(in: group)),
        ]
    }

    private func json(of member: DuplicateMember, in group: DuplicateGroup) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("id", .number(member.video.id)),
            .init("path", .string(member.video.identity.path)),
            .init("distance", .number(member.distance)),
            .init("score", .number(score(of: member))),
            .init("keep", .bool(member.isKept)),
            .init("reason", .string(member.reason.rawValue)),
            .init("explanation", .string(group.explanation(of: member))),
            .init("duration", .number(member.video.facts.duration)),
            .init("width", .number(member.video.facts.width)),
            .init("height", .number(member.video.facts.height)),
            .init("size", .number(member.video.identity.size)),
            .init("fingerprint", .string(member.video.identity.fingerprint)),
        ]
        if case .agreement(let agreement) = member.verification {
            members.append(.init("agreement", agreement.json))
        }
        if let containment = member.containment {
            members.append(
                .init(
                    "contained_in",
                    [
                        "path": .string(containment.path),
                        "interval": .array([
                            .number(containment.interval.start), .number(containment.interval.stop),
                        ]),
                    ]))
        }
        return .object(members)
    }
}

extension DuplicateGroup {
    /// The member's reason in words, such as "7.0 s shorter".
    public func explanation(of member: DuplicateMember) -> String {
        let kept = members.first(where: \.isKept) ?? member
        switch member.reason {
        case .keptFolder: return "in a folder to keep"
        case .otherFolder: return "in another folder"
        case .bestCodec: return "the best codec, \(member.video.facts.codec)"
        case .lesserCodec: return "a lesser codec, \(member.video.facts.codec)"
        case .oldest: return "the oldest"
        case .newest: return "the newest"
        case .newer: return "newer"
        case .older: return "older"
        case .shortestName: return "the shortest name"
        case .longerName: return "a longer name"
        case .longest: return "the longest"
        case .largestPicture: return "the largest picture"
        case .bestQuality: return "the most bytes per second"
        case .firstPath: return "equal, first by path"
        case .sameContent: return "identical content"
        case .shorter:
            guard let own = member.video.facts.duration, let other = kept.video.facts.duration else {
                return "of unknown length"
            }
            return "\(Self.length(other - own)) shorter"
        case .smallerPicture:
            return "a smaller picture, \(member.video.facts.width) × \(member.video.facts.height)"
        case .lowerQuality: return "fewer bytes per second"
        case .laterPath: return "equal, later by path"
        }
    }

    /// "19.7 s", "44:48", "1:02:03".
    private static func length(_ seconds: Double) -> String {
        let tenths = seconds > 0 ? Int((min(seconds, BelievableVideo.latest) * 10).rounded()) : 0
        if tenths < 600 { return "\(tenths / 10).\(tenths % 10) s" }
        let whole = (tenths + 5) / 10
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let minutes = whole / 60 % 60
        return (whole < 3600 ? "\(minutes)" : "\(whole / 3600):\(two(minutes))") + ":" + two(whole % 60)
    }
}

extension DuplicateProgress {
    /// The parameters of a `progress` notification, less the id.
    public var json: JSONValue {
        ["phase": .string(phase.rawValue), "share": .number(share)]
    }
}
