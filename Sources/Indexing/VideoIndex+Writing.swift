internal import Foundation
internal import GRDB

import Base
import Distributions

/// A known file and what it is now: touched, moved, or both.
public struct FileChange: Sendable, Hashable {
    /// The row's number.
    public var id: Int64
    /// The file as it is now.
    public var identity: FileIdentity

    /// Makes a change of its parts.
    public init(id: Int64, identity: FileIdentity) {
        self.id = id
        self.identity = identity
    }
}

/// A video to be stored.
package struct NewVideo: Sendable {
    package var identity: FileIdentity
    package var facts: StreamFacts
    package var intervals: [TimeRange]
    package var mixture: GaussianMixture
    /// One per clip, or none.
    package var signatures: [ClipSignature]

    package init(
        identity: FileIdentity, facts: StreamFacts, intervals: [TimeRange], mixture: GaussianMixture,
        signatures: [ClipSignature] = []
    ) {
        self.signatures = signatures
        self.identity = identity
        self.facts = facts
        self.intervals = intervals
        self.mixture = mixture
    }
}

extension VideoIndex {
    /// Stores many videos in one transaction: all of them or, where one can't be, none.
    @discardableResult
    package func store(_ videos: [NewVideo]) throws(IndexError) -> [Int64] {
        var rows: [(video: NewVideo, vectors: VideoVectors)] = []
        for video in videos { rows.append((video, try encode(video))) }
        return try write { db, library in
            try rows.map { video, vectors in
                let row = VideoRow(
                    id: 0, identity: video.identity, failure: nil, facts: video.facts,
                    clipCount: video.intervals.count)
                return try put(row, vectors, db, &library)
            }
        }
    }

    func encode(_ video: NewVideo) throws(IndexError) -> VideoVectors {
        let (intervals, mixture) = (video.intervals, video.mixture)
        precondition(intervals.count == mixture.components.count, "an interval for each component")
        precondition(
            video.signatures.isEmpty || video.signatures.count == intervals.count, "a clip has a signature")
        precondition(
            mixture.components.allSatisfy { $0.dimension == model.dimension },
            "the mixture has the model's dimension")
        guard let gaussians = Blobs.encode(mixture),
            let stored = Blobs.mixture(gaussians, count: intervals.count, dimension: model.dimension)
        else {
            throw IndexError(
                reason: .failed, path: video.identity.path,
                message: "the model produced values that are not finite numbers",
                hint: "the model may be damaged; try another with --model")
        }
        return VideoVectors(
            clips: ClipsRow(intervals: Blobs.encode(intervals), gaussians: gaussians),
            moments: MomentsRow(stored.moments()), signatures: SignaturesRow(video.signatures))
    }

    /// Stores a video whose content is that of the ready video `id`, with that one's embeddings.
    @discardableResult
    public func storeCopy(of id: Int64, as identity: FileIdentity) throws(IndexError) -> Int64 {
        try write { db, library in
            guard let original = try VideoRow.fetch(db, id: id, folder: folder), original.failure == nil
            else {
                throw IndexError(
                    reason: .failed, path: folder, message: "there is no video \(id) in the index")
            }
            let clips = try ClipsRow.fetch(db, id: id, folder: folder)
            guard
                let mixture = Blobs.mixture(
                    clips.gaussians, count: original.clipCount, dimension: model.dimension)
            else { throw IndexError.corrupted(folder, "the clips of video \(id) have the wrong size") }
            var row = original
            row.identity = identity
            let vectors = VideoVectors(
                clips: clips, moments: MomentsRow(mixture.moments()),
                signatures: try SignaturesRow.fetch(db, id: id, folder: folder))
            return try put(row, vectors, db, &library)
        }
    }

    /// Records why a file could not be indexed, in place of what was there; returns the row's number.
    @discardableResult
    public func storeFailure(_ identity: FileIdentity, reason: String, message: String) throws(IndexError)
        -> Int64
    {
        try write { db, library in
            try put(
                VideoRow(failed: identity, reason: reason, message: message), nil, db, &library)
        }
    }

