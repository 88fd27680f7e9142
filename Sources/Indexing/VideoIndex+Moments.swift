internal import Foundation
internal import GRDB
import Base
import Distributions
import Glibc

/// All that whoever compares every video with every other reads of an index.
package struct IndexSnapshot: Sendable {
    /// Ready ones, by path.
    package let videos: [IndexedVideo]
    /// A row a video.
    package let moments: MomentsTable
    /// A row a clip.
    package let clips: MomentsTable
    /// When each row of `clips` is.
    package let intervals: [TimeRange]
}

extension VideoIndex {
    /// The moments of every ready video, in step with the database: what is in memory or in the file where it still
    /// corresponds, else made anew from the database. Every byte has been checked.
    ///
    /// - Throws: `corrupted`, `failed`, `diskFull` never: without space the table is kept in memory.
    public func moments() throws(IndexError) -> MomentsTable { try wholeTable(.videos) }

    /// The same of videos, clips or scenes, but the rows may be damaged unless the table `isVerified`: whoever uses one asks
    /// whether it `isWhole(row:)`. Takes milliseconds for a hundred thousand rows, since most are never read.
    package func unverifiedMoments(of kind: MomentsKind = .videos) throws(IndexError) -> MomentsTable {
        try translatingErrors(folder) {
            // One at a time within this process: a second caller waits and finds the first one's table.
            try withCurrent(kind) { current in
                try reader.read { try table(kind, in: $0, &current) }
            }
        }
    }

    /// A table made from the database in place of one that turned out to be damaged.
    package func rebuiltMoments(insteadOf damaged: MomentsTable) throws(IndexError) -> MomentsTable {
        let kind = damaged.stamp.kind
        return try translatingErrors(folder) {
            try withCurrent(kind) { current in
                if let current, current !== damaged, current.isVerified { return current }
                let table = try reader.read { try rebuild(kind, in: $0) }
                current = table
                return table
            }
        }
    }

