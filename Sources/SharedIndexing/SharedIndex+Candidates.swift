import Base
import Distributions
import Indexing
import Library

extension SharedIndex: CandidateIndex {
    /// Makes the index of candidates, HNSW over `Embedding`, without keeping anybody from writing. What is there stays, and
    /// new videos come into it by themselves.
    ///
    /// - Parameter progress: told of the parts that are done, and of all.
    public func makeCandidates(progress: (Int, Int) -> Void) throws(IndexError) {
        let parts = SharedSchema.partitions
        for part in 0..<parts {
            progress(part, parts)
            try client.use { (session) throws(PostgresError) in
                let name = "content_\(part)_candidates"
                // What an interrupted making leaves behind is of no use.
                let invalid = try session.run(
                    "SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid",
                    .text("mixtape." + name))
                if invalid.count > 0 { try session.run(text: "DROP INDEX mixtape.\(name)") }
                try session.run(
                    text: "CREATE INDEX CONCURRENTLY IF NOT EXISTS \(name) ON mixtape.content_\(part) "
                        + "USING hnsw (embedding halfvec_l2_ops)")
            }
        }
        try client.transaction { (session) throws(PostgresError) in
            let known = try session.run("SELECT to_regclass('mixtape.content_candidates')::text")
            guard known.isNull(0, 0) else { return }
            try session.run(
                text: "CREATE INDEX content_candidates ON ONLY mixtape.content "
                    + "USING hnsw (embedding halfvec_l2_ops)")
            for part in 0..<parts {
                try session.run(
                    text: "ALTER INDEX mixtape.content_candidates "
                        + "ATTACH PARTITION mixtape.content_\(part)_candidates")
            }
        }
        progress(parts, parts)
    }

    /// The videos of the contents nearest to a query by the 2-Wasserstein distance, by HNSW: about the nearest `count` that
    /// have a file which `admits` lets through.
    ///
    /// The scan goes on where a filter leaves too few (iterative scan), as far as the server's `hnsw.max_scan_tuples`.
    ///
    /// - Throws: `failed` where there is no index of candidates.
    package func candidates(
        near query: Moments, count: Int, admits: (IndexedVideo) -> Bool
    ) throws(IndexError) -> [Candidate] {
        let isThere = try client.use { (session) throws(PostgresError) in
            !(try session.run("SELECT to_regclass('mixtape.content_candidates')::text").isNull(0, 0))
        }
        guard isThere else {
            throw IndexError(
                reason: .failed, path: name, message: "the server has no index of candidates yet",
                hint: "make it with `mixtape candidates --index \(name)`, or search without --candidates")
        }
        return try client.transaction { (session) throws(PostgresError) in
            // The planner must not think of sorting them all.
            try session.run(
                script: """
                    SET LOCAL hnsw.iterative_scan = strict_order; SET LOCAL hnsw.ef_search = \(max(1, min(count, 1000)));
                    SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL cursor_tuple_fraction = 1e-6
                    """)
            try session.run(
                text: """
                    DECLARE candidates NO SCROLL CURSOR FOR SELECT fingerprint, container, codec, width, height, duration,
                    frame_rate, clip_count, intervals, gaussians, checksum, \(signatureColumn), \(qualityColumns)
                    FROM mixtape.content
                    ORDER BY embedding <-> $1
                    """, [.halves(Embedding.halves(query))])
            var found: [Candidate] = []
            var contents = 0
            while contents < count {
                let rows = try session.run(text: "FETCH \(count - contents) FROM candidates")
                let videos = try videos(rows, session)
                for row in 0..<rows.count {
                    let admitted = videos[row].filter(admits)
                    if admitted.isEmpty { continue }
                    let moments = try self.moments(rows, row)
                    found += admitted.map { Candidate(video: $0, moments: moments) }
                    contents += 1
                }
                if rows.count == 0 { break }
            }
            return found
        }
    }

    /// What clips look like, of a content's row; format 1 keeps nothing of that.
    var signatureColumn: String { formatVersion >= 2 ? "signatures" : "''::bytea" }

    /// How well it could be read, of a content's row; format 1 does not say.
    var qualityColumns: String { formatVersion >= 2 ? "times_mended, decoded_share" : "0::int8, 1::float8" }

    private func moments(_ rows: PostgresRows, _ row: Int) throws(PostgresError) -> Moments {
        let clips = ClipBytes(
            intervals: rows.bytes(row, 8), gaussians: rows.bytes(row, 9), signatures: rows.bytes(row, 11))
        guard clips.checksum == (try rows.integer(row, 10)),
            let decoded = clips.believable(
                clipCount: Int(try rows.integer(row, 7)), dimension: model.dimension)
        else {
            throw PostgresError(
                .unreadable, "the clips of \(rows.text(row, 0)) fail their checksum, or are impossible")
        }
        return decoded.mixture.moments()
    }

