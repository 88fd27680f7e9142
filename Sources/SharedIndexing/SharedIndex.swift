import Base
import Indexing

/// An index in a PostgreSQL database with pgvector, which any number of machines read and write.
///
/// Holds what the embedded index holds, in the same bytes. Safe to use from any thread. Each call is one transaction, which is
/// made again where the connection is lost.
public final class SharedIndex: Sendable {
    /// The model that the index was made with.
    public let model: IndexModel
    /// The format that the index has in the database.
    public let formatVersion: Int
    /// 32 hexadecimal digits, drawn when the index was made.
    let uuid: String
    let client: PostgresClient
    let mounts: MountMap

    /// The address, to be shown.
    public var name: String { client.address.name }

    /// The newest format this code reads and writes.
    public static var currentFormatVersion: Int { SharedSchema.currentFormat }

    private init(_ client: PostgresClient, _ mounts: MountMap, _ head: Head) {
        self.client = client
        self.mounts = mounts
        model = head.model
        formatVersion = head.format
        uuid = head.uuid
    }

    /// Opens for reading.
    ///
    /// - Throws: `notFound` where the database holds no index, `newerFormat`, `unavailable` where the server cannot be reached
    ///   or is too old, `corrupted`, `failed`.
    public static func open(readingFrom client: PostgresClient, mounts: MountMap = MountMap())
        throws(IndexError) -> SharedIndex
    {
        let place = client.address.name
        guard let head = try head(client) else {
            throw IndexError(
                reason: .notFound, path: place, message: "there is no index in this database",
                hint: "make one with `mixtape index FOLDER --index \(place)`")
        }
        return SharedIndex(client, mounts, head)
    }

    /// Opens for writing, making the index where there is none and bringing an older format to the newest.
    ///
    /// - Throws: as opening for reading, and `otherModel`.
    public static func open(
        writingTo client: PostgresClient, model: IndexModel, mounts: MountMap = MountMap()
    )
        throws(IndexError) -> SharedIndex
    {
        let place = client.address.name
        if try head(client)?.format != SharedSchema.currentFormat {
            let version = try client.use { (session) throws(PostgresError) in
                if let version = try SharedSchema.vectorVersion(session) { return version as String? }
                // Works for superusers, and where the extension is trusted; else its absence is what there is to say.
                do throws(PostgresError) {
                    try session.run("CREATE EXTENSION IF NOT EXISTS vector")
                } catch {
                    if error.kind == .unavailable { throw error }
                }
                return try SharedSchema.vectorVersion(session)
            }
            try SharedSchema.check(vector: version, place)
            let uuid = RandomName.make()
            try client.use { (session) throws(PostgresError) in
                try SharedSchema.migrate(session, model, uuid: uuid)
            }
        }
        guard let head = try head(client) else {
            throw IndexError(reason: .failed, path: place, message: "the index was removed while it was made")
        }
        let found = head.model
        guard found.fingerprint == model.fingerprint, found.dimension == model.dimension else {
            throw IndexError(
                reason: .otherModel, path: place,
                message:
                    "the index was made with the model \"\(found.name)\" (\(found.dimension) dimensions, "
                    + "\(found.fingerprint.prefix(12))), not with \"\(model.name)\" (\(model.dimension) "
                    + "dimensions, \(model.fingerprint.prefix(12)))",
                hint: "name that model with --model, or another database with --index")
        }
        return SharedIndex(client, mounts, head)
    }

    private struct Head {
        var format: Int
        var uuid: String
        var model: IndexModel
    }

