import Base
import Distributions
import Indexing
import Ingestion

/// The contents that wait for being encoded, which any number of workers on any machine take.
///
/// Who takes one has a lease on it, and renews it while at work. Where a lease ends, its worker is taken to be dead, and the
/// content is free again. What is stored is stored by whoever has the lease, so each content is encoded once.
package final class VideoQueue: ContentQueue {
    package typealias Claim = ContentClaim
    package typealias State = QueueState

    private let index: SharedIndex
    /// Names this process among all workers.
    package let worker: String
    /// Seconds of a lease.
    package let lease: Double

    package init(index: SharedIndex, worker: String, lease: Double) {
        self.index = index
        self.worker = worker
        self.lease = lease
    }

    /// Puts in files by content. Those whose content is known by now are stored at once; returns how many those were.
    package func add(_ files: [FileIdentity]) throws(IndexError) -> Int {
        var copied = 0
        // Not all in one transaction, during which nobody could store anything.
        for first in stride(from: 0, to: files.count, by: 1000) {
            let some = files[first..<min(first + 1000, files.count)]
            copied += try index.change { (changes) throws(PostgresError) in
                var copied = 0
                var queued = 0
                for file in some {
                    let stored = index.file(file)
                    if try changes.hasContent(file.fingerprint) {
                        try changes.put(stored)
                        copied += 1
                    } else {
                        queued += try add(stored, changes.session) ? 1 : 0
                    }
                }
                try changes.session.run(
                    """
                    UPDATE mixtape.library SET queued = CASE WHEN queued = settled THEN 0 ELSE queued END + $1,
                    settled = CASE WHEN queued = settled THEN 0 ELSE settled END
                    """, .integer(Int64(queued)))
                return copied
            }
        }
        return copied
    }

    /// False where it is in already.
    private func add(_ file: FileChanges.File, _ session: PostgresSession) throws(PostgresError) -> Bool {
        // What was at the path when it was put in before is no longer there.
        let outdated = try session.run(
            "DELETE FROM mixtape.task_file WHERE md5(path) = md5($1) AND path = $1 AND fingerprint <> $2",
            .text(file.path), .text(file.fingerprint))
        if outdated.changed > 0 {
            try session.run(
                "UPDATE mixtape.library SET queued = queued - $1", .integer(Int64(outdated.changed)))
        }
        try session.run(
            "INSERT INTO mixtape.task (fingerprint, size) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            .text(file.fingerprint), .integer(file.size))
        let added = try session.run(
            "INSERT INTO mixtape.task_file VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            .text(file.fingerprint), .text(MountMap.name(of: file.path)), .text(file.path),
            .integer(file.size),
            .integer(file.modified))
        return added.changed > 0
    }

    /// Takes the largest content that nobody has a lease on and that this machine can read; nil where there is none now.
    package func claim() throws(IndexError) -> Claim? {
        try index.client.transaction { (session) throws(PostgresError) in
            let taken = try session.run(
                """
                UPDATE mixtape.task SET worker = $1, lease = now() + make_interval(secs => $2), attempts = attempts + 1
                WHERE fingerprint = (
                    SELECT fingerprint FROM mixtape.task t WHERE (lease IS NULL OR lease < now()) AND
                    EXISTS (SELECT FROM mixtape.task_file f WHERE f.fingerprint = t.fingerprint AND f.root = ANY ($3))
                    ORDER BY size DESC, fingerprint LIMIT 1 FOR UPDATE SKIP LOCKED)
                RETURNING fingerprint, attempts
                """, .text(worker), .real(lease), .texts(index.mounts.names))
            guard taken.count == 1 else { return nil }
            let fingerprint = taken.text(0, 0)
            let files = try session.run(
                """
                SELECT path, size, modified FROM mixtape.task_file WHERE fingerprint = $1 AND root = ANY ($2)
                ORDER BY path
                """, .text(fingerprint), .texts(index.mounts.names))
            return Claim(
                fingerprint: fingerprint,
                files: try (0..<files.count).map { (row) throws(PostgresError) in
                    FileIdentity(
                        path: index.mounts.local(files.text(row, 0)), fingerprint: fingerprint,
                        size: try files.integer(row, 1), modified: try files.integer(row, 2))
                }, formerAttempts: Int(try taken.integer(0, 1)) - 1)
        }
    }

    /// Renews all leases of this worker; returns the contents that it has.
    package func renew() throws(IndexError) -> Set<String> {
        try index.client.use { (session) throws(PostgresError) in
            let rows = try session.run(
                """
                UPDATE mixtape.task SET lease = now() + make_interval(secs => $2) WHERE worker = $1
                RETURNING fingerprint
                """, .text(worker), .real(lease))
            return Set((0..<rows.count).map { rows.text($0, 0) })
        }
    }

    /// Stores what became of a claim, for all files that have the content.
    ///
    /// - Returns: how many files; nil where the lease was lost and another worker stores the content, or has.
    /// - Throws: also `failed` with the file's path where a value is not finite.
    package func finish(
        _ claim: Claim, facts: StreamFacts, intervals: [TimeRange], mixture: GaussianMixture,
        signatures: [ClipSignature] = []
    ) throws(IndexError) -> Int? {
        let content = try SharedContent(claim.files[0], facts, intervals, mixture, signatures)
        return try index.change { (changes) throws(PostgresError) in
            guard try drop(claim, changes.session) else {
                // Where the connection was lost at the end of the transaction, it may have been made.
                let mine = try changes.session.run(
                    "SELECT FROM mixtape.content WHERE fingerprint = $1 AND worker = $2",
                    .text(claim.fingerprint), .text(worker))
                return mine.count > 0 ? claim.files.count : nil
            }
            try changes.put(content, worker: worker)
            let files = try takeFiles(claim.fingerprint, changes.session)
            for file in files { try changes.put(file) }
            return files.count
        }
    }

    /// Records that a file of a claim could not be encoded. Where other files have the content, they are tried in its place,
    /// unless it is the content that fails.
    ///
    /// - Parameter isOfContent: whether the reason is the content; else the next run tries the file again.
    package func fail(
        _ claim: Claim, file: FileIdentity, reason: String, message: String, isOfContent: Bool
    ) throws(IndexError) {
        try index.change { (changes) throws(PostgresError) in
            let lease = try changes.session.run(
                "SELECT FROM mixtape.task WHERE fingerprint = $1 AND worker = $2 FOR UPDATE",
                .text(claim.fingerprint), .text(worker))
            guard lease.count == 1 else { return }
            var failed = self.index.file(file, failure: (reason, message))
            if isOfContent {
                for other in try takeFiles(claim.fingerprint, changes.session) {
                    failed.path = other.path
                    (failed.size, failed.modified) = (other.size, other.modified)
                    try changes.put(failed)
                }
            } else {
                let own = try changes.session.run(
                    "DELETE FROM mixtape.task_file WHERE fingerprint = $1 AND path = $2",
                    .text(claim.fingerprint),
                    .text(failed.path))
                failed.fingerprint = ""
                // Else it was put in anew with the content that it has now.
                if own.changed > 0 { try changes.put(failed) }
                try settle(own.changed, changes.session)
            }
            try changes.session.run(
                """
                DELETE FROM mixtape.task t WHERE fingerprint = $1 AND
                NOT EXISTS (SELECT FROM mixtape.task_file f WHERE f.fingerprint = t.fingerprint)
                """, .text(claim.fingerprint))
            try free(claim.fingerprint, changes.session)
        }
    }

    /// Gives a content back; `wasTried` where it may be that it ends its workers.
    package func release(_ claim: Claim, wasTried: Bool) throws(IndexError) {
        try index.client.transaction { (session) throws(PostgresError) in
            let freed = try free(claim.fingerprint, session)
            if freed > 0, !wasTried {
                try session.run(
                    "UPDATE mixtape.task SET attempts = attempts - 1 WHERE fingerprint = $1",
                    .text(claim.fingerprint))
            }
        }
    }

    /// How far all workers are.
    package func state() throws(IndexError) -> State {
        try index.client.use { (session) throws(PostgresError) in
            let row = try session.run(
                """
                SELECT queued, settled, (SELECT count(*) FROM mixtape.task),
                (SELECT count(*) FROM mixtape.task WHERE lease >= now()),
                (SELECT LEAST(COALESCE(sum(size), 0), 1e15)::bigint FROM mixtape.task) FROM mixtape.library
                """)
            return State(
                queued: Int(try row.integer(0, 0)), settled: Int(try row.integer(0, 1)),
                open: Int(try row.integer(0, 2)), leased: Int(try row.integer(0, 3)),
                openBytes: try row.integer(0, 4))
        }
    }

    // MARK: - Within a transaction

    @discardableResult
    private func free(_ fingerprint: String, _ session: PostgresSession) throws(PostgresError) -> Int {
        try session.run(
            "UPDATE mixtape.task SET worker = NULL, lease = NULL WHERE fingerprint = $1 AND worker = $2",
            .text(fingerprint), .text(worker)
        ).changed
    }

    /// Whether the lease still was this worker's.
    private func drop(_ claim: Claim, _ session: PostgresSession) throws(PostgresError) -> Bool {
        try session.run(
            "DELETE FROM mixtape.task WHERE fingerprint = $1 AND worker = $2", .text(claim.fingerprint),
            .text(worker)
        ).changed > 0
    }

    /// Takes all files of a content out of the queue: also those put in since it was claimed, and other machines'.
    private func takeFiles(
        _ fingerprint: String, _ session: PostgresSession
    ) throws(PostgresError) -> [FileChanges.File] {
        let rows = try session.run(
            "DELETE FROM mixtape.task_file WHERE fingerprint = $1 RETURNING path, size, modified",
            .text(fingerprint))
        try settle(rows.count, session)
        return try (0..<rows.count).map { (row) throws(PostgresError) in
            FileChanges.File(
                path: rows.text(row, 0), fingerprint: fingerprint, size: try rows.integer(row, 1),
                modified: try rows.integer(row, 2))
        }
    }

    private func settle(_ count: Int, _ session: PostgresSession) throws(PostgresError) {
        try session.run("UPDATE mixtape.library SET settled = settled + $1", .integer(Int64(count)))
    }
}
