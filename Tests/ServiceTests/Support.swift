import Base
import Foundation
import Service
import Synchronization

/// A folder that is removed with the value that made it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path + "/mixtape-"
            + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    /// A shell script in the place of a worker.
    func worker(_ script: String) throws -> String {
        let program = path + "/worker"
        try "#!/bin/sh\n\(script)\n".write(toFile: program, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        return program
    }

    /// A file for workers to be handed; nobody reads it.
    func noVideo(_ name: String = "video.mp4") throws -> String {
        let file = path + "/" + name
        try Data("no video; nobody reads it".utf8).write(to: URL(fileURLWithPath: file))
        return file
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// The protocol's schema, as it stands in the sources.
enum ProtocolSchema {
    static let shared: JSONSchema = {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let file = tests.appendingPathComponent("../../Sources/Service/protocol.schema.json").standardized
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

/// Lets time pass on a thread that may block.
func sleep(milliseconds: UInt32) {
    usleep(milliseconds * 1000)
}