    /// Gives rows new paths, sizes, times and fingerprints, all in one transaction; embeddings and numbers stay.
    /// What was at a new path is removed, unless it is itself among the changes, so that two files can swap names.
    public func update(_ changes: [FileChange]) throws(IndexError) {
        if changes.isEmpty { return }
        try write { db, library in
            var rows: [VideoRow] = []
            for change in changes {
                guard var row = try VideoRow.fetch(db, id: change.id, folder: folder) else { continue }
                let moves = !row.identity.path.utf8.elementsEqual(change.identity.path.utf8)
                row.identity = change.identity
                if moves {
                    // Out of the way first; every true path begins with a slash.
                    try db.cachedStatement(sql: "UPDATE video SET path = ? WHERE id = ?")
                        .execute(arguments: ["\u{1}\(row.id)", row.id])
                }
                rows.append(row)
            }
            for row in rows {
                if let other = try VideoRow.fetch(db, path: row.identity.path, folder: folder),
                    other.id != row.id
                {
                    try delete(other, db, &library)
                }
                try row.save(db, isNew: false)
            }
        }
    }

    /// Removes rows by number; returns how many there were.
    @discardableResult
    public func remove(ids: [Int64]) throws(IndexError) -> Int {
        if ids.isEmpty { return 0 }
        return try write { db, library in
            try ids.reduce(0) { count, id in
                guard let row = try VideoRow.fetch(db, id: id, folder: folder) else { return count }
                try delete(row, db, &library)
                return count + 1
            }
        }
    }

    /// Removes the rows at these paths and below them, where they are folders, and forgets such roots. The videos
    /// themselves are not touched. Returns how many rows there were.
    @discardableResult
    public func remove(paths: [String]) throws(IndexError) -> Int {
        if paths.isEmpty { return 0 }
        return try write { db, library in
            try paths.reduce(0) { count, path in
                let prefix = path.hasSuffix("/") ? path : path + "/"
                // "0" is the byte after "/": the range holds what begins with the prefix.
                let range: StatementArguments = [path, prefix, String(prefix.dropLast()) + "0"]
                let condition = "path = ?1 OR (path >= ?2 AND path < ?3)"
                let found = try Row.fetchAll(
                    db, sql: "SELECT \(VideoRow.columns) FROM video WHERE \(condition)", arguments: range)
                for row in found { try delete(try VideoRow(row, folder: folder), db, &library) }
                try db.execute(sql: "DELETE FROM root WHERE \(condition)", arguments: range)
                return count + found.count
            }
        }
    }

    /// Remembers folders that a run was asked to index.
    public func addRoots(_ paths: [String]) throws(IndexError) {
        try write { db, _ in
            for path in paths {
                try db.execute(sql: "INSERT OR IGNORE INTO root VALUES (?)", arguments: [path])
            }
        }
    }
}

extension VideoIndex {
    /// One transaction, with the head row read before and saved after.
    func write<R>(_ body: (Database, inout LibraryRow) throws -> R) throws(IndexError) -> R {
        guard let writer else { throw .readOnly(folder, "the index was opened for reading only") }
        return try translatingErrors(folder) {
            try writer.write { db in
                let before = try LibraryRow(db, folder: folder)
                var library = before
                let result = try body(db, &library)
                if library != before { try library.save(db) }
                return result
            }
        }
    }

    func put(
        _ row: VideoRow, _ vectors: VideoVectors?, _ db: Database, _ library: inout LibraryRow
    ) throws -> Int64 {
        var row = row
        let former = try VideoRow.fetch(db, path: row.identity.path, folder: folder)
        if let former {
            row.id = former.id
            count(former, by: -1, &library)
            if former.failure == nil { try deleteVectors(row.id, db) }
        } else {
            row.id = library.nextID
            library.nextID += 1
        }
        count(row, by: 1, &library)
        try row.save(db, isNew: former == nil)
        try vectors?.clips.save(db, id: row.id)
        try vectors?.moments.save(db, id: row.id)
        try vectors?.signatures?.save(db, id: row.id)
        return row.id
    }

    func delete(_ row: VideoRow, _ db: Database, _ library: inout LibraryRow) throws {
        count(row, by: -1, &library)
        try db.cachedStatement(sql: "DELETE FROM video WHERE id = ?").execute(arguments: [row.id])
        if row.failure == nil { try deleteVectors(row.id, db) }
    }

    private func deleteVectors(_ id: Int64, _ db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM moments WHERE video = ?").execute(arguments: [id])
        try db.cachedStatement(sql: "DELETE FROM clips WHERE video = ?").execute(arguments: [id])
        try db.cachedStatement(sql: "DELETE FROM signatures WHERE video = ?").execute(arguments: [id])
    }

    /// Keeps the head row's counts; a change of the ready ones is a new sequence.
    private func count(_ row: VideoRow, by sign: Int, _ library: inout LibraryRow) {
        if row.failure != nil {
            library.counts.failed += sign
        } else {
            library.counts.ready += sign
            library.counts.clips += sign * row.clipCount
            library.sequence += 1
        }
    }
}
