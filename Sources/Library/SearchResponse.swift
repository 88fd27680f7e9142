import Base
import Distributions
import Retrieval
import VideoEncoding

/// A ranking, and what it was made for.
public struct SearchResponse: Sendable {
    /// What is known of the query.
    public struct Query: Sendable {
        /// The file, absolute.
        public var path: String
        /// Seconds of the whole video, where known.
        public var duration: Double?
        /// Clips that describe the part asked for.
        public var clips: Int
        /// Mean of log σ²_V, natural logarithm.
        public var uncertainty: Double
        /// Whether the index held it, so that nothing was decoded.
        public var isIndexed: Bool
        /// The part asked for, in seconds.
        public var range: TimeRange?
        /// Whether it shows next to nothing, such as black or noise: what is near to it says little, and has no score.
        public var isTooEmpty: Bool
        /// Whether it is a still picture: a match's distance is then 1 less the correlation with what is on screen there, and has no
        /// score.
        public var isPicture = false
        /// Whether what is found for it can be told from what is near by chance.
        var hasScores: Bool { !isTooEmpty && !isPicture }
        /// Further examples of what is wanted, absolute.
        public var like: [String] = []
        /// Examples of what is not, absolute.
        public var unlike: [String] = []
        /// Parts of its picture that look like videos of their own.
        public var panels: [PictureRegion] = []

        /// The examples are there where any were given.
        var json: JSONValue {
            var members: [JSONValue.Member] = [
                .init("path", .string(path)), .init("duration", .number(duration)),
                .init("clips", .number(clips)), .init("uncertainty", .number(uncertainty)),
                .init("low_information", .bool(isTooEmpty)),
                .init("indexed", .bool(isIndexed)),
                .init("from", .number(range?.start)),
                .init("to", .number(range.flatMap { $0.stop.isFinite ? $0.stop : nil })),
            ]
            if isPicture { members.append(.init("picture", true)) }
            for (name, paths) in [("like", like), ("unlike", unlike)] where !paths.isEmpty {
                members.append(.init(name, .array(paths.map { .string($0) })))
            }
            if !panels.isEmpty { members.append(.init("panels", .array(panels.map(\.shown)))) }
            return .object(members)
        }
    }

    /// What is known of the query.
    public var query: Query
    /// Nearest first.
    public var matches: [Match]
    /// From distance to score; nil where the model has none.
    public var calibration: ScoreCalibration?
    /// Wall-clock time of the whole search.
    public var elapsed: Duration

    /// The probability that a match shares footage with the query; nil where the model has no calibration.
    public func score(of match: Match) -> Double? {
        calibration?.score(of: match)
    }

    /// Whether that probability reaches the model's threshold.
    public func sharesFootage(_ match: Match) -> Bool? {
        calibration.map { $0.sharesFootage(match) }
    }

    /// What `search --json` prints, and the `search` method's result.
    public var json: JSONValue {
        [
            "query": query.json,
            "matches": .array(matches.map(json(of:))),
            "elapsed_ms": .number(elapsed.milliseconds),
        ]
    }

    private func json(of match: Match) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("rank", .number(match.rank)), .init("id", .number(match.video.id)),
            .init("path", .string(match.video.identity.path)),
            .init("distance", .number(match.distance)), .init("score", .number(score(of: match))),
            .init("shares_footage", sharesFootage(match).map(JSONValue.bool) ?? .null),
            .init("verified", .bool(match.verification.isAvailable)),
            .init("uncertainty", .number(match.uncertainty)),
            .init("duration", .number(match.video.facts.duration)),
            .init("fingerprint", .string(match.video.identity.fingerprint)),
            .init("clips", .number(match.video.clipCount)),
            .init("width", .number(match.video.facts.width)),
            .init("height", .number(match.video.facts.height)),
            .init("segments", .array(match.segments.map { json(of: $0, in: match) })),
        ]
        if case .agreement(let agreement) = match.verification {
            members.append(.init("agreement", agreement.json))
        }
        if match.view.region != .whole { members.append(.init("query_region", match.view.region.shown)) }
        if match.view.quarterTurns != 0 {
            members.append(.init("query_turned", .number(90 * match.view.quarterTurns)))
        }
        if match.view.isInverted { members.append(.init("query_inverted", true)) }
        if !query.unlike.isEmpty { members.append(.init("penalty", .number(match.penalty))) }
        return .object(members)
    }

    /// The probability that a segment is shared; nil as for a match.
    public func score(of segment: AlignedSegment, in match: Match) -> Double? {
        calibration?.score(
            distance: segment.partDistance,
            verification: segment.agreement.map { .agreement($0) } ?? .unavailable, ways: match.waysLookedAt)
    }

    private func json(of segment: AlignedSegment, in match: Match) -> JSONValue {
        [
            "query": [.number(segment.query.start), .number(segment.query.stop)],
            "target": [.number(segment.target.start), .number(segment.target.stop)],
            "offset": .number(segment.offset),
            "speed": .number(segment.speed),
            "distance": .number(segment.distance),
            "score": .number(score(of: segment, in: match)),
        ]
    }
}

extension PictureRegion {
    /// To four decimals.
    fileprivate var shown: JSONValue {
        .array([x, y, width, height].map { .number(($0 * 10_000).rounded() / 10_000) })
    }
}

extension Agreement {
    /// As a match or a member of a group has it.
    var json: JSONValue {
        [
            "change": .number(change), "steps": .number(steps), "detail": .number(detail),
            "motion": .number(motion),
            "pictures": .number(pictures), "common_change": .number(common.change),
            "common_detail": .number(common.detail), "speed": .number(speed),
        ]
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    package var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
