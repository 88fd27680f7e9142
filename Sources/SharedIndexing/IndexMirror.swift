import Base
import Glibc
import Indexing
import Synchronization

/// An embedded index in a folder of this machine that follows a shared one, change by change: whoever searches it gets the very
/// ranking that the embedded index of the same videos gives. May be deleted at any time.
public final class IndexMirror: Sendable {
    /// The embedded index's folder.
    public let folder: String
    private let client: PostgresClient
    private let mounts: MountMap
    /// Changes of one transaction.
    private static let batch: Int64 = 500
    private let position = Mutex<MirrorPosition?>(nil)

    /// A mirror in a folder below `cache`, one for each database and each set of mounts.
    public init(client: PostgresClient, mounts: MountMap, cache: String) {
        self.client = client
        self.mounts = mounts
        let places = mounts.roots.map { "\($0.name)=\($0.folder)" }.sorted().joined(separator: "\n")
        let hash = SHA256()
        "\(client.address.name)\n\(places)".utf8.withContiguousStorageIfAvailable {
            hash.update(UnsafeRawBufferPointer($0))
        }
        folder = "\(cache)/shared/" + hash.finish().prefix(24)
    }

    /// Brings the folder in step with the database. Where nothing has changed that takes one question to the server.
    ///
    /// - Throws: what opening the shared index throws, and writing the folder.
    public func refresh() throws(IndexError) {
        let result: Result<Void, IndexError> = position.withLock { position in
            Result { () throws(IndexError) in
                if let known = position ?? notedPosition(), known == (try serverPosition()),
                    access(folder + "/videos.sqlite", R_OK) == 0
                {
                    position = known
                    return
                }
                position = try follow()
            }
        }
        try result.get()
    }

    private func follow() throws(IndexError) -> MirrorPosition {
        let source = try SharedIndex.open(readingFrom: client, mounts: mounts)
        let (index, start) = try openCopy(of: source)
        defer { index.close() }
        var position = start
        while true {
            let changes = try source.changes(after: position.sequence, limit: Self.batch)
            try index.apply(changes.changes)
            guard let last = changes.last else { break }
            position.sequence = last
            try write(position, of: index)
        }
        let now = try serverPosition()
        if now?.lists != position.lists {
            try index.replaceLists(roots: try source.roots(), decisions: try source.decisions())
            position.lists = now?.lists ?? 0
        }
        try write(position, of: index)
        return position
    }

    /// What the note says; nil where there is none, or the copy is not what it speaks of.
    private func notedPosition() -> MirrorPosition? {
        guard let note = MirrorNote.read(notePath), let copy = try? VideoIndex.open(readingFrom: folder)
        else { return nil }
        defer { copy.close() }
        return (try? copy.sequence()).flatMap { $0 < note.copySequence ? nil : note.position }
    }

    /// The copy, to be written, and where it is in step. One that cannot be used is made anew.
    private func openCopy(of source: SharedIndex) throws(IndexError) -> (VideoIndex, MirrorPosition) {
        do throws(IndexError) {
            return try openCopyAsItIs(of: source)
        } catch {
            guard [.otherModel, .corrupted, .newerFormat].contains(error.reason) else { throw error }
            for name in ["mirror", "videos.sqlite", "videos.sqlite-wal", "videos.sqlite-shm"] {
                unlink("\(folder)/\(name)")
            }
            return try openCopyAsItIs(of: source)
        }
    }

    private func openCopyAsItIs(of source: SharedIndex) throws(IndexError) -> (VideoIndex, MirrorPosition) {
        // A note outlives the copy that it speaks of where somebody deletes that alone.
        if access(folder + "/videos.sqlite", F_OK) != 0 { unlink(notePath) }
        let index = try VideoIndex.open(writingTo: folder, model: source.model, waitingSeconds: 600)
        do throws(IndexError) {
            // Only now: another process may have been here while this one waited.
            if let note = MirrorNote.read(notePath), note.position.uuid == source.uuid,
                try index.sequence() >= note.copySequence
            {
                return (index, note.position)
            }
            // Nothing says of when the copy is, or of which index. It is emptied and not deleted: others may have it open.
            // The note goes first, since what follows takes the copy's sequence beyond it.
            unlink(notePath)
            try index.apply(index.knownFiles().map { .remove(path: $0.identity.path) })
        } catch {
            index.close()
            throw error
        }
        return (index, MirrorPosition(uuid: source.uuid, sequence: 0, lists: -1))
    }

