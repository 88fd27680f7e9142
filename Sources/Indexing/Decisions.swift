internal import GRDB

import Base

/// A decision about two contents. It stays valid if their files are moved or renamed.
public struct PairDecision: Sendable, Hashable {
    /// What was decided.
    public enum Verdict: String, Sendable, CaseIterable {
        /// The two are no duplicates of each other, however alike.
        case notAMatch = "not_a_match"
    }

    /// The fingerprint that sorts first, byte by byte; both may be the same.
    public let first: String
    /// The other fingerprint.
    public let second: String
    /// What was decided.
    public var verdict: Verdict
    /// When, in seconds since 1970.
    public var decided: Int64

    /// A decision of two contents, in either order.
    public init(
        _ a: String, _ b: String, verdict: Verdict = .notAMatch, decided: Int64
    ) {
        let isSorted = !b.utf8.lexicographicallyPrecedes(a.utf8)
        (first, second) = isSorted ? (a, b) : (b, a)
        self.verdict = verdict
        self.decided = decided
    }
}

/// Reading and writing the table `decision`, which came with format 2.
enum DecisionRow {
    static func createTable(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE decision (
                    first TEXT NOT NULL,
                    second TEXT NOT NULL,
                    verdict TEXT NOT NULL,
                    decided INTEGER NOT NULL,
                    checksum INTEGER NOT NULL,
                    PRIMARY KEY (first, second)
                ) WITHOUT ROWID;
                """)
    }

    static func checksum(_ decision: PairDecision) -> Int64 {
        var sum = Checksum()
        sum.add(decision.first)
        sum.add(decision.second)
        sum.add(decision.verdict.rawValue)
        sum.add(decision.decided)
        return sum.signed
    }

    static func decode(_ row: Row, folder: String) throws -> PairDecision {
        guard let first: String = row.decoded(0), let second: String = row.decoded(1),
            let word: String = row.decoded(2), let verdict = PairDecision.Verdict(rawValue: word),
            let decided: Int64 = row.decoded(3), let stored: Int64 = row.decoded(4)
        else { throw IndexError.corrupted(folder, "a decision is unreadable") }
        let decision = PairDecision(first, second, verdict: verdict, decided: decided)
        guard decision.first == first, checksum(decision) == stored else {
            throw IndexError.corrupted(folder, "a decision fails its checksum")
        }
        return decision
    }
}

extension VideoIndex {
    /// Everything that was decided, by the first and then the second fingerprint; nothing in an index of format 1.
    public func decisions() throws(IndexError) -> [PairDecision] {
        try read { db in
            // The format of this moment: another process may have brought the index to a newer one.
            guard case .format(let format) = try Schema.inspect(db, folder: folder), format >= 2 else {
                return []
            }
            guard let verdict = try String.fetchOne(db, sql: "PRAGMA integrity_check(decision)"),
                verdict == "ok"
            else {
                throw IndexError.corrupted(folder, "SQLite's integrity check fails on the decisions")
            }
            let rows = try Row.fetchAll(
                db,
                sql: "SELECT first, second, verdict, decided, checksum FROM decision ORDER BY first, second")
            return try rows.map { try DecisionRow.decode($0, folder: folder) }
        }
    }

    /// Writes decisions down, each in place of an earlier one of the same two contents, all in one transaction; returns how
    /// many are new.
    @discardableResult
    public func record(_ decisions: [PairDecision]) throws(IndexError) -> Int {
        if decisions.isEmpty { return 0 }
        return try write { db, _ in
            try decisions.reduce(0) { count, decision in
                let known = try Int.fetchOne(
                    db.cachedStatement(sql: "SELECT count(*) FROM decision WHERE first = ? AND second = ?"),
                    arguments: [decision.first, decision.second])
                try db.cachedStatement(sql: "INSERT OR REPLACE INTO decision VALUES (?, ?, ?, ?, ?)")
                    .execute(arguments: [
                        decision.first, decision.second, decision.verdict.rawValue, decision.decided,
                        DecisionRow.checksum(decision),
                    ])
                return count + (known == 0 ? 1 : 0)
            }
        }
    }

    /// Takes back what was decided of these pairs of contents; returns how many decisions there were.
    @discardableResult
    public func withdraw(_ pairs: [(String, String)]) throws(IndexError) -> Int {
        if pairs.isEmpty { return 0 }
        return try write { db, _ in
            try pairs.reduce(0) { count, pair in
                let sorted = PairDecision(pair.0, pair.1, decided: 0)
                try db.cachedStatement(sql: "DELETE FROM decision WHERE first = ? AND second = ?")
                    .execute(arguments: [sorted.first, sorted.second])
                return count + db.changesCount
            }
        }
    }
}
