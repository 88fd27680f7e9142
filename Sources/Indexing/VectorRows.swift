internal import Foundation
internal import GRDB
import Base
import Glibc

import Distributions

/// A row of the table `moments`: what the scan compares.
struct MomentsRow {
    var logDeterminant: Double
    var vectors: Data

    init(_ moments: Moments) {
        // Σ log σ²_d in double: the scan subtracts numbers of this size from each other.
        logDeterminant = moments.variance.reduce(0) { $0 + log(Double($1)) }
        vectors = Blobs.encode(moments)
    }

    static func checksum(id: Int64, logDeterminant: Double, vectors: UnsafeRawBufferPointer) -> Int64 {
        var sum = Checksum()
        sum.add(id)
        sum.add(logDeterminant)
        sum.add(vectors)
        return sum.signed
    }

    func save(_ db: Database, id: Int64) throws {
        let sum = vectors.withUnsafeBytes {
            MomentsRow.checksum(id: id, logDeterminant: logDeterminant, vectors: $0)
        }
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO moments VALUES (?, ?, ?, ?)")
            .execute(arguments: [id, logDeterminant, vectors, sum])
    }

    /// Hands a row of `video, log_determinant, vectors, checksum` to `body` after checking it.
    static func read<R>(
        _ row: Row, dimension: Int, folder: String,
        _ body: (_ id: Int64, _ logDeterminant: Double, _ vectors: UnsafeRawBufferPointer) throws -> R
    ) throws -> R {
        guard let id: Int64 = row.decoded(0), let logDeterminant: Double = row.decoded(1),
            let stored: Int64 = row.decoded(3)
        else { throw IndexError.corrupted(folder, "a row of moments is unreadable") }
        return try row.withUnsafeData(atIndex: 2) { data in
            guard let data, data.count == dimension * 8 else {
                throw IndexError.corrupted(folder, "the moments of video \(id) have the wrong size")
            }
            return try data.withUnsafeBytes { bytes in
                guard checksum(id: id, logDeterminant: logDeterminant, vectors: bytes) == stored else {
                    throw IndexError.corrupted(folder, "the moments of video \(id) fail their checksum")
                }
                return try body(id, logDeterminant, bytes)
            }
        }
    }
}

/// What the three tables of vectors hold of one video.
struct VideoVectors {
    var clips: ClipsRow
    var moments: MomentsRow
    /// Nil where an older version stored the video.
    var signatures: SignaturesRow?
}

/// A row of the table `clips`: everything the encoder said of a video.
struct ClipsRow {
    var intervals: Data
    var gaussians: Data

    init(intervals: Data, gaussians: Data) {
        self.intervals = intervals
        self.gaussians = gaussians
    }

    private func checksum(id: Int64) -> Int64 {
        var sum = Checksum()
        sum.add(id)
        intervals.withUnsafeBytes { sum.add($0) }
        gaussians.withUnsafeBytes { sum.add($0) }
        return sum.signed
    }

    func save(_ db: Database, id: Int64) throws {
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO clips VALUES (?, ?, ?, ?)")
            .execute(arguments: [id, intervals, gaussians, checksum(id: id)])
    }

    static func fetch(_ db: Database, id: Int64, folder: String) throws -> ClipsRow {
        let statement = try db.cachedStatement(
            sql: "SELECT intervals, gaussians, checksum FROM clips WHERE video = ?")
        guard let row = try Row.fetchOne(statement, arguments: [id]) else {
            throw IndexError.corrupted(folder, "the clips of video \(id) are missing")
        }
        return try ClipsRow(row, id: id, folder: folder)
    }

    /// Reads and checks a row of `intervals, gaussians, checksum`.
    init(_ row: Row, id: Int64, folder: String) throws {
        guard let intervals: Data = row.decoded(0), let gaussians: Data = row.decoded(1),
            let stored: Int64 = row.decoded(2)
        else { throw IndexError.corrupted(folder, "the clips of video \(id) are missing") }
        self.intervals = intervals
        self.gaussians = gaussians
        guard checksum(id: id) == stored else {
            throw IndexError.corrupted(folder, "the clips of video \(id) fail their checksum")
        }
    }
}
