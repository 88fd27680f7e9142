import Foundation
import Testing
import TestSupport

extension Material {
    /// Made once, for all tests; fails every test that needs it where it could not be made.
    static let shared = Result { try Material(count: 30, seconds: 2) }
}

/// An index folder of one test, and commands on it.
struct TestIndex {
    let material: Material
    let folder: TemporaryFolder
    var path: String { folder.path + "/index" }
    var options: [String] { ["--index", path, "--model", material.model] }

    init() throws {
        material = try Material.shared.get()
        folder = try TemporaryFolder()
    }

    func run(_ arguments: String..., input: String = "", directory: String? = nil) throws -> Running.Outcome {
        try Running.run(arguments + options, input: input, directory: directory)
    }

    /// Starts an index run over the material's videos, one at a time so that it can be met half-way.
    func startIndexing(_ more: String...) throws -> Running {
        try Running(["index", material.videos, "--workers", "1"] + more + options)
    }

    /// Videos that can be found; 0 while there is no index.
    func ready() throws -> Int {
        let outcome = try run("info", "--json")
        guard outcome.status == 0 else { return 0 }
        return (try outcome.json()["videos"] as? [String: Any])?["ready"] as? Int ?? -1
    }

    /// The same until so many videos are stored; then it is stopped in the middle of its work, to go on with `SIGCONT`.
    ///
    /// It stands still while it is asked how far it is, however long the answer takes.
    func startIndexing(until count: Int, _ more: String...) throws -> Running {
        let service = try Conversation(["serve"] + options)
        defer { _ = service.end() }
        let run = try Running(["index", material.videos, "--workers", "1"] + more + options)
        for question in 1...4000 where run.process.isRunning {
            run.send(SIGSTOP)
            if let ready = ready(service, question), ready >= count { return run }
            run.send(SIGCONT)
            usleep(2_000)
        }
        Issue.record("\(count) videos were never stored, or too fast")
        return run
    }

    /// Waits until so many videos are stored after something began. One service is asked again and again, which is there before:
    /// starting a program for each question would take longer than a video.
    func waitUntilReady(_ count: Int, after begin: () throws -> Void) throws {
        let service = try Conversation(["serve"] + options)
        defer { _ = service.end() }
        _ = ready(service, 0)
        try begin()
        for question in 1...4000 {
            if let ready = ready(service, question), ready >= count { return }
            usleep(2_000)
        }
        Issue.record("\(count) videos were never stored")
    }

    private func ready(_ service: Conversation, _ question: Int) -> Int? {
        service.say(#"{"jsonrpc":"2.0","id":\#(question),"method":"info"}"#)
        return ((service.next()?["result"] as? [String: Any])?["videos"] as? [String: Int])?["ready"]
    }
}
