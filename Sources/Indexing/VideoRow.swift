internal import GRDB

import Base

/// A row of the table `video`.
struct VideoRow: Equatable {
    var id: Int64
    var identity: FileIdentity
    /// Nil for a ready video.
    var failure: Failure?
    var facts: StreamFacts
    var clipCount: Int

    struct Failure: Equatable {
        var reason: String
        var message: String
    }

    /// All in the table's order; those that format 3 added come last.
    static let columns = "*"

    init(id: Int64, identity: FileIdentity, failure: Failure?, facts: StreamFacts, clipCount: Int) {
        self.id = id
        self.identity = identity
        self.failure = failure
        self.facts = facts
        self.clipCount = clipCount
        // The database keeps no sign of a zero: with it the checksum would be another's.
        self.facts.duration = facts.duration.map(Self.unsigned)
        self.facts.frameRate = facts.frameRate.map(Self.unsigned)
        self.facts.decodedShare = Self.unsigned(facts.decodedShare)
    }

    private static func unsigned(_ value: Double) -> Double { value == 0 ? 0 : value }

    /// A new row of a file that could not be indexed.
    init(failed identity: FileIdentity, reason: String, message: String) {
        let facts = StreamFacts(
            container: "", codec: "", width: 0, height: 0, duration: nil, frameRate: nil)
        self.init(
            id: 0, identity: identity, failure: Failure(reason: reason, message: message), facts: facts,
            clipCount: 0)
    }

    /// Decodes and checks the columns `columns` of a row, the first of them at place `first`.
    init(_ row: Row, from first: Int = 0, folder: String) throws {
        guard let id: Int64 = row.decoded(first), let path: String = row.decoded(first + 1),
            let fingerprint: String = row.decoded(first + 2), let size: Int64 = row.decoded(first + 3),
            let modified: Int64 = row.decoded(first + 4), let device: Int64 = row.decoded(first + 5),
            let failed: Int64 = row.decoded(first + 6),
            let reason: String = row.decoded(first + 7), let message: String = row.decoded(first + 8),
            let container: String = row.decoded(first + 9), let codec: String = row.decoded(first + 10),
            let width: Int = row.decoded(first + 11), let height: Int = row.decoded(first + 12),
            let clipCount: Int = row.decoded(first + 15), let stored: Int64 = row.decoded(first + 16)
        else { throw IndexError.corrupted(folder, "a video's row is unreadable") }
        self.id = id
        identity = FileIdentity(
            path: path, fingerprint: fingerprint, size: size, modified: modified, device: device,
            statusChanged: row.count > first + 19 ? row.decoded(first + 19) ?? 0 : 0)
        failure = failed == 0 ? nil : Failure(reason: reason, message: message)
        facts = StreamFacts(
            container: container, codec: codec, width: width, height: height,
            duration: row.decoded(first + 13),
            frameRate: row.decoded(first + 14))
        if row.count > first + 17 {
            guard let timesMended: Int64 = row.decoded(first + 17),
                let decodedShare: Double = row.decoded(first + 18)
            else { throw IndexError.corrupted(folder, "a video's row is unreadable") }
            facts.areTimesMended = timesMended != 0
            facts.decodedShare = decodedShare
        }
        self.clipCount = clipCount
        guard checksum == stored else {
            throw IndexError.corrupted(folder, "the row of \(path) fails its checksum")
        }
    }

    /// Without the time of the file's status, so that rows of older formats keep theirs: a wrong one has the file looked at.
    private var checksum: Int64 {
        var sum = Checksum()
        sum.add(id)
        sum.add(identity.path)
        sum.add(identity.fingerprint)
        sum.add(identity.size)
        sum.add(identity.modified)
        sum.add(identity.device)
        sum.add(Int64(failure == nil ? 0 : 1))
        sum.add(failure?.reason ?? "")
        sum.add(failure?.message ?? "")
        sum.add(facts.container)
        sum.add(facts.codec)
        sum.add(Int64(facts.width))
        sum.add(Int64(facts.height))
        sum.add(facts.duration)
        sum.add(facts.frameRate)
        sum.add(Int64(clipCount))
        // Rows of formats before 3 keep their checksums.
        if facts.areTimesMended || facts.decodedShare != 1 {
            sum.add(Int64(facts.areTimesMended ? 1 : 0))
            sum.add(facts.decodedShare)
        }
        return sum.signed
    }

    /// What format 3 adds to the table.
    static func addQuality(_ db: Database) throws {
        try db.execute(
            sql: """
                ALTER TABLE video ADD COLUMN times_mended INTEGER NOT NULL DEFAULT 0;
                ALTER TABLE video ADD COLUMN decoded_share REAL NOT NULL DEFAULT 1;
                ALTER TABLE video ADD COLUMN status_changed INTEGER NOT NULL DEFAULT 0;
                """)
    }

    /// Adds what an index of format 3 lacks that was made before the format was released.
    static func completeQuality(_ db: Database) throws {
        guard try !db.columns(in: "video").contains(where: { $0.name == "status_changed" }) else { return }
        try db.execute(
            sql: "ALTER TABLE video ADD COLUMN status_changed INTEGER NOT NULL DEFAULT 0")
    }

    var video: IndexedVideo { IndexedVideo(id: id, identity: identity, facts: facts, clipCount: clipCount) }

    /// Writes the row over the one with the same number, or as a new one.
    func save(_ db: Database, isNew: Bool) throws {
        let sql =
            isNew
            ? "INSERT INTO video VALUES (?17, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?18, ?19, ?20)"
            : """
            UPDATE video SET path = ?1, fingerprint = ?2, size = ?3, modified = ?4, device = ?5, failed = ?6,
            reason = ?7, message = ?8, container = ?9, codec = ?10, width = ?11, height = ?12, duration = ?13,
            frame_rate = ?14, clip_count = ?15, checksum = ?16, times_mended = ?18, decoded_share = ?19,
            status_changed = ?20 WHERE id = ?17
            """
        try db.cachedStatement(sql: sql).execute(arguments: [
            identity.path, identity.fingerprint, identity.size, identity.modified, identity.device,
            failure == nil ? 0 : 1, failure?.reason ?? "", failure?.message ?? "", facts.container,
            facts.codec, facts.width,
            facts.height,
            facts.duration, facts.frameRate, clipCount, checksum, id, facts.areTimesMended ? 1 : 0,
            facts.decodedShare, identity.statusChanged,
        ])
    }

    static func fetch(_ db: Database, path: String, folder: String) throws -> VideoRow? {
        let statement = try db.cachedStatement(sql: "SELECT \(columns) FROM video WHERE path = ?")
        guard let found = try Row.fetchOne(statement, arguments: [path]) else { return nil }
        let row = try VideoRow(found, folder: folder)
        // SQLite takes the index of paths at its word: it doesn't look whether the row has the path too.
        guard row.identity.path.utf8.elementsEqual(path.utf8) else {
            throw IndexError.corrupted(folder, "looking for \(path) gave the row of another file")
        }
        return row
    }

    static func fetch(_ db: Database, id: Int64, folder: String) throws -> VideoRow? {
        let statement = try db.cachedStatement(sql: "SELECT \(columns) FROM video WHERE id = ?")
        guard let row = try Row.fetchOne(statement, arguments: [id]) else { return nil }
        return try VideoRow(row, folder: folder)
    }
}
