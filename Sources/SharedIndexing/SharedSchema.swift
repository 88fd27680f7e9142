import Indexing

/// The tables of a shared index, all in the schema `mixtape`, and the way from older formats to this one.
enum SharedSchema {
    /// PostgreSQL's and pgvector's first versions that do.
    static let oldestServer = 160_000
    static let oldestVector = [0, 8, 4]

    /// Parts that files and contents are spread over by their content.
    static let partitions = 8

    /// What brings format n − 1 to format n, at place n − 1; `library.format` holds n. Given D, as text.
    static let migrations: [@Sendable (_ dimension: Int) -> String] = [
        firstFormat,
        // What clips look like, `ClipSignature.byteCount` bytes each; contents of before have none.
        { _ in
            "ALTER TABLE mixtape.content ADD COLUMN signatures bytea NOT NULL DEFAULT '';"
                + "ALTER TABLE mixtape.content ADD COLUMN times_mended int8 NOT NULL DEFAULT 0;"
                + "ALTER TABLE mixtape.content ADD COLUMN decoded_share float8 NOT NULL DEFAULT 1;"
                + "ALTER TABLE mixtape.content ALTER COLUMN signatures SET STORAGE EXTERNAL"
        },
    ]

    static var currentFormat: Int { migrations.count }

    /// The format of the index in the database; 0 where there is none.
    static func format(_ session: PostgresSession) throws(PostgresError) -> Int {
        let table = try session.run("SELECT to_regclass('mixtape.library')::text")
        if table.isNull(0, 0) { return 0 }
        let rows = try session.run("SELECT format FROM mixtape.library")
        return rows.count == 0 ? 0 : Int(try rows.integer(0, 0))
    }

    /// Makes the index, or brings it to the newest format, in one transaction that one program at a time is in.
    static func migrate(
        _ session: PostgresSession, _ model: IndexModel, uuid: String,
        by migrations: [@Sendable (Int) -> String] = migrations
    ) throws(PostgresError) {
        try session.transaction { () throws(PostgresError) in
            // "MiXT"; held until the end of the transaction.
            try session.run("SELECT pg_advisory_xact_lock(1298748500)")
            let format = try format(session)
            for next in format..<max(format, migrations.count) {
                try session.run(script: migrations[next](model.dimension))
                try session.run("UPDATE mixtape.library SET format = $1", .integer(Int64(next + 1)))
            }
            try session.run(
                """
                INSERT INTO mixtape.library (format, uuid, model_name, model_fingerprint, dimension)
                SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (SELECT FROM mixtape.library)
                """, .integer(Int64(max(format, migrations.count))), .text(uuid), .text(model.name),
                .text(model.fingerprint), .integer(Int64(model.dimension)))
        }
    }

    /// Sees that the server can hold an index.
    static func check(server version: Int, _ place: String) throws(IndexError) {
        guard version >= oldestServer else {
            throw IndexError(
                reason: .unavailable, path: place,
                message: "the server is PostgreSQL \(version / 10000); 16 or newer is needed",
                hint: "use a newer server")
        }
    }