    private func serverPosition() throws(IndexError) -> MirrorPosition? {
        try client.use { (session) throws(PostgresError) in
            guard try SharedSchema.format(session) > 0 else { return nil }
            let row = try session.run("SELECT uuid, sequence, lists FROM mixtape.library")
            return MirrorPosition(
                uuid: row.text(0, 0), sequence: try row.integer(0, 1), lists: try row.integer(0, 2))
        }
    }

    private var notePath: String { folder + "/mirror" }

    /// After the changes themselves are on the disk: where the note is older than they are, they are made once more.
    private func write(_ position: MirrorPosition, of copy: VideoIndex) throws(IndexError) {
        let note = MirrorNote(position: position, copySequence: try copy.sequence())
        do throws(SystemError) {
            try note.write(to: notePath)
        } catch {
            throw IndexError(
                reason: .failed, path: folder,
                message: "the copy of the index cannot be written: \(error.description)",
                hint: "make the folder writable, or set XDG_CACHE_HOME")
        }
    }
}

extension SharedIndex {
    /// The changes of files after the `sequence`th, in order, and the number of the last of them; nil where there are none.
    func changes(after sequence: Int64, limit: Int64) throws(IndexError) -> (
        changes: [MirroredChange], last: Int64?
    ) {
        try client.use { (session) throws(PostgresError) in
            let rows = try session.run(
                text: """
                    SELECT * FROM (
                        (SELECT f.changed, f.path, f.fingerprint, f.size, f.modified, f.failed, f.reason, f.message,
                            c.container, c.codec, c.width, c.height, c.duration, c.frame_rate, c.clip_count, c.intervals,
                            c.gaussians, c.checksum, \(signatureColumn), \(qualityColumns)
                        FROM (SELECT * FROM mixtape.file WHERE changed > $1 ORDER BY changed LIMIT $2) f
                        LEFT JOIN mixtape.content c ON c.fingerprint = f.fingerprint AND f.failed = 0)
                        UNION ALL
                        (SELECT changed, path, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                            NULL, NULL, NULL, NULL, NULL, NULL
                        FROM mixtape.removal WHERE changed > $1 ORDER BY changed LIMIT $2)
                    ) changes ORDER BY changed LIMIT $2
                    """, [.integer(sequence), .integer(limit)])
            let changes = try (0..<rows.count).map { (row) throws(PostgresError) in try self.change(rows, row)
            }
            return (changes, rows.count == 0 ? nil : try rows.integer(rows.count - 1, 0))
        }
    }

    private func change(_ rows: PostgresRows, _ row: Int) throws(PostgresError) -> MirroredChange {
        let path = mounts.local(rows.text(row, 1))
        if rows.isNull(row, 2) { return .remove(path: path) }
        let identity = FileIdentity(
            path: path, fingerprint: rows.text(row, 2), size: try rows.integer(row, 3),
            modified: try rows.integer(row, 4))
        if try rows.integer(row, 5) != 0 {
            return .fail(identity, reason: rows.text(row, 6), message: rows.text(row, 7))
        }
        guard !rows.isNull(row, 8) else {
            throw PostgresError(.unreadable, "the clips of \(path) are missing")
        }
        let clips = ClipBytes(
            intervals: rows.bytes(row, 15), gaussians: rows.bytes(row, 16), signatures: rows.bytes(row, 18))
        guard clips.checksum == (try rows.integer(row, 17)),
            let decoded = clips.believable(
                clipCount: Int(try rows.integer(row, 14)), dimension: model.dimension)
        else {
            throw PostgresError(.unreadable, "the clips of \(path) fail their checksum, or are impossible")
        }
        let facts = try rows.facts(row, from: 8, quality: 19)
        return .store(
            NewVideo(
                identity: identity, facts: facts, intervals: decoded.intervals, mixture: decoded.mixture,
                signatures: decoded.signatures))
    }
}
