internal import CLazyLibraries
internal import CPostgres

import Indexing

/// Where a database is: a connection string of libpq, `postgres://[user[:password]@][host][:port]/database[?option=value…]`.
/// Options, such as those of TLS (`sslmode`, `sslrootcert`, …), are passed on as they are.
public struct PostgresAddress: Sendable, Hashable {
    /// The whole, password included; never to be shown.
    let text: String
    /// The same without the password and the options.
    public let name: String
    private let secrets: [String]

    /// Whether an index of this name is on a server rather than in a folder.
    public static func isOne(_ text: String) -> Bool {
        text.hasPrefix("postgres://") || text.hasPrefix("postgresql://")
    }

    /// Whether PostgreSQL's client library is installed.
    public static var isSupported: Bool { mixtape_library_is_there("pq") }

    /// - Throws: `unavailable` where libpq is not installed, `failed` where the text is no address.
    public init(_ text: String) throws(IndexError) {
        guard Self.isSupported else {
            throw IndexError(
                reason: .unavailable, path: "postgres:",
                message: "PostgreSQL's client library is not installed",
                hint: "install it (Debian: apt-get install libpq5), or name an index folder")
        }
        // libpq's own message quotes the part that it could not read, which may be the password.
        guard !text.utf8.contains(0), let options = PQconninfoParse(text, nil) else {
            throw IndexError(
                reason: .failed, path: "postgres:", message: "the address of the database cannot be read",
                hint:
                    "postgres://USER@HOST:PORT/DATABASE; signs such as @ / : % within a part are written %40 and so on"
            )
        }
        defer { PQconninfoFree(options) }
        var parts: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { parts[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        self.text = text
        secrets = ["password", "sslpassword"].compactMap { parts[$0] }.filter { !$0.isEmpty }
        let user = parts["user"].map { "\($0)@" } ?? ""
        let port = parts["port"].map { ":\($0)" } ?? ""
        name = "postgres://\(user)\(parts["host"] ?? "")\(port)/\(parts["dbname"] ?? "")"
    }

    /// As it was given; where it holds a password, its name.
    public var shown: String { secrets.isEmpty ? text : name }

    /// The message without the passwords.
    func redacted(_ message: String) -> String {
        secrets.reduce(message) { message, secret in
            message.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "•••")
        }
    }
}
