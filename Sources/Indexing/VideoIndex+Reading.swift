internal import Foundation
internal import GRDB

import Base
import Distributions

extension VideoIndex {
    func read<R>(_ body: (Database) throws -> R) throws(IndexError) -> R {
        try translatingErrors(folder) { try reader.read(body) }
    }

    /// How much the index holds.
    public func counts() throws(IndexError) -> IndexCounts {
        try read { try LibraryRow($0, folder: folder).counts }
    }

    /// The ready video at `path`, or nil; a failed file is no video.
    public func video(atPath path: String) throws(IndexError) -> IndexedVideo? {
        try read { db in
            guard let row = try VideoRow.fetch(db, path: path, folder: folder) else {
                try requireStructure(db)
                return nil
            }
            return row.failure == nil ? row.video : nil
        }
    }

    /// The videos with these numbers, in the order asked; numbers that are gone are left out.
    public func videos(ids: [Int64]) throws(IndexError) -> [IndexedVideo] {
        try read { db in
            let rows = try ids.compactMap { try VideoRow.fetch(db, id: $0, folder: folder) }
            if rows.count < ids.count { try requireStructure(db) }
            return rows.filter { $0.failure == nil }.map(\.video)
        }
    }

    /// All ready videos with this content, by path.
    public func videos(withFingerprint fingerprint: String) throws(IndexError) -> [IndexedVideo] {
        try rows("WHERE fingerprint = ? AND failed = 0 ORDER BY path", [fingerprint]).map(\.video)
    }

    /// Ready videos by path, `limit` of them from the `offset`th.
    public func allVideos(limit: Int = .max, offset: Int = 0) throws(IndexError) -> [IndexedVideo] {
        try rows("WHERE failed = 0 ORDER BY path LIMIT ? OFFSET ?", [max(0, limit), max(0, offset)]).map(
            \.video)
    }

    /// Hands every ready video to `body`, in the order of the numbers (the moments table's), as one transaction left
    /// them; memory does not grow with the index.
    package func forEachVideo(_ body: (IndexedVideo) -> Void) throws(IndexError) {
        try read { db in
            try requireStructure(db)
            let cursor = try Row.fetchCursor(
                db, sql: "SELECT \(VideoRow.columns) FROM video WHERE failed = 0 ORDER BY id")
            while let row = try cursor.next() { body(try VideoRow(row, folder: folder).video) }
        }
    }

    /// The files that could not be indexed, by path.
    public func failures() throws(IndexError) -> [FailedVideo] {
        try rows("WHERE failed = 1 ORDER BY path", []).map { row in
            FailedVideo(
                identity: row.identity, reason: row.failure?.reason ?? "", message: row.failure?.message ?? ""
            )
        }
    }

    /// Every row, ready or failed, by path: what an incremental run compares with the folders.
    public func knownFiles() throws(IndexError) -> [KnownFile] {
        let complete = try read { db in
            formatVersion >= 3 ? try Set(Int64.fetchAll(db, sql: "SELECT video FROM signatures")) : []
        }
        return try rows("ORDER BY path", []).map {
            KnownFile(
                id: $0.id, identity: $0.identity, isReady: $0.failure == nil,
                isComplete: $0.failure != nil || complete.contains($0.id))
        }
    }

    /// The folders that runs were asked to index, by path.
    public func roots() throws(IndexError) -> [String] {
        try read { db in
            try Row.fetchAll(db, sql: "SELECT path FROM root ORDER BY path").map { row in
                guard let path: String = row.decoded(0) else {
                    throw IndexError.corrupted(folder, "the list of its folders is unreadable")
                }
                return path
            }
        }
    }

    /// Everything the encoder said of a video.
    ///
    /// - Throws: `failed` where no ready video has this number, `corrupted`.
    public func mixture(ofVideo id: Int64) throws(IndexError) -> (
        intervals: [TimeRange], mixture: GaussianMixture
    ) {
        if let stored = try mixtureIfThere(ofVideo: id) { return stored }
        throw IndexError(reason: .failed, path: folder, message: "there is no video \(id) in the index")
    }

    /// The same; nil where there is no such video, or no longer: another process may have removed one that was just found.
    ///
    /// - Parameter fingerprint: of the content that was found; nil also where it is another by now.
    public func mixtureIfThere(
        ofVideo id: Int64, fingerprint: String? = nil
    ) throws(IndexError) -> (intervals: [TimeRange], mixture: GaussianMixture)? {
        try read { db in
            guard let row = try VideoRow.fetch(db, id: id, folder: folder), row.failure == nil else {
                try requireStructure(db)
                return nil
            }
            if let fingerprint, row.identity.fingerprint != fingerprint { return nil }
            let clips = try ClipsRow.fetch(db, id: id, folder: folder)
            guard let intervals = Blobs.intervals(clips.intervals, count: row.clipCount),
                let mixture = Blobs.mixture(clips.gaussians, count: row.clipCount, dimension: model.dimension)
            else {
                throw IndexError.corrupted(folder, "the clips of \(row.identity.path) have the wrong size")
            }
            return (intervals, mixture)
        }
    }

    private func rows(_ tail: String, _ arguments: StatementArguments) throws(IndexError) -> [VideoRow] {
        try read { try rows(tail, arguments, in: $0) }
    }

    private func rows(_ tail: String, _ arguments: StatementArguments, in db: Database) throws -> [VideoRow] {
        try requireStructure(db)
        let statement = try db.cachedStatement(sql: "SELECT \(VideoRow.columns) FROM video \(tail)")
        let cursor = try Row.fetchCursor(statement, arguments: arguments)
        var rows: [VideoRow] = []
        while let row = try cursor.next() { rows.append(try VideoRow(row, folder: folder)) }
        return rows
    }

    /// All ready videos, by path.
    func readyVideos(_ db: Database) throws -> [IndexedVideo] {
        try rows("WHERE failed = 0 ORDER BY path", [], in: db).map(\.video)
    }
}
