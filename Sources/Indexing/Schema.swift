internal import GRDB

/// The database's format: its marks, its tables, and the way from older formats to this one.
enum Schema {
    /// "MiXT", in SQLite's `application_id`: tells an index from another program's database.
    static let applicationID: Int64 = 0x4D69_5854

    /// What brings format n − 1 to format n, at place n − 1; SQLite's `user_version` holds n.
    static let migrations: [@Sendable (Database) throws -> Void] = [
        createFirstFormat, { try DecisionRow.createTable($0) },
        {
            try SignaturesRow.createTable($0)
            try VideoRow.addQuality($0)
        },
    ]

    static var currentFormat: Int { migrations.count }

    /// A database's own marks.
    enum State: Equatable {
        /// Nothing in it: just made, or its making was interrupted.
        case blank
        case format(Int)
    }

    /// Looks at the marks; another program's database and a newer format are refused.
    static func inspect(_ db: Database, folder: String, newest: Int = currentFormat) throws -> State {
        let application = try Int64.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let format = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        if application == 0 && format == 0 && tables == 0 { return .blank }
        if application != applicationID {
            throw IndexError.corrupted(folder, "its database file does not carry the mark of a mixtape index")
        }
        if format > newest {
            throw IndexError(
                reason: .newerFormat, path: folder,
                message:
                    "the index has format \(format); this version of mixtape reads formats up to \(newest)",
                hint: "use a newer mixtape, or name another folder with --index")
        }
        if format < 1 { throw IndexError.corrupted(folder, "its format number is \(format)") }
        return .format(format)
    }

    /// Brings an older database to the newest format, each step with its number in one transaction.
    static func migrate(
        _ db: Database, from state: State, by migrations: [@Sendable (Database) throws -> Void] = migrations
    ) throws {
        let start = if case .format(let format) = state { format } else { 0 }
        for format in start..<migrations.count {
            try db.inTransaction(.immediate) {
                try migrations[format](db)
                try db.execute(sql: "PRAGMA application_id = \(applicationID)")
                try db.execute(sql: "PRAGMA user_version = \(format + 1)")
                return .commit
            }
        }
        if start == currentFormat { try VideoRow.completeQuality(db) }
    }

    /// Three tables for a video, so that listing paths touches no vectors and rebuilding the moments touches no
    /// clips. Every row ends in a checksum over its other columns, since SQLite has none of its own.
    @Sendable private static func createFirstFormat(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE library (
                    id INTEGER PRIMARY KEY CHECK (id = 1),
                    uuid TEXT NOT NULL,
                    model_name TEXT NOT NULL,
                    model_fingerprint TEXT NOT NULL,
                    dimension INTEGER NOT NULL,
                    sequence INTEGER NOT NULL,
                    next_id INTEGER NOT NULL,
                    ready INTEGER NOT NULL,
                    failed INTEGER NOT NULL,
                    clips INTEGER NOT NULL,
                    checksum INTEGER NOT NULL
                );
                CREATE TABLE root (path TEXT PRIMARY KEY) WITHOUT ROWID;
                CREATE TABLE video (
                    id INTEGER PRIMARY KEY,
                    path TEXT NOT NULL UNIQUE,
                    fingerprint TEXT NOT NULL,
                    size INTEGER NOT NULL,
                    modified INTEGER NOT NULL,
                    device INTEGER NOT NULL,
                    failed INTEGER NOT NULL,
                    reason TEXT NOT NULL,
                    message TEXT NOT NULL,
                    container TEXT NOT NULL,
                    codec TEXT NOT NULL,
                    width INTEGER NOT NULL,
                    height INTEGER NOT NULL,
                    duration REAL,
                    frame_rate REAL,
                    clip_count INTEGER NOT NULL,
                    checksum INTEGER NOT NULL
                );
                CREATE INDEX video_by_fingerprint ON video (fingerprint);
                CREATE TABLE moments (
                    video INTEGER PRIMARY KEY,
                    log_determinant REAL NOT NULL,
                    vectors BLOB NOT NULL,
                    checksum INTEGER NOT NULL
                );
                CREATE TABLE clips (
                    video INTEGER PRIMARY KEY,
                    intervals BLOB NOT NULL,
                    gaussians BLOB NOT NULL,
                    checksum INTEGER NOT NULL
                );
                """)
    }
}
