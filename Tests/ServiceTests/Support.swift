import Base
import Foundation
import Isolation
import Service
import Synchronization
import TestSupport

extension TemporaryFolder {
    /// A shell script in the place of a worker.
    func worker(_ script: String) throws -> String { try writeScript(script, to: "worker") }

    /// A file for workers to be handed; nobody reads it.
    func noVideo(_ name: String = "video.mp4") throws -> String {
        try write("no video; nobody reads it", to: name)
    }
}

/// The protocol's schema, as it stands in the sources.
enum ProtocolSchema {
    static let shared: JSONSchema = {
        let file = URL(fileURLWithPath: Repository.path + "/Sources/Service/protocol.schema.json")
        do {
            return JSONSchema(root: try JSONValue(parsing: Array(try Data(contentsOf: file))))
        } catch {
            fatalError("\(file.path): \(error)")
        }
    }()
}

/// Collects the lines that a connection sends, and checks each against the schema.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }

    var all: [String] { lines.withLock { $0 } }

    /// The lines as JSON, in the order in which they came.
    var values: [JSONValue] {
        get throws { try all.map { try JSONValue(parsing: $0) } }
    }

    /// What the schema has against the lines.
    func schemaProblems() throws -> [String] {
        try values.flatMap { ProtocolSchema.shared.problems(of: $0, against: "#/$defs/reply_line") }
    }

    /// The one reply with that id.
    func reply(_ id: JSONValue) throws -> JSONValue? {
        let replies = try values.filter { $0["id"] == id && $0["method"] == nil }
        return replies.count == 1 ? replies[0] : nil
    }
}

/// A gate that work waits at until the test opens it.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let opened = Mutex(false)
    var isOpen: Bool { opened.withLock { $0 } }

    func open() {
        opened.withLock { $0 = true }
        semaphore.signal()
    }

    /// Returns when the gate is open, or false after five seconds.
    @discardableResult
    func wait() -> Bool {
        let result = semaphore.wait(timeout: .now() + 5)
        // The next one waiting may pass as well.
        if result == .success { semaphore.signal() }
        return result == .success
    }
}

extension WorkerProgram {
    /// A program, or a script in its place, that is started as other commands start workers.
    static func at(_ path: String) -> WorkerProgram {
        WorkerProgram(executable: path, arguments: ["mixtape", "worker"])
    }
}
