import Foundation
import Testing
import TestSupport

/// Indexing in worker processes: what they may do, what becomes of the run when they die, and that they change nothing.
@Suite struct IsolatedIndexTests {
    private func waitForChild(of run: Running) throws -> Int32 {
        guard let child = awaited({ run.children.first }) else {
            throw RunFailure("no worker was started: \(run.errorsSoFar)")
        }
        return child
    }

    private func answers(_ index: TestIndex) throws -> [String] {
        try [3, 11, 29].map { number in
            let outcome = try index.run(
                "search", index.material.video(number), "--json", "--limit", "30")
            let matches = try #require(try outcome.json()["matches"] as? [[String: Any]])
            return matches.map { "\($0["path"] ?? "") \($0["distance"] ?? "")" }.joined(separator: "\n")
        }
    }

    @Test func workersGiveWhatTheProcessItselfGives() throws {
        let (apart, within) = (try TestIndex(), try TestIndex())
        #expect(try apart.run("index", apart.material.videos).status == 0)
        #expect(try within.run("index", within.material.videos, "--in-process").status == 0)
        #expect(try answers(apart) == answers(within))
    }

    @Test func workersMayDoLittle() throws {
        let index = try TestIndex()
        let run = try index.startIndexing()
        let worker = try waitForChild(of: run)
        var status = ""
        // The filter is the first thing that it sets up, but not the first that happens.
        _ = eventually {
            status = (try? String(contentsOfFile: "/proc/\(worker)/status", encoding: .utf8)) ?? status
            return status.contains("Seccomp:\t2") || !run.process.isRunning
        }
        #expect(status.contains("Seccomp:\t2") && status.contains("NoNewPrivs:\t1"), "\(status)")
        let outcome = try run.outcome()
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    @Test func aRunGoesOnWhenItsWorkersAreKilled() throws {
        let index = try TestIndex()
        let run = try index.startIndexing("--json")
        let killed = run.killChildren(atMost: 5)
        let outcome = try run.outcome()
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(killed > 0)
        let summary = try outcome.json()
        let (indexed, failed) = (summary["indexed"] as? Int ?? -1, summary["failed"] as? Int ?? -1)
        #expect(indexed + failed == index.material.count)
        // What died twice is taken up when it is asked for.
        #expect(try index.run("index", index.material.videos, "--retry-failed").status == 0)
        #expect(try index.ready() == index.material.count)
    }
}
