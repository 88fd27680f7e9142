import Base
import Distributions
import Indexing

extension SharedIndex: IndexStore {
    package var isShared: Bool { true }

    package func addRoots(_ paths: [String]) throws(IndexError) {
        if paths.isEmpty { return }
        try client.transaction { (session) throws(PostgresError) in
            let added = try session.run(
                "INSERT INTO mixtape.root SELECT unnest($1::text[]) ON CONFLICT DO NOTHING",
                .texts(paths.map(mounts.stored)))
            if added.changed > 0 { try session.run("UPDATE mixtape.library SET lists = lists + 1") }
        }
    }

    /// Rows elsewhere are left out: a file that is not seen there may be seen by another machine.
    package func knownFiles(below roots: [String]) throws(IndexError) -> [KnownFile] {
        var known: [Int64: KnownFile] = [:]
        for place in places(below: roots) {
            let (prefix, end) = pathRange(place)
            try client.use { (session) throws(PostgresError) in
                let rows = try session.run(
                    """
                    SELECT id, path, fingerprint, size, modified, failed FROM mixtape.file
                    WHERE (left(path, 500) = left($1, 500) AND path = $1)
                    OR (left(path, 500) >= left($2, 500) AND left(path, 500) < $3 AND starts_with(path, $2))
                    """, .text(place), .text(prefix), .text(end))
                for row in 0..<rows.count {
                    let id = try rows.integer(row, 0)
                    known[id] = KnownFile(
                        id: id,
                        identity: FileIdentity(
                            path: mounts.local(rows.text(row, 1)), fingerprint: rows.text(row, 2),
                            size: try rows.integer(row, 3), modified: try rows.integer(row, 4)),
                        isReady: try rows.integer(row, 5) == 0)
                }
            }
        }
        return known.values.sorted {
            $0.identity.path.utf8.lexicographicallyPrecedes($1.identity.path.utf8)
        }
    }

    /// The stored paths of folders of this machine, with those of roots that lie within them.
    private func places(below paths: [String]) -> [String] {
        paths.flatMap { path in
            let prefix = path.hasSuffix("/") ? path : path + "/"
            return [mounts.stored(path)]
                + mounts.roots.filter { $0.folder.hasPrefix(prefix) }.map { $0.name + ":/" }
        }
    }

    package func update(_ changes: [FileChange]) throws(IndexError) {
        if changes.isEmpty { return }
        try change { (files) throws(PostgresError) in
            var rows: [(id: Int64, file: FileChanges.File)] = []
            var formerPaths: [String] = []
            for change in changes {
                let row = try files.session.run(
                    "DELETE FROM mixtape.file WHERE id = $1 RETURNING path, failed, reason, message",
                    .integer(change.id))
                guard row.count == 1 else { continue }
                var file = self.file(change.identity)
                if try row.integer(0, 1) != 0 { file.failure = (row.text(0, 2), row.text(0, 3)) }
                formerPaths.append(row.text(0, 0))
                rows.append((change.id, file))
            }
            for row in rows { try files.put(row.file, id: row.id) }
            let paths = Set(rows.map { Array($0.file.path.utf8) })
            for path in formerPaths where !paths.contains(Array(path.utf8)) { try files.noteRemoval(path) }
        }
    }

    @discardableResult
    package func store(_ videos: [NewVideo]) throws(IndexError) -> [Int64] {
        try store(videos, worker: "")
    }

    /// Stores many videos in one transaction.
    package func store(_ videos: [NewVideo], worker: String) throws(IndexError) -> [Int64] {
        let contents = try videos.map { (video) throws(IndexError) in
            try SharedContent(
                video.identity, video.facts, video.intervals, video.mixture, video.signatures)
        }
        return try change { (files) throws(PostgresError) in
            var ids: [Int64] = []
            for (video, content) in zip(videos, contents) {
                try files.put(content, worker: worker)
                ids.append(try files.put(self.file(video.identity)))
            }
            return ids
        }
    }

    @discardableResult
    package func storeCopy(of id: Int64, as identity: FileIdentity) throws(IndexError) -> Int64 {
        try change { (files) throws(PostgresError) in
            guard try files.hasContent(identity.fingerprint) else {
                throw PostgresError(.unreadable, "the clips of video \(id) are missing")
            }
            return try files.put(self.file(identity))
        }
    }

    @discardableResult
    package func storeFailure(_ identity: FileIdentity, reason: String, message: String) throws(IndexError)
        -> Int64
    {
        try change { (files) throws(PostgresError) in
            try files.put(self.file(identity, failure: (reason, message)))
        }
    }

    @discardableResult
    package func remove(ids: [Int64]) throws(IndexError) -> Int {
        if ids.isEmpty { return 0 }
        return try change { (files) throws(PostgresError) in try files.remove(ids: ids) }
    }

    @discardableResult
    package func remove(paths: [String]) throws(IndexError) -> Int {
        if paths.isEmpty { return 0 }
        let places = places(below: paths)
        return try change { (files) throws(PostgresError) in
            var count = 0
            for place in places { count += try files.remove(below: place) }
            try files.session.run("UPDATE mixtape.library SET lists = lists + 1")
            return count
        }
    }

    @discardableResult
    package func record(_ decisions: [PairDecision]) throws(IndexError) -> Int {
        if decisions.isEmpty { return 0 }
        return try client.transaction { (session) throws(PostgresError) in
            var count = 0
            for decision in decisions {
                let pair = (PostgresValue.text(decision.first), PostgresValue.text(decision.second))
                let former = try session.run(
                    "DELETE FROM mixtape.decision WHERE first = $1 AND second = $2", pair.0, pair.1)
                try session.run(
                    "INSERT INTO mixtape.decision VALUES ($1, $2, $3, $4)", pair.0, pair.1,
                    .text(decision.verdict.rawValue), .integer(decision.decided))
                count += former.changed == 0 ? 1 : 0
            }
            try session.run("UPDATE mixtape.library SET lists = lists + 1")
            return count
        }
    }

    @discardableResult
    package func withdraw(_ pairs: [(String, String)]) throws(IndexError) -> Int {
        if pairs.isEmpty { return 0 }
        return try client.transaction { (session) throws(PostgresError) in
            var count = 0
            for pair in pairs {
                let sorted = PairDecision(pair.0, pair.1, decided: 0)
                count += try session.run(
                    "DELETE FROM mixtape.decision WHERE first = $1 AND second = $2", .text(sorted.first),
                    .text(sorted.second)
                ).changed
            }
            try session.run("UPDATE mixtape.library SET lists = lists + 1")
            return count
        }
    }

    /// One transaction over files.
    func change<R>(_ body: (inout FileChanges) throws(PostgresError) -> R) throws(IndexError) -> R {
        try client.transaction { (session) throws(PostgresError) in
            var files = try FileChanges(session)
            let result = try body(&files)
            try files.finish()
            return result
        }
    }

    func file(
        _ identity: FileIdentity, failure: (reason: String, message: String)? = nil
    ) -> FileChanges.File {
        FileChanges.File(
            path: mounts.stored(identity.path), fingerprint: identity.fingerprint, size: identity.size,
            modified: identity.modified, failure: failure)
    }
}
