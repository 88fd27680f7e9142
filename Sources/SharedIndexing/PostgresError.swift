import Indexing

/// What the server or the way to it did not do.
struct PostgresError: Error, Equatable {
    enum Kind: Equatable {
        /// The connection is lost or could not be made, and another attempt may succeed.
        case unavailable
        /// The connection was refused for good: a password, a name, a setting.
        case refused
        /// The server refused a statement; the five characters say why (SQLSTATE).
        case statement(String)
        /// What came back is not what was asked for.
        case unreadable
    }
    var kind: Kind
    /// Holds no password.
    var message: String

    /// By SQLSTATE, where the server got to say one.
    init(state: String?, message: String) {
        switch state {
        // Shutting down, starting up, too many clients, and lost connections.
        case "57P01", "57P02", "57P03", "53300": kind = .unavailable
        case .some(let state) where state.hasPrefix("08"): kind = .unavailable
        case .some(let state) where state.hasPrefix("28") || state == "3D000": kind = .refused
        case .some(let state): kind = .statement(state)
        case nil: kind = .unavailable
        }
        self.message = message
    }

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// Whether the same transaction may succeed when it is tried again at once: serialisation failures and deadlocks.
    var isConflict: Bool { kind == .statement("40001") || kind == .statement("40P01") }

    func indexError(_ place: String) -> IndexError {
        switch kind {
        case .unavailable:
            IndexError(
                reason: .unavailable, path: place, message: "the database cannot be reached: \(message)",
                hint: "check that the server runs and that the address is right, and try again")
        case .refused:
            IndexError(
                reason: .unavailable, path: place, message: "the database refuses the connection: \(message)",
                hint: "check the user, the password (PGPASSWORD or ~/.pgpass) and the database's name")
        case .statement(let state) where state.hasPrefix("53"):
            IndexError(
                reason: .diskFull, path: place, message: "the server is out of space or memory: \(message)",
                hint: "free some on the server and run the command again; what was stored is kept")
        case .statement("42501"):
            IndexError(
                reason: .readOnly, path: place, message: "the user lacks a permission: \(message)",
                hint: "have the owner of the schema \"mixtape\" grant it")
        case .statement("25006"):
            IndexError(
                reason: .readOnly, path: place, message: "the server is read-only: \(message)",
                hint: "name the primary server, not a standby")
        case .statement(let state):
            IndexError(reason: .failed, path: place, message: "the server refused: \(message) (\(state))")
        case .unreadable:
            IndexError(
                reason: .corrupted, path: place, message: "the index is damaged: \(message)",
                hint: "restore the database from a backup; the videos themselves are not affected")
        }
    }
}
