internal import CLazyLibraries
internal import CPostgres
import Glibc

/// A connection, closed with its owner. Belongs to one thread at a time.
final class PostgresSession {
    private let connection: OpaquePointer
    private let address: PostgresAddress

    /// Connects; what the address doesn't say, libpq takes from its environment (PGPASSWORD, PGSSLMODE, …, ~/.pgpass).
    init(_ address: PostgresAddress) throws(PostgresError) {
        self.address = address
        // What stands before the address is a default, and what stands after it isn't. Without the first four a worker
        // whose network is cut would wait for a quarter of an hour before it noticed.
        let settings: [(String, String)] = [
            ("connect_timeout", "10"), ("keepalives_idle", "10"), ("keepalives_interval", "5"),
            ("tcp_user_timeout", "20000"), ("fallback_application_name", "mixtape"), ("dbname", address.text),
            ("client_encoding", "UTF8"),
        ]
        connection = settings.withPointers { PQconnectdbParams($0, $1, 1) }
        // Warnings are not for people who ask for videos.
        _ = PQsetNoticeProcessor(connection, { _, _ in }, nil)
        if PQstatus(connection) != 0 {
            let message = address.redacted(Self.text(PQerrorMessage(connection)))
            // Before a server has answered there is no SQLSTATE, and libpq's words are all there is.
            let refusals = [
                "password", "authentication", "does not exist", "pg_hba", "invalid sslmode", "certificate",
                "does not support SSL",
            ]
            let isRefused = refusals.contains { message.contains($0) }
            throw PostgresError(isRefused ? .refused : .unavailable, message)
        }
    }

    deinit { PQfinish(connection) }

    /// Such as 160004.
    var serverVersion: Int { Int(PQserverVersion(connection)) }

    /// Runs one statement. Its text is fixed when the program is built; what changes are the parameters.
    @discardableResult
    func run(_ statement: StaticString, _ parameters: PostgresValue...) throws(PostgresError) -> PostgresRows
    {
        try run(text: statement.description, parameters)
    }

    /// Runs a statement with text that depends on the index's dimension or on numbers alone.
    @discardableResult
    func run(text: String, _ parameters: [PostgresValue] = []) throws(PostgresError) -> PostgresRows {
        let values = parameters.map(\.encoded)
        let result = withPointers(values) { pointers, lengths in
            PQexecParams(
                connection, text, Int32(parameters.count), parameters.map(\.type), pointers, lengths,
                [Int32](repeating: 1, count: parameters.count), 1)
        }
        return try check(result)
    }

    /// Runs several statements without parameters, such as those of a migration.
    func run(script: String) throws(PostgresError) { _ = try check(PQexec(connection, script)) }

    /// All or nothing; gives back what `body` does.
    func transaction<R>(_ body: () throws(PostgresError) -> R) throws(PostgresError) -> R {
        try run("BEGIN")
        do throws(PostgresError) {
            let result = try body()
            try run("COMMIT")
            return result
        } catch {
            _ = try? run("ROLLBACK")
            throw error
        }
    }

    private func check(_ result: OpaquePointer?) throws(PostgresError) -> PostgresRows {
        guard let result else {
            throw PostgresError(.unavailable, address.redacted(Self.text(PQerrorMessage(connection))))
        }
        let rows = PostgresRows(result)
        if [1, 2].contains(PQresultStatus(result)) { return rows }
        let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) }
        let said = PQresultErrorField(result, Int32(UInt8(ascii: "M"))) ?? PQerrorMessage(connection)
        let message = address.redacted(Self.text(said))
        if PQstatus(connection) != 0 { throw PostgresError(.unavailable, message) }
        throw PostgresError(state: state, message: message)
    }

    /// One line of what libpq says.
    private static func text(_ message: UnsafePointer<CChar>?) -> String {
        let text = message.map { String(cString: $0) } ?? ""
        return text.split(whereSeparator: \.isNewline)
            .map { String($0.drop { $0 == "\t" || $0 == " " }) }.joined(separator: "; ")
    }
}

/// What a statement gave back, freed with its owner.
final class PostgresRows {
    private let result: OpaquePointer

    init(_ result: OpaquePointer) { self.result = result }

    deinit { PQclear(result) }

    var count: Int { Int(PQntuples(result)) }

    /// Rows that the statement changed.
    var changed: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    func isNull(_ row: Int, _ column: Int) -> Bool { PQgetisnull(result, Int32(row), Int32(column)) != 0 }

    func withBytes<R>(_ row: Int, _ column: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        let count = Int(PQgetlength(result, Int32(row), Int32(column)))
        return body(
            UnsafeRawBufferPointer(start: PQgetvalue(result, Int32(row), Int32(column)), count: count))
    }

    func bytes(_ row: Int, _ column: Int) -> [UInt8] { withBytes(row, column) { Array($0) } }

    func text(_ row: Int, _ column: Int) -> String {
        withBytes(row, column) { String(decoding: $0, as: UTF8.self) }
    }

    func integer(_ row: Int, _ column: Int) throws(PostgresError) -> Int64 {
        let bytes = bytes(row, column)
        guard bytes.count == 8 else {
            throw PostgresError(.unreadable, "column \(column) is no whole number")
        }
        return Int64(bitPattern: bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// Nil for NULL.
    func real(_ row: Int, _ column: Int) throws(PostgresError) -> Double? {
        if isNull(row, column) { return nil }
        return Double(bitPattern: UInt64(bitPattern: try integer(row, column)))
    }
}

extension [(String, String)] {
    /// As libpq takes settings: two lists of C strings that end in NULL.
    fileprivate func withPointers<R>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> R
    ) -> R {
        let copies = map { (strdup($0.0), strdup($0.1)) }
        defer { for (name, value) in copies { free(name); free(value) } }
        return body(
            copies.map { UnsafePointer($0.0) } + [nil], copies.map { UnsafePointer($0.1) } + [nil])
    }
}

/// The values' addresses and lengths, for the time of `body`.
private func withPointers<R>(
    _ values: [[UInt8]?], _ body: ([UnsafePointer<CChar>?], [Int32]) -> R
) -> R {
    // One block for all, so that there is one thing to keep alive.
    var block: [UInt8] = []
    var places: [Int?] = []
    for value in values {
        places.append(value.map { _ in block.count })
        // A byte each, so that an empty value has an address and isn't NULL.
        block += (value ?? []) + [0]
    }
    return block.withUnsafeBytes { raw in
        let base = raw.baseAddress?.assumingMemoryBound(to: CChar.self)
        return body(places.map { place in place.map { base! + $0 } }, values.map { Int32($0?.count ?? 0) })
    }
}
