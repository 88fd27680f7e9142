import Retrieval
import VideoDecoding
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
    public func score(of match: Match) -> Double? { calibration?.score(distance: match.distance) }

    /// Whether that probability reaches the model's threshold.
    public func sharesFootage(_ match: Match) -> Bool? {
        calibration.map { $0.score(distance: match.distance) >= $0.threshold }
    }

    /// What `search --json` prints, and the `search` method's result.
    public var json: JSONValue {
        [
            "query": [
                "path": .string(query.path),
                "duration": .number(query.duration),
                "clips": .number(query.clips),
                "uncertainty": .number(query.uncertainty),
                "indexed": .bool(query.isIndexed),
                "from": .number(query.range?.start),
                "to": .number(query.range.flatMap { $0.stop.isFinite ? $0.stop : nil }),
            ],
            "matches": .array(matches.map(json(of:))),
            "elapsed_ms": .number(elapsed.milliseconds),
        ]
    }

    private func json(of match: Match) -> JSONValue {
        [
            "rank": .number(match.rank),
            "path": .string(match.video.identity.path),
            "distance": .number(match.distance),
            "score": .number(score(of: match)),
            "shares_footage": sharesFootage(match).map(JSONValue.bool) ?? .null,
            "uncertainty": .number(match.uncertainty),
            "duration": .number(match.video.facts.duration),
            "fingerprint": .string(match.video.identity.fingerprint),
            "clips": .number(match.video.clipCount),
            "width": .number(match.video.facts.width),
            "height": .number(match.video.facts.height),
        ]
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
