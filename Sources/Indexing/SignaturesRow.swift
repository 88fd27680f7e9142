internal import Foundation
internal import GRDB

import Base

/// Reading and writing the table `signatures`, which came with format 3: what a video's clips look like, a row per ready
/// video. `data` is empty where the encoder gave none; a video that an older version stored has no row.
struct SignaturesRow {
    var data: Data

    init(_ signatures: [ClipSignature]) { data = Data(signatures.flatMap(\.bytes)) }

    init(data: Data) { self.data = data }

    static func createTable(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE signatures (
                    video INTEGER PRIMARY KEY,
                    data BLOB NOT NULL,
                    checksum INTEGER NOT NULL
                );
                """)
    }

    private func checksum(id: Int64) -> Int64 {
        var sum = Checksum()
        sum.add(id)
        data.withUnsafeBytes { sum.add($0) }
        return sum.signed
    }

    func save(_ db: Database, id: Int64) throws {
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO signatures VALUES (?, ?, ?)")
            .execute(arguments: [id, data, checksum(id: id)])
    }

    /// Nil where an older version stored the video.
    static func fetch(_ db: Database, id: Int64, folder: String) throws -> SignaturesRow? {
        let statement = try db.cachedStatement(sql: "SELECT data, checksum FROM signatures WHERE video = ?")
        guard let row = try Row.fetchOne(statement, arguments: [id]) else { return nil }
        guard let data: Data = row.decoded(0), let stored: Int64 = row.decoded(1) else {
            throw IndexError.corrupted(folder, "the signatures of video \(id) are unreadable")
        }
        let found = SignaturesRow(data: data)
        guard found.checksum(id: id) == stored else {
            throw IndexError.corrupted(folder, "the signatures of video \(id) fail their checksum")
        }
        return found
    }

    /// Empty where the encoder gave none; nil where the bytes are not those of so many clips.
    func decoded(clipCount: Int) -> [ClipSignature]? { ClipSignature.list(Array(data), clipCount: clipCount) }
}

extension ClipSignature {
    /// The signatures of a video's clips, one after the other; empty for no bytes, nil where they are not so many.
    package static func list(_ bytes: [UInt8], clipCount: Int) -> [ClipSignature]? {
        if bytes.isEmpty { return [] }
        guard clipCount >= 0, bytes.count / byteCount == clipCount, bytes.count % byteCount == 0 else {
            return nil
        }
        var signatures: [ClipSignature] = []
        for clip in 0..<clipCount {
            guard let one = ClipSignature(bytes: Array(bytes[clip * byteCount..<(clip + 1) * byteCount]))
            else {
                return nil
            }
            signatures.append(one)
        }
        return signatures
    }
}

extension VideoIndex {
    /// What the clips of a video look like, one each, in the order of its mixture; empty where that was not kept, or where
    /// there is no such video any more.
    ///
    /// - Parameter fingerprint: of the content that was found; empty also where it is another by now.
    public func signatures(ofVideo id: Int64, fingerprint: String? = nil) throws(IndexError)
        -> [ClipSignature]
    {
        try read { db in
            guard formatVersion >= 3, let row = try VideoRow.fetch(db, id: id, folder: folder),
                row.failure == nil,
                fingerprint.map({ $0 == row.identity.fingerprint }) ?? true,
                let stored = try SignaturesRow.fetch(db, id: id, folder: folder)
            else { return [] }
            guard let signatures = stored.decoded(clipCount: row.clipCount) else {
                throw IndexError.corrupted(
                    folder, "the signatures of \(row.identity.path) have the wrong size")
            }
            return signatures
        }
    }
}