    /// The ready videos that have each row's content, by path.
    private func videos(
        _ rows: PostgresRows, _ session: PostgresSession
    ) throws(PostgresError) -> [[IndexedVideo]] {
        let fingerprints = (0..<rows.count).map { rows.text($0, 0) }
        let found = try session.run(
            """
            SELECT fingerprint, id, path, size, modified FROM mixtape.file WHERE fingerprint = ANY ($1) AND failed = 0
            ORDER BY path
            """, .texts(fingerprints))
        var files: [String: [(id: Int64, identity: FileIdentity)]] = [:]
        for file in 0..<found.count {
            let fingerprint = found.text(file, 0)
            let identity = FileIdentity(
                path: mounts.local(found.text(file, 2)), fingerprint: fingerprint,
                size: try found.integer(file, 3), modified: try found.integer(file, 4))
            files[fingerprint, default: []].append((try found.integer(file, 1), identity))
        }
        return try (0..<rows.count).map { (row) throws(PostgresError) in
            let facts = try rows.facts(row, from: 1, quality: 12)
            let clipCount = Int(try rows.integer(row, 7))
            return (files[fingerprints[row]] ?? []).map {
                IndexedVideo(id: $0.id, identity: $0.identity, facts: facts, clipCount: clipCount)
            }
        }
    }

    /// The ready video at a path and all that the encoder said of it; nil where there is none.
    package func video(atPath path: String) throws(IndexError) -> (
        video: IndexedVideo, intervals: [TimeRange], mixture: GaussianMixture
    )? {
        try client.use { (session) throws(PostgresError) in
            let rows = try session.run(
                text: """
                    SELECT c.fingerprint, container, codec, width, height, duration, frame_rate, clip_count, intervals, gaussians,
                    checksum, \(signatureColumn), \(qualityColumns) FROM mixtape.file f JOIN mixtape.content c ON c.fingerprint = f.fingerprint
                    WHERE left(path, 500) = left($1, 500) AND path = $1 AND failed = 0
                    """, [.text(mounts.stored(path))])
            guard rows.count > 0 else { return nil }
            let clips = ClipBytes(
                intervals: rows.bytes(0, 8), gaussians: rows.bytes(0, 9), signatures: rows.bytes(0, 11))
            guard let video = try videos(rows, session)[0].first(where: { $0.identity.path == path }),
                let decoded = clips.believable(clipCount: video.clipCount, dimension: model.dimension)
            else { throw PostgresError(.unreadable, "the clips of \(path) are missing") }
            return (video, decoded.intervals, decoded.mixture)
        }
    }

    /// Paths of `count` ready videos, spread over the index; always the same of the same index.
    package func someVideos(_ count: Int) throws(IndexError) -> [String] {
        try client.use { (session) throws(PostgresError) in
            let rows = try session.run(
                "SELECT path FROM mixtape.file WHERE failed = 0 ORDER BY md5(fingerprint), path LIMIT $1",
                .integer(Int64(count)))
            return (0..<rows.count).map { mounts.local(rows.text($0, 0)) }
        }
    }

    /// What was measured of candidates, by their number.
    public func candidateRecall() throws(IndexError) -> [CandidateRecall] {
        try client.use { (session) throws(PostgresError) in
            let rows = try session.run(
                "SELECT candidates, recall, seconds, slow_seconds, queries, videos FROM mixtape.recall ORDER BY candidates"
            )
            return try (0..<rows.count).map { (row) throws(PostgresError) in
                CandidateRecall(
                    count: Int(try rows.integer(row, 0)), recall: try rows.real(row, 1) ?? 0,
                    seconds: try rows.real(row, 2) ?? 0, slowSeconds: try rows.real(row, 3) ?? 0,
                    queries: Int(try rows.integer(row, 4)), videos: Int(try rows.integer(row, 5)))
            }
        }
    }

    /// Writes a measurement down in place of the one before.
    package func record(_ recall: [CandidateRecall]) throws(IndexError) {
        try client.transaction { (session) throws(PostgresError) in
            try session.run("DELETE FROM mixtape.recall")
            for point in recall {
                try session.run(
                    "INSERT INTO mixtape.recall VALUES ($1, $2, $3, $4, $5, $6)",
                    .integer(Int64(point.count)),
                    .real(point.recall), .real(point.seconds), .real(point.slowSeconds),
                    .integer(Int64(point.queries)),
                    .integer(Int64(point.videos)))
            }
        }
    }
}

extension PostgresRows {
    /// What a content's row says of the stream.
    ///
    /// - Parameters:
    ///   - first: the column of the container's name, behind which the others stand.
    ///   - quality: that of `qualityColumns`.
    func facts(_ row: Int, from first: Int, quality: Int) throws(PostgresError) -> StreamFacts {
        let facts = StreamFacts(
            container: text(row, first), codec: text(row, first + 1),
            width: Int(try integer(row, first + 2)), height: Int(try integer(row, first + 3)),
            duration: try real(row, first + 4), frameRate: try real(row, first + 5),
            areTimesMended: try integer(row, quality) != 0, decodedShare: try real(row, quality + 1) ?? 1)
        guard BelievableVideo.isTrue(facts) else {
            throw PostgresError(.unreadable, "a row's values are impossible")
        }
        return facts
    }
}
