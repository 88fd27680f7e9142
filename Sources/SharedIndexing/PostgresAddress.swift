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
    /// As it was given, without what may be a secret, as a command takes it.
    public let shown: String
    private let secrets: [String]

    /// Options that hold no secret. All others may: of later versions of libpq too.
    private static let open: Set = [
        "user", "host", "hostaddr", "port", "dbname", "application_name", "fallback_application_name",
        "client_encoding", "connect_timeout", "tcp_user_timeout", "keepalives", "keepalives_idle",
        "keepalives_interval", "keepalives_count", "target_session_attrs", "load_balance_hosts", "sslmode",
        "sslnegotiation", "sslcompression", "sslsni", "sslrootcert", "sslcert", "sslkey", "sslcrl",
        "sslcrldir",
        "sslcertmode", "ssl_min_protocol_version", "ssl_max_protocol_version", "channel_binding",
        "require_auth", "requirepeer", "krbsrvname", "gssencmode", "gsslib", "service", "passfile",
    ]

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
        var given: [(name: String, value: String)] = []
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                given.append((String(cString: keyword), String(cString: value)))
                parts[String(cString: keyword)] = String(cString: value)
            }
            option += 1
        }
        self.text = text
        secrets = given.filter { !Self.open.contains($0.name) && !$0.value.isEmpty }.map(\.value)
        let user = parts["user"].map { "\($0)@" } ?? ""
        let port = parts["port"].map { ":\($0)" } ?? ""
        name = "postgres://\(user)\(parts["host"] ?? "")\(port)/\(parts["dbname"] ?? "")"
        shown = secrets.isEmpty ? text : Self.written(given.filter { Self.open.contains($0.name) })
    }

    /// An address of these options.
    private static func written(_ options: [(name: String, value: String)]) -> String {
        func value(_ name: String) -> String? { options.first { $0.name == name }.map { encoded($0.value) } }
        // Several hosts, and those in figures of IPv6, stand among the options.
        let isPlain = !(value("host") ?? "").contains("%2C") && !(value("host") ?? "").contains("%3A")
        let places = isPlain ? ["user", "host", "port", "dbname"] : []
        var text = "postgres://"
        if isPlain {
            text += (value("user").map { $0 + "@" } ?? "") + (value("host") ?? "")
            text += value("port").map { ":" + $0 } ?? ""
        }
        text += "/" + (isPlain ? value("dbname") ?? "" : "")
        let others = options.filter { !places.contains($0.name) }
        if !others.isEmpty { text += "?" }
        return text + others.map { "\($0.name)=\(encoded($0.value))" }.joined(separator: "&")
    }

    /// A value within an address.
    private static func encoded(_ value: String) -> String {
        value.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                String(UnicodeScalar(byte))
            default: "%" + String(256 + Int(byte), radix: 16).dropFirst().uppercased()
            }
        }.joined()
    }

    /// The message without the passwords.
    func redacted(_ message: String) -> String {
        secrets.reduce(message) { message, secret in
            message.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "•••")
        }
    }
}