    /// The videos, their moments and their clips, as one transaction left them, every byte checked.
    ///
    /// - Parameters:
    ///   - progress: the share that is read, now and then.
    ///   - isCancelled: asked now and then; true ends the reading.
    /// - Returns: nil where it was cancelled.
    package func snapshot(
        progress: (Double) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws(IndexError) -> IndexSnapshot? {
        // Searches wait while a table is made for all, and for nothing else here.
        let tables = (try moments(), try wholeTable(.clips))
        return try translatingErrors(folder) {
            try reader.read { try snapshot($0, tables, progress, isCancelled) }
        }
    }

    /// - Parameter tables: used where they are of the state that the transaction sees.
    private func snapshot(
        _ db: Database, _ tables: (moments: MomentsTable, clips: MomentsTable), _ progress: (Double) -> Void,
        _ isCancelled: () -> Bool
    ) throws -> IndexSnapshot? {
        let library = try LibraryRow(db, folder: folder)
        func current(_ table: MomentsTable, _ kind: MomentsKind) throws -> MomentsTable {
            table.stamp == MomentsStamp(library, kind) ? table : try rebuild(kind, in: db)
        }
        let moments = try current(tables.moments, .videos)
        let clips = try current(tables.clips, .clips)
        var intervals: [TimeRange] = []
        intervals.reserveCapacity(clips.count)
        var (read, isEnded) = (0, false)
        try forEachVideo(in: db, dimension: clips.dimension) { id, row, count in
            if read % 256 == 0 {
                isEnded = isCancelled()
                progress(Double(read) / Double(max(1, moments.count)))
            }
            read += 1
            guard let times = Blobs.intervals(row.intervals, count: count) else {
                throw IndexError.corrupted(folder, "the clips of video \(id) have the wrong size")
            }
            intervals += times
            return !isEnded
        }
        if isEnded { return nil }
        guard intervals.count == clips.count else {
            throw IndexError.corrupted(folder, "it should hold \(clips.count) clips and does not")
        }
        return IndexSnapshot(
            videos: try readyVideos(db), moments: moments, clips: clips, intervals: intervals)
    }

    private func withCurrent<R>(
        _ kind: MomentsKind, _ body: (inout MomentsTable?) throws -> R
    ) throws -> R {
        switch kind {
        case .videos: try currentMoments.withLock { try body(&$0) }
        case .clips: try currentClips.withLock { try body(&$0) }
        case .scenes: try currentScenes.withLock { try body(&$0) }
        }
    }

    /// The table that corresponds to what a transaction sees; its rows may be damaged.
    private func table(
        _ kind: MomentsKind, in db: Database, _ current: inout MomentsTable?
    ) throws -> MomentsTable {
        let stamp = MomentsStamp(try LibraryRow(db, folder: folder), kind)
        if let current, current.stamp == stamp { return current }
        let table = try MomentsFile.map(folder: folder, stamp: stamp) ?? rebuild(kind, in: db)
        current = table
        return table
    }

    private func wholeTable(_ kind: MomentsKind) throws(IndexError) -> MomentsTable {
        let table = try unverifiedMoments(of: kind)
        if table.verify() { return table }
        return try rebuiltMoments(insteadOf: table)
    }

    private func rebuild(_ kind: MomentsKind, in db: Database) throws -> MomentsTable {
        let library = try LibraryRow(db, folder: folder)
        return try MomentsFile.make(folder: folder, stamp: MomentsStamp(library, kind)) { base, layout in
            let count =
                switch kind {
                case .videos: try fillWithVideos(db, base, layout)
                case .clips: try fillWithClips(db, base, layout)
                case .scenes: try fillWithScenes(db, base, layout)
                }
            guard count == layout.count else {
                throw IndexError.corrupted(
                    folder, "it should hold the moments of \(layout.count) \(kind) and does not")
            }
        }
    }

    /// Returns how many rows there are, or one more than there is room for.
    private func fillWithVideos(
        _ db: Database, _ base: UnsafeMutableRawPointer, _ layout: MomentsLayout
    ) throws -> Int {
        let rows = try Row.fetchCursor(
            db, sql: "SELECT video, log_determinant, vectors, checksum FROM moments ORDER BY video")
        var count = 0
        while let row = try rows.next() {
            guard count < layout.count else { return count + 1 }
            try MomentsRow.read(row, dimension: layout.dimension, folder: folder) {
                id, logDeterminant, vectors in
                layout.put(vectors, logDeterminant: Float(logDeterminant), id: id, row: count, base: base)
            }
            count += 1
        }
        return count
    }

    /// The same, of clips.
    private func fillWithClips(
        _ db: Database, _ base: UnsafeMutableRawPointer, _ layout: MomentsLayout
    ) throws -> Int {
        var count = 0
        try forEachVideo(in: db, dimension: layout.dimension) { id, row, clips in
            if count + clips <= layout.count {
                row.gaussians.withUnsafeBytes { layout.put(clips: $0, id: id, row: count, base: base) }
            }
            count += clips
            return count <= layout.count
        }
        return count
    }

    /// The same, of scenes.
    private func fillWithScenes(
        _ db: Database, _ base: UnsafeMutableRawPointer, _ layout: MomentsLayout
    ) throws -> Int {
        var count = 0
        try forEachVideo(in: db, dimension: layout.dimension) { id, row, clips in
            guard let mixture = Blobs.mixture(row.gaussians, count: clips, dimension: layout.dimension) else {
                throw IndexError.corrupted(folder, "the clips of video \(id) are not finite")
            }
            for scene in SceneTree.scenes(of: mixture) where count <= layout.count {
                if count < layout.count {
                    (scene.moments.mean + scene.moments.variance).withUnsafeBytes {
                        layout.put(
                            $0, logDeterminant: Float(scene.moments.logDeterminant), id: id, row: count,
                            base: base)
                    }
                }
                count += 1
            }
            return count <= layout.count
        }
        return count
    }

    /// Hands every video's clips and their number to `body`, in the order of the videos' numbers, until that says no.
    private func forEachVideo(
        in db: Database, dimension: Int, _ body: (_ id: Int64, _ row: ClipsRow, _ clips: Int) throws -> Bool
    ) throws {
        let rows = try Row.fetchCursor(
            db, sql: "SELECT intervals, gaussians, checksum, video FROM clips ORDER BY video")
        while let row = try rows.next() {
            guard let id: Int64 = row.decoded(3) else {
                throw IndexError.corrupted(folder, "a row of clips is unreadable")
            }
            let found = try ClipsRow(row, id: id, folder: folder)
            let clips = found.gaussians.count / (4 * dimension)
            guard clips > 0, found.gaussians.count == clips * 4 * dimension else {
                throw IndexError.corrupted(folder, "the clips of video \(id) have the wrong size")
            }
            guard try body(id, found, clips) else { return }
        }
    }
}

extension MomentsLayout {
    /// Writes one row; `vectors` is D means and D variances, the very bytes of the file.
    fileprivate func put(
        _ vectors: UnsafeRawBufferPointer, logDeterminant: Float, id: Int64, row: Int,
        base: UnsafeMutableRawPointer
    ) {
        let width = dimension * 4
        let mean = base + MomentsLayout.headerSize + row * stride * 4
        let variance = base + variances + row * stride * 4
        mean.copyMemory(from: vectors.baseAddress!, byteCount: width)
        variance.copyMemory(from: vectors.baseAddress! + width, byteCount: width)
        for d in dimension..<stride {
            mean.storeBytes(of: 0, toByteOffset: d * 4, as: Float.self)
            variance.storeBytes(of: 1, toByteOffset: d * 4, as: Float.self)
        }
        base.storeBytes(of: logDeterminant, toByteOffset: logDeterminants + row * 4, as: Float.self)
        base.storeBytes(of: id, toByteOffset: ids + row * 8, as: Int64.self)
    }

    /// Writes rows of clips; `clips` is D means and D log variances a clip, float16, finite.
    fileprivate func put(
        clips: UnsafeRawBufferPointer, id: Int64, row first: Int, base: UnsafeMutableRawPointer
    ) {
        func value(_ place: Int) -> Float {
            let bits = clips.loadUnaligned(fromByteOffset: 2 * place, as: UInt16.self)
            return HalfPrecision.float32(fromFloat16: UInt16(littleEndian: bits))
        }
        for clip in 0..<clips.count / (4 * dimension) {
            let row = first + clip
            let mean = (base + MomentsLayout.headerSize).assumingMemoryBound(to: Float.self) + row * stride
            let variance = (base + variances).assumingMemoryBound(to: Float.self) + row * stride
            var logDeterminant = 0.0
            for d in 0..<dimension {
                mean[d] = value(2 * clip * dimension + d)
                variance[d] = exp(value((2 * clip + 1) * dimension + d))
                logDeterminant += log(Double(variance[d]))
            }
            for d in dimension..<stride {
                mean[d] = 0
                variance[d] = 1
            }
            base.storeBytes(
                of: Float(logDeterminant), toByteOffset: logDeterminants + row * 4, as: Float.self)
            base.storeBytes(of: id, toByteOffset: ids + row * 8, as: Int64.self)
        }
    }
}
