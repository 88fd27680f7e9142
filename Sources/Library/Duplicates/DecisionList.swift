import Base
import Indexing

/// What was decided of pairs of contents, with the files that have them now.
public struct DecisionList: Sendable {
    /// A decision, and where its contents are.
    public struct Entry: Sendable {
        /// What was decided, of which contents.
        public var decision: PairDecision
        /// Paths of indexed videos with the first content; none where all are gone.
        public var first: [String]
        /// Paths of indexed videos with the second content.
        public var second: [String]
    }

    /// By the first and then the second fingerprint.
    public var entries: [Entry]

    /// What `duplicates decisions --json` prints, and the `duplicate_decisions` method's result.
    public var json: JSONValue {
        let list = entries.map { entry -> JSONValue in
            [
                "fingerprints": .array([.string(entry.decision.first), .string(entry.decision.second)]),
                "verdict": .string(entry.decision.verdict.rawValue),
                "decided": .number(entry.decision.decided),
                "paths": .array([
                    .array(entry.first.map { .string($0) }), .array(entry.second.map { .string($0) }),
                ]),
            ]
        }
        return ["decisions": .array(list)]
    }
}
