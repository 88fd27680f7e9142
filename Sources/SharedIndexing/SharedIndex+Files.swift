import Base
import Distributions
import Indexing

/// A transaction that changes files. It holds the lock on the head row, so that changes are numbered in the order in which
/// they become visible, and a path cannot get two rows.
struct FileChanges {
    let session: PostgresSession
    private var sequence: Int64

    init(_ session: PostgresSession) throws(PostgresError) {
        self.session = session
        sequence = try session.run("SELECT sequence FROM mixtape.library FOR UPDATE").integer(0, 0)
    }

    /// To be called last.
    func finish() throws(PostgresError) {
        try session.run("UPDATE mixtape.library SET sequence = $1", .integer(sequence))
    }

    private mutating func next() -> PostgresValue {
        sequence += 1
        return .integer(sequence)
    }

    /// A file as the index has it: the path is the stored one.
    struct File {
        var path: String
        var fingerprint: String
        var size: Int64
        var modified: Int64
        var failure: (reason: String, message: String)?
    }

    /// Puts a file in place of what is at its path; returns its number, the former one's where there was one.
    @discardableResult
    mutating func put(_ file: File, id: Int64? = nil) throws(PostgresError) -> Int64 {
        let former = try session.run(
            """
            DELETE FROM mixtape.file WHERE left(path, 500) = left($1, 500) AND path = $1 RETURNING id, fingerprint
            """, .text(file.path))
        let known = id == nil && former.count > 0 ? try former.integer(0, 0) : id
        let row = try session.run(
            """
            INSERT INTO mixtape.file (fingerprint, id, path, size, modified, failed, reason, message, changed)
            VALUES ($1, coalesce(nullif($2, 0), nextval('mixtape.file_id')), $3, $4, $5, $6, $7, $8, $9) RETURNING id
            """, .text(file.fingerprint), .integer(known ?? 0), .text(file.path), .integer(file.size),
            .integer(file.modified), .integer(file.failure == nil ? 0 : 1), .text(file.failure?.reason ?? ""),
            .text(file.failure?.message ?? ""), next())
        for place in 0..<former.count where former.text(place, 1) != file.fingerprint || file.failure != nil {
            try dropUnused(former.text(place, 1))
        }
        return try row.integer(0, 0)
    }

    /// Takes files out by number; returns how many there were.
    mutating func remove(ids: [Int64]) throws(PostgresError) -> Int {
        let gone = try session.run(
            "DELETE FROM mixtape.file WHERE id = ANY ($1::text[]::int8[]) RETURNING path, fingerprint",
            .texts(ids.map { String($0) }))
        try forget(gone)
        return gone.count
    }

    /// Takes out a path, and what lies below it; returns how many rows there were.
    mutating func remove(below path: String) throws(PostgresError) -> Int {
        let (prefix, end) = pathRange(path)
        let gone = try session.run(
            """
            DELETE FROM mixtape.file WHERE (left(path, 500) = left($1, 500) AND path = $1)
            OR (left(path, 500) >= left($2, 500) AND left(path, 500) < $3 AND starts_with(path, $2))
            RETURNING path, fingerprint
            """, .text(path), .text(prefix), .text(end))
        try forget(gone)
        try session.run(
            "DELETE FROM mixtape.root WHERE path = $1 OR starts_with(path, $2)", .text(path), .text(prefix))
        return gone.count
    }

    private mutating func forget(_ gone: PostgresRows) throws(PostgresError) {
        for row in 0..<gone.count {
            try noteRemoval(gone.text(row, 0))
            try dropUnused(gone.text(row, 1))
        }
    }

    mutating func noteRemoval(_ path: String) throws(PostgresError) {
        try session.run("INSERT INTO mixtape.removal VALUES ($1, $2)", next(), .text(path))
    }

    /// Forgets a content that no file has any more.
    private func dropUnused(_ fingerprint: String) throws(PostgresError) {
        try session.run(
            """
            DELETE FROM mixtape.content c WHERE fingerprint = $1 AND NOT EXISTS
            (SELECT FROM mixtape.file f WHERE f.fingerprint = $1 AND f.failed = 0)
            """, .text(fingerprint))
    }

    /// Whether some video with this content is stored.
    func hasContent(_ fingerprint: String) throws(PostgresError) -> Bool {
        try session.run("SELECT FROM mixtape.content WHERE fingerprint = $1", .text(fingerprint)).count > 0
    }

    /// Stores what the encoder said of a content; what is there already stays, so that every machine has the same.
    func put(_ content: SharedContent, worker: String) throws(PostgresError) {
        let facts = content.facts
        try session.run(
            """
            INSERT INTO mixtape.content (fingerprint, container, codec, width, height, duration, frame_rate, clip_count,
            intervals, gaussians, checksum, embedding, worker, signatures, times_mended, decoded_share)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT (fingerprint) DO NOTHING
            """, .text(content.fingerprint), .text(facts.container), .text(facts.codec),
            .integer(Int64(facts.width)), .integer(Int64(facts.height)), .real(facts.duration),
            .real(facts.frameRate), .integer(Int64(content.clipCount)), .bytes(content.clips.intervals),
            .bytes(content.clips.gaussians), .integer(content.clips.checksum), .halves(content.embedding),
            .text(worker), .bytes(content.clips.signatures), .integer(facts.areTimesMended ? 1 : 0),
            .real(facts.decodedShare))
    }
}

/// The range of the paths below a folder: "0" is the byte after "/".
func pathRange(_ folder: String) -> (prefix: String, end: String) {
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    return (prefix, String(prefix.dropLast()) + "0")
}

/// What the encoder said of a content.
struct SharedContent {
    var fingerprint: String
    var facts: StreamFacts
    var clipCount: Int
    var clips: ClipBytes
    var embedding: [UInt16]

    /// - Throws: `failed` where a value is not finite in float16.
    init(
        _ identity: FileIdentity, _ facts: StreamFacts, _ intervals: [TimeRange], _ mixture: GaussianMixture,
        _ signatures: [ClipSignature]
    ) throws(IndexError) {
        precondition(intervals.count == mixture.components.count, "an interval for each component")
        guard let clips = ClipBytes(intervals, mixture, signatures),
            let stored = clips.decoded(clipCount: intervals.count, dimension: mixture.dimension)
        else {
            throw IndexError(
                reason: .failed, path: identity.path,
                message: "the model produced values that are not finite numbers",
                hint: "the model may be damaged; try another with --model")
        }
        fingerprint = identity.fingerprint
        self.facts = facts
        clipCount = intervals.count
        self.clips = clips
        embedding = Embedding.halves(stored.mixture.moments())
    }
}

/// What the server's index of candidates compares: μ_V and σ_V, one after the other, in float16. The Euclidean distance of
/// two is the 2-Wasserstein distance of the two Gaussians: W₂² = ‖μ₁ − μ₂‖² + ‖σ₁ − σ₂‖² where covariances are diagonal.
enum Embedding {
    static func halves(_ moments: Moments) -> [UInt16] {
        moments.mean.map(HalfPrecision.float16(from:))
            + moments.variance.map { HalfPrecision.float16(from: $0.squareRoot()) }
    }
}