    /// Such as "0.8.5"; nil where the extension is not in the database.
    static func vectorVersion(_ session: PostgresSession) throws(PostgresError) -> String? {
        let rows = try session.run("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
        return rows.count == 0 ? nil : rows.text(0, 0)
    }

    static func check(vector version: String?, _ place: String) throws(IndexError) {
        let needed = oldestVector.map { String($0) }.joined(separator: ".")
        guard let version else {
            throw IndexError(
                reason: .unavailable, path: place, message: "the database lacks the extension pgvector",
                hint:
                    "install pgvector \(needed) or newer on the server, then, as a superuser of this database: "
                    + "CREATE EXTENSION vector")
        }
        let numbers = version.split(separator: ".").map { Int($0) ?? 0 }
        if numbers.lexicographicallyPrecedes(oldestVector) {
            throw IndexError(
                reason: .unavailable, path: place,
                message: "the database has pgvector \(version); \(needed) or newer is needed",
                hint: "update it on the server, then: ALTER EXTENSION vector UPDATE")
        }
    }

    /// Files and contents are partitioned by content, and nothing is unique beyond a partition: a path has one row because
    /// whoever changes files holds the lock on `library`, whose sequence numbers the changes. Text is compared byte by byte.
    @Sendable private static func firstFormat(_ dimension: Int) -> String {
        let tables = """
            CREATE SCHEMA IF NOT EXISTS mixtape;
            CREATE TABLE mixtape.library (
                id int8 PRIMARY KEY DEFAULT 1 CHECK (id = 1),
                format int8 NOT NULL,
                uuid text NOT NULL,
                model_name text NOT NULL,
                model_fingerprint text NOT NULL,
                dimension int8 NOT NULL,
                sequence int8 NOT NULL DEFAULT 0,
                lists int8 NOT NULL DEFAULT 0,
                queued int8 NOT NULL DEFAULT 0,
                settled int8 NOT NULL DEFAULT 0
            );
            CREATE TABLE mixtape.root (path text COLLATE "C" PRIMARY KEY);
            CREATE TABLE mixtape.decision (
                first text COLLATE "C" NOT NULL,
                second text COLLATE "C" NOT NULL,
                verdict text NOT NULL,
                decided int8 NOT NULL,
                PRIMARY KEY (first, second)
            );
            CREATE TABLE mixtape.content (
                fingerprint text COLLATE "C" PRIMARY KEY,
                container text NOT NULL,
                codec text NOT NULL,
                width int8 NOT NULL,
                height int8 NOT NULL,
                duration float8,
                frame_rate float8,
                clip_count int8 NOT NULL,
                intervals bytea NOT NULL,
                gaussians bytea STORAGE EXTERNAL NOT NULL,
                checksum int8 NOT NULL,
                embedding halfvec(\(2 * dimension)) NOT NULL,
                worker text NOT NULL
            ) PARTITION BY HASH (fingerprint);
            CREATE SEQUENCE mixtape.file_id;
            CREATE TABLE mixtape.file (
                fingerprint text COLLATE "C" NOT NULL,
                id int8 NOT NULL DEFAULT nextval('mixtape.file_id'),
                path text COLLATE "C" NOT NULL,
                size int8 NOT NULL,
                modified int8 NOT NULL,
                failed int8 NOT NULL,
                reason text NOT NULL,
                message text NOT NULL,
                changed int8 NOT NULL,
                PRIMARY KEY (fingerprint, id)
            ) PARTITION BY HASH (fingerprint);
            CREATE INDEX file_by_id ON mixtape.file (id);
            CREATE INDEX file_by_path ON mixtape.file (left(path, 500));
            CREATE INDEX file_by_change ON mixtape.file (changed);
            CREATE TABLE mixtape.removal (changed int8 PRIMARY KEY, path text COLLATE "C" NOT NULL);
            CREATE TABLE mixtape.task (
                fingerprint text COLLATE "C" PRIMARY KEY,
                size int8 NOT NULL,
                worker text,
                lease timestamptz,
                attempts int8 NOT NULL DEFAULT 0
            );
            CREATE INDEX task_by_size ON mixtape.task (size DESC, fingerprint);
            CREATE TABLE mixtape.task_file (
                fingerprint text COLLATE "C" NOT NULL,
                root text COLLATE "C" NOT NULL,
                path text COLLATE "C" NOT NULL,
                size int8 NOT NULL,
                modified int8 NOT NULL
            );
            CREATE UNIQUE INDEX task_file_by_content ON mixtape.task_file (fingerprint, md5(path));
            CREATE INDEX task_file_by_path ON mixtape.task_file (md5(path));
            CREATE TABLE mixtape.recall (
                candidates int8 PRIMARY KEY,
                recall float8 NOT NULL,
                seconds float8 NOT NULL,
                slow_seconds float8 NOT NULL,
                queries int8 NOT NULL,
                videos int8 NOT NULL
            );
            """
        let parts = (0..<partitions).flatMap { part in
            ["content", "file"].map { table in
                """
                CREATE TABLE mixtape.\(table)_\(part) PARTITION OF mixtape.\(table)
                FOR VALUES WITH (MODULUS \(partitions), REMAINDER \(part));
                """
            }
        }
        return ([tables] + parts).joined(separator: "\n")
    }
}
