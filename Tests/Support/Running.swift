import Foundation

/// A program, run as a user would; `mixtape` where none is named.
package struct Running {
    /// How a run ended.
    package struct Outcome {
        package var status: Int32
        package var output: String
        package var errors: String

        /// Standard output as JSON.
        package func json() throws -> [String: Any] {
            let value = try? JSONSerialization.jsonObject(with: Data(output.utf8))
            guard let object = value as? [String: Any] else {
                throw RunFailure("no JSON: \(output)\(errors)")
            }
            return object
        }

        /// One JSON object a line.
        package var lines: [[String: Any]] {
            output.split(separator: "\n").compactMap {
                (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
            }
        }
    }

    package let process = Process()
    private let folder: TemporaryFolder

    /// Starts the program; `input` is all of its standard input. One named without a path is looked for as a shell does.
    package init(
        _ arguments: [String], input: String = "", directory: String? = nil,
        program: String = BuiltProgram.path, environment: [String: String] = [:]
    ) throws {
        folder = try TemporaryFolder()
        try input.write(toFile: folder.file("in"), atomically: false, encoding: .utf8)
        process.executableURL = URL(fileURLWithPath: program.contains("/") ? program : "/usr/bin/env")
        process.arguments = program.contains("/") ? arguments : [program] + arguments
        process.standardInput = FileHandle(forReadingAtPath: folder.file("in"))
        for name in ["out", "err"] { try Data().write(to: URL(fileURLWithPath: folder.file(name))) }
        process.standardOutput = FileHandle(forWritingAtPath: folder.file("out"))
        process.standardError = FileHandle(forWritingAtPath: folder.file("err"))
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        try process.run()
    }

    /// Sends a signal.
    package func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// The running processes that its threads have started.
    package var children: [Int32] {
        let tasks = "/proc/\(process.processIdentifier)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
        let lists = threads.compactMap {
            try? String(contentsOfFile: "\(tasks)/\($0)/children", encoding: .utf8)
        }
        return lists.flatMap { $0.split(separator: " ").compactMap { Int32($0) } }
    }

    /// Kills each process that it starts, until there were so many or it ends; returns how many.
    package func killChildren(atMost count: Int) -> Int {
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
    package var errorsSoFar: String {
        (try? String(contentsOfFile: folder.file("err"), encoding: .utf8)) ?? ""
    }

    /// Waits until standard error holds these words, or the program ends; whether it holds them.
    package func says(_ words: String) -> Bool {
        eventually { errorsSoFar.contains(words) || !process.isRunning } && errorsSoFar.contains(words)
    }

    /// Waits for the end. A run ended by a signal has that signal's number, negative, as its status.
    package func outcome() throws -> Outcome {
        process.waitUntilExit()
        let sign: Int32 = process.terminationReason == .uncaughtSignal ? -1 : 1
        return Outcome(
            status: sign * process.terminationStatus,
            output: try String(contentsOfFile: folder.file("out"), encoding: .utf8),
            errors: try String(contentsOfFile: folder.file("err"), encoding: .utf8))
    }

    /// Runs a program to its end.
    package static func run(
        _ arguments: [String], input: String = "", directory: String? = nil,
        program: String = BuiltProgram.path
    ) throws -> Outcome {
        try Running(arguments, input: input, directory: directory, program: program).outcome()
    }

    /// What a program writes to standard output; throws where it fails.
    @discardableResult
    package static func output(
        _ arguments: [String], input: String = "", program: String = BuiltProgram.path
    ) throws -> String {
        let outcome = try run(arguments, input: input, program: program)
        guard outcome.status == 0 else {
            throw RunFailure("\(program) \(arguments.joined(separator: " ")): \(outcome.errors)")
        }
        return outcome.output
    }
}

/// A program that a test needs failed.
package struct RunFailure: Error, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}
