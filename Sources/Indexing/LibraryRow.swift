internal import GRDB

import Base

/// The row that describes the whole index. Its counts are kept by every transaction, so that rows lost to
/// damage are noticed.
struct LibraryRow: Equatable {
    /// 32 hexadecimal digits, drawn when the index is made.
    var uuid: String
    var model: IndexModel
    /// Grows with every change of the set of moments.
    var sequence: Int64
    var nextID: Int64
    var counts: IndexCounts

    private var checksum: Int64 {
        var sum = Checksum()
        sum.add(uuid)
        sum.add(model.name)
        sum.add(model.fingerprint)
        for number in [Int64(model.dimension), sequence, nextID] { sum.add(number) }
        for number in [counts.ready, counts.failed, counts.clips] { sum.add(Int64(number)) }
        return sum.signed
    }

    init(new uuid: String, model: IndexModel) {
        self.uuid = uuid
        self.model = model
        sequence = 0
        nextID = 1
        counts = IndexCounts(ready: 0, failed: 0, clips: 0)
    }

    /// Reads and checks the row.
    init(_ db: Database, folder: String) throws {
        let statement = try db.cachedStatement(
            sql: """
                SELECT uuid, model_name, model_fingerprint, dimension, sequence, next_id, ready, failed, clips,
                checksum FROM library WHERE id = 1
                """)
        guard let row = try Row.fetchOne(statement),
            let uuid: String = row.decoded(0), let name: String = row.decoded(1),
            let fingerprint: String = row.decoded(2), let dimension: Int = row.decoded(3),
            let sequence: Int64 = row.decoded(4), let nextID: Int64 = row.decoded(5),
            let ready: Int = row.decoded(6), let failed: Int = row.decoded(7),
            let clips: Int = row.decoded(8),
            let stored: Int64 = row.decoded(9)
        else { throw IndexError.corrupted(folder, "its head row is missing or unreadable") }
        self.uuid = uuid
        model = IndexModel(name: name, fingerprint: fingerprint, dimension: dimension)
        self.sequence = sequence
        self.nextID = nextID
        counts = IndexCounts(ready: ready, failed: failed, clips: clips)
        guard checksum == stored, dimension > 0, dimension < 1 << 20, nextID > 0, ready >= 0, clips >= 0
        else {
            throw IndexError.corrupted(folder, "its head row fails its checksum")
        }
    }

    func save(_ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO library VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        try statement.execute(arguments: [
            uuid, model.name, model.fingerprint, model.dimension, sequence, nextID, counts.ready,
            counts.failed,
            counts.clips, checksum,
        ])
    }
}

extension Row {
    /// The column as a `Value`, or nil where it holds something else; GRDB's own subscript traps there, and a
    /// damaged file can hold anything.
    func decoded<Value: DatabaseValueConvertible>(_ column: Int) -> Value? {
        let value: DatabaseValue = self[column]
        return Value.fromDatabaseValue(value)
    }
}