    /// What the index says of itself; nil where there is none.
    private static func head(_ client: PostgresClient) throws(IndexError) -> Head? {
        let place = client.address.name
        let (version, head) = try client.use { (session) throws(PostgresError) -> (Int, Head?) in
            guard session.serverVersion >= SharedSchema.oldestServer else {
                return (session.serverVersion, nil)
            }
            guard try SharedSchema.format(session) > 0 else { return (session.serverVersion, nil) }
            let row = try session.run(
                "SELECT format, uuid, model_name, model_fingerprint, dimension FROM mixtape.library")
            guard row.count == 1 else { throw PostgresError(.unreadable, "its head row is missing") }
            let model = IndexModel(
                name: row.text(0, 2), fingerprint: row.text(0, 3), dimension: Int(try row.integer(0, 4)))
            guard IndexModel.dimensions.contains(model.dimension) else {
                throw PostgresError(.unreadable, "its head row is impossible")
            }
            return (
                session.serverVersion,
                Head(format: Int(try row.integer(0, 0)), uuid: row.text(0, 1), model: model)
            )
        }
        try SharedSchema.check(server: version, place)
        if let head, head.format > SharedSchema.currentFormat {
            throw IndexError(
                reason: .newerFormat, path: place,
                message: "the index has format \(head.format); this version of mixtape reads formats up to "
                    + "\(SharedSchema.currentFormat)",
                hint: "use a newer mixtape, or name another database with --index")
        }
        return head
    }

    /// Ends the connection.
    public func close() { client.close() }
}

extension SharedIndex {
    /// How much the index holds.
    public func counts() throws(IndexError) -> IndexCounts {
        try client.use { (session) throws(PostgresError) in
            let row = try session.run(
                """
                SELECT count(*) FILTER (WHERE f.failed = 0), count(*) FILTER (WHERE f.failed = 1),
                coalesce(sum(c.clip_count) FILTER (WHERE f.failed = 0), 0)::int8
                FROM mixtape.file f LEFT JOIN mixtape.content c ON c.fingerprint = f.fingerprint
                """)
            return IndexCounts(
                ready: Int(try row.integer(0, 0)), failed: Int(try row.integer(0, 1)),
                clips: Int(try row.integer(0, 2)))
        }
    }

    /// The folders that runs were asked to index, as this machine sees them.
    public func roots() throws(IndexError) -> [String] {
        try client.use { (session) throws(PostgresError) in
            let rows = try session.run("SELECT path FROM mixtape.root ORDER BY path")
            return (0..<rows.count).map { mounts.local(rows.text($0, 0)) }
        }
    }

    /// Everything that was decided of pairs of contents.
    public func decisions() throws(IndexError) -> [PairDecision] {
        try client.use { (session) throws(PostgresError) in
            let rows = try session.run(
                "SELECT first, second, verdict, decided FROM mixtape.decision ORDER BY first, second")
            return try (0..<rows.count).map { (row) throws(PostgresError) in
                guard let verdict = PairDecision.Verdict(rawValue: rows.text(row, 2)) else {
                    throw PostgresError(.unreadable, "a decision is unreadable")
                }
                return PairDecision(
                    rows.text(row, 0), rows.text(row, 1), verdict: verdict, decided: try rows.integer(row, 3))
            }
        }
    }

    /// The files that could not be indexed, by path.
    public func failures() throws(IndexError) -> [FailedVideo] {
        try client.use { (session) throws(PostgresError) in
            let rows = try session.run(
                """
                SELECT path, fingerprint, size, modified, reason, message FROM mixtape.file WHERE failed = 1
                ORDER BY path
                """)
            return try (0..<rows.count).map { (row) throws(PostgresError) in
                FailedVideo(
                    identity: FileIdentity(
                        path: mounts.local(rows.text(row, 0)), fingerprint: rows.text(row, 1),
                        size: try rows.integer(row, 2), modified: try rows.integer(row, 3)),
                    reason: rows.text(row, 4), message: rows.text(row, 5))
            }
        }
    }

    /// Bytes that the index takes on the server.
    public func sizeOnServer() throws(IndexError) -> Int64 {
        try client.use { (session) throws(PostgresError) in
            let row = try session.run(
                """
                SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8 FROM pg_class c
                JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'mixtape' AND c.relkind = 'r'
                """)
            return try row.integer(0, 0)
        }
    }
}
