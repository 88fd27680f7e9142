import BuiltProgram
import Foundation
import Testing

/// The built program, run as a user would.
struct Running {
    /// How a run ended.
    struct Outcome {
        var status: Int32
        var output: String
        var errors: String

        /// Standard output as JSON; the test fails where it is none.
        func json(_ location: SourceLocation = #_sourceLocation) throws -> [String: Any] {
            let value = try? JSONSerialization.jsonObject(with: Data(output.utf8))
            return try #require(value as? [String: Any], "\(output)\(errors)", sourceLocation: location)
        }

        /// One JSON object a line.
        var lines: [[String: Any]] {
            output.split(separator: "\n").compactMap {
                (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
            }
        }
    }

    /// `mixtape`, which the build puts beside the tests.
    static let binary = BuiltProgram.path

    /// The repository.
    static let package = BuiltProgram.package

    let process = Process()
    private let folder: TemporaryFolder
    private var outputPath: String { folder.path + "/out" }
    private var errorsPath: String { folder.path + "/err" }

    /// Starts the program; `input` is all of its standard input.
    init(
        _ arguments: [String], input: String = "", directory: String? = nil, program: String = binary,
        environment: [String: String] = [:]
    ) throws {
        folder = try TemporaryFolder()
        try input.write(toFile: folder.path + "/in", atomically: false, encoding: .utf8)
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardInput = FileHandle(forReadingAtPath: folder.path + "/in")
        for path in [outputPath, errorsPath] { try Data().write(to: URL(fileURLWithPath: path)) }
        process.standardOutput = FileHandle(forWritingAtPath: outputPath)
        process.standardError = FileHandle(forWritingAtPath: errorsPath)
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        try process.run()
    }

    /// Sends a signal.
    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// The running processes that its threads have started.
    var children: [Int32] {
        let tasks = "/proc/\(process.processIdentifier)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
        let lists = threads.compactMap {
            try? String(contentsOfFile: "\(tasks)/\($0)/children", encoding: .utf8)
        }
        return lists.flatMap { $0.split(separator: " ").compactMap { Int32($0) } }
    }

    /// Kills each process that it starts, until there were so many or it ends; returns how many.
    func killChildren(atMost count: Int) -> Int {
        var killed: Set<Int32> = []
        while process.isRunning, killed.count < count {
            for child in children where !killed.contains(child) {
                kill(child, SIGKILL)
                killed.insert(child)
            }
            usleep(20_000)
        }
        return killed.count
    }

    /// What it has written to standard error by now.
    var errorsSoFar: String { (try? String(contentsOfFile: errorsPath, encoding: .utf8)) ?? "" }

    /// Waits for the end. A run ended by a signal has that signal's number, negative, as its status.
    func outcome() throws -> Outcome {
        process.waitUntilExit()
        let sign: Int32 = process.terminationReason == .uncaughtSignal ? -1 : 1
        return Outcome(
            status: sign * process.terminationStatus,
            output: try String(contentsOfFile: outputPath, encoding: .utf8),
            errors: try String(contentsOfFile: errorsPath, encoding: .utf8))
    }

    /// Runs the program to its end.
    static func run(_ arguments: [String], input: String = "", directory: String? = nil) throws -> Outcome {
        try Running(arguments, input: input, directory: directory).outcome()
    }
}

/// A folder that is removed with the value that made it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path + "/mixtape-"
            + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
