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

    /// The same until so many videos are stored; then its worker is stopped in the middle of a video, so that the run waits
    /// for it until `goOn`.
    ///
    /// The run itself is not stopped: it might just hold the database's lock, for which others wait ten seconds.
    func startIndexing(until count: Int, _ more: String...) throws -> Running {
        let service = try Conversation(["serve"] + options)
        defer { _ = service.end() }
        let run = try Running(["index", material.videos, "--workers", "1"] + more + options)
        let isWaiting = eventually(every: 0.002) {
            let workers = run.children
            for worker in workers { kill(worker, SIGSTOP) }
            if !workers.isEmpty, ready(service) >= count { return true }
            for worker in workers { kill(worker, SIGCONT) }
            return !run.process.isRunning
        }
        if !isWaiting || !run.process.isRunning {
            Issue.record("\(count) videos were never stored, or too fast")
        }
        return run
    }

    /// Lets the worker of a run go on that waits for it.
    func goOn(_ run: Running) { for worker in run.children { kill(worker, SIGCONT) } }

    /// Waits until so many videos are stored after something began. One service is asked again and again, which is there before:
    /// starting a program for each question would take longer than a video.
    func waitUntilReady(_ count: Int, after begin: () throws -> Void) throws {
        let service = try Conversation(["serve"] + options)
        defer { _ = service.end() }
        _ = ready(service)
        try begin()
        #expect(eventually(every: 0.002) { ready(service) >= count }, "\(count) videos were never stored")
    }

    /// -1 while there is no index.
    private func ready(_ service: Conversation) -> Int {
        service.say(#"{"jsonrpc":"2.0","id":1,"method":"info"}"#)
        return ((service.next()?["result"] as? [String: Any])?["videos"] as? [String: Int])?["ready"] ?? -1
    }
}
