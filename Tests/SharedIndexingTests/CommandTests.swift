import Foundation
import Testing
import TestSupport

extension Material {
    /// Made once, for all tests.
    static let shared = Result { try Material(count: 24, seconds: 4) }
}

/// The program as many machines would run it.
@Suite(.enabled(if: TestServer.isThere, TestServer.isMissing), .serialized)
struct CommandTests {
    let material: Material
    let home: TemporaryFolder

    init() throws {
        material = try Material.shared.get()
        home = try TemporaryFolder()
    }

    private func start(_ arguments: [String], on index: String, input: String = "") throws -> Running {
        try Running(
            arguments + ["--index", index, "--model", material.model], input: input,
            environment: ["XDG_CACHE_HOME": home.path + "/cache"])
    }

    private func run(_ arguments: [String], on index: String, input: String = "") throws -> Running.Outcome {
        try start(arguments, on: index, input: input).outcome()
    }

    /// Paths and distances of a search, as printed.
    private func matches(_ index: String, _ arguments: [String] = []) throws -> [String] {
        let outcome = try run(
            ["search", material.videos + "/video07.mp4", "--json", "--limit", "100"] + arguments, on: index)
        let matches = try outcome.json()["matches"] as? [[String: Any]] ?? []
        return matches.map { "\($0["path"] ?? "") \($0["distance"] ?? "")" }
    }

    private var embedded: String { home.path + "/embedded" }

    private func expectIsTheEmbeddedIndex(_ database: TestDatabase) throws {
        #expect(try run(["index", material.videos], on: embedded).status == 0)
        for arguments in [[], ["--granularity", "video"]] {
            let expected = try matches(embedded, arguments)
            #expect(expected.count == material.count)
            #expect(try matches(database.address, arguments) == expected)
        }
        #expect(
            try database.sql("SELECT count(*), count(DISTINCT path), max(failed) FROM mixtape.file")
                == "\(material.count)|\(material.count)|0")
    }

    private func wait(_ seconds: Double, until isSo: () throws -> Bool) throws {
        guard try eventually(within: seconds, every: 0.02, isSo) else {
            throw RunFailure("it never came to be")
        }
    }

    @Test func fourWorkersOfWhichTwoAreKilled() throws {
        let database = try TestServer.makeDatabase()
        let options = ["--workers", "1", "--lease", "2", "--json"]
        // Nobody works yet, so that all four have something to do.
        let scan = try start(["index", material.videos] + options, on: database.address)
        try wait(60) { (try? database.sql("SELECT count(*) FROM mixtape.task")) ?? "0" != "0" }
        let others = try (0..<3).map { _ in try start(["work"] + options, on: database.address) }
        try wait(60) { try (Int(database.sql("SELECT count(DISTINCT worker) FROM mixtape.task")) ?? 0) >= 3 }
        for worker in others.prefix(2) { kill(worker.process.processIdentifier, SIGKILL) }
        let survivors = try [scan, others[2]].map { try $0.outcome() }
        for outcome in survivors { #expect(outcome.status == 0, "\(outcome.errors)") }
        try expectIsTheEmbeddedIndex(database)
        #expect(try database.sql("SELECT count(*) FROM mixtape.task") == "0")
        #expect(try database.sql("SELECT queued = settled FROM mixtape.library") == "t")
        // What the two that lived say they encoded is what they stored, and each content is one worker's.
        let said = try survivors.reduce(0) { try $0 + ($1.json()["indexed"] as? Int ?? 0) }
        let stored = try database.sql("SELECT count(*) FROM mixtape.content GROUP BY worker ORDER BY worker")
            .split(separator: "\n").compactMap { Int($0) }
        #expect(stored.reduce(0, +) == material.count && said <= material.count && said > 0)
    }

    @Test func theServerIsRestartedInTheMiddle() throws {
        let server = try TestServer()
        let database = try server.makeDatabase()
        let options = ["--workers", "1", "--lease", "5", "--json"]
        let scan = try start(["index", material.videos] + options, on: database.address)
        try wait(60) { (try? database.sql("SELECT count(*) FROM mixtape.content")) ?? "0" != "0" }
        let worker = try start(["work"] + options, on: database.address)
        // A server that was never there is an error; both have met it.
        try wait(60) {
            let clients = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mixtape'"
            return try !scan.process.isRunning || Int(server.sql(clients)) ?? 0 >= 2
        }
        try server.stop()
        usleep(1_500_000)
        try server.start()
        for outcome in try [scan, worker].map({ try $0.outcome() }) {
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
        try expectIsTheEmbeddedIndex(database)
    }

    @Test func encodedElsewhereAndImported() throws {
        let database = try TestServer.makeDatabase()
        let paths = (0..<material.count).map {
            material.videos + ($0 < 10 ? "/video0\($0).mp4" : "/video\($0).mp4")
        }
        let missing = home.path + "/missing.mp4"
        let lines = paths.enumerated().map { place, path in
            place.isMultiple(of: 2) ? path : "{\"path\":\"\(path)\"}"
        }
        let encoded = try Running(
            ["encode", "--model", material.model], input: (lines + [missing]).joined(separator: "\n")
        ).outcome()
        #expect(encoded.status == 0, "\(encoded.errors)")
        let imported = home.path + "/imported"
        for place in [imported, database.address] {
            let outcome = try run(["import", "--json"], on: place, input: encoded.output)
            #expect(try outcome.json()["stored"] as? Int == material.count, "\(outcome.errors)")
            #expect(try outcome.json()["failed"] as? Int == 1)
        }
        #expect(try run(["index", material.videos], on: embedded).status == 0)
        #expect(try matches(imported) == matches(embedded))
        #expect(try matches(database.address) == matches(embedded))
        // The files are known: nothing is left to do.
        let again = try run(["index", material.videos, "--json"], on: imported).json()
        #expect(again["unchanged"] as? Int == material.count && again["indexed"] as? Int == 0)

        let broken = try run(["import"], on: home.path + "/other", input: "{\"path\":\"/a\"}\n")
        #expect(broken.status == 1 && broken.errors.contains("line 1"))
    }

    @Test func candidatesRankAsTheExactSearch() throws {
        let database = try TestServer.makeDatabase()
        let early = try run(
            ["search", material.videos + "/video07.mp4", "--candidates", "50"], on: database.address)
        #expect(early.status == 1 && early.errors.contains("mixtape index"))
        #expect(try run(["index", material.videos], on: database.address).status == 0)
        let without = try run(
            ["search", material.videos + "/video07.mp4", "--candidates", "50"], on: database.address)
        #expect(without.status == 1 && without.errors.contains("mixtape candidates"))
        let made = try run(["candidates", "--queries", "10", "--json"], on: database.address)
        #expect(made.status == 0, "\(made.errors)")
        // All of them are the exact search, whose clips are not compared.
        let exact = try matches(database.address, ["--granularity", "video"])
        #expect(try matches(database.address, ["--candidates", "100"]) == exact)
        #expect(
            try matches(database.address, ["--candidates", "100", "--path", "**/video1*"])
                == matches(database.address, ["--granularity", "video", "--path", "**/video1*"]))
        let request =
            #"{"jsonrpc":"2.0","id":1,"method":"search","params":{"video":"\#(material.videos)/video07.mp4","#
            + #""candidates":0,"limit":1000}}"#
        let served = try run(["serve"], on: database.address, input: request + "\n").json()
        let found = try #require((served["result"] as? [String: Any])?["matches"] as? [[String: Any]])
        #expect(found.map { "\($0["path"] ?? "") \($0["distance"] ?? "")" } == exact)
        #expect(try run(["index", material.videos], on: embedded).status == 0)
        let alone = try run(["serve"], on: embedded, input: request + "\n").json()
        #expect((alone["error"] as? [String: Any])?["message"] as? String != nil)
        let info = try run(["info", "--json"], on: database.address).json()
        let shared = try #require(info["shared"] as? [String: Any])
        let recall = try #require(shared["candidates"] as? [[String: Any]])
        #expect(recall.last?["recall_at_10"] as? Double == 1)
        #expect((info["videos"] as? [String: Int])?["ready"] == material.count)
    }

    @Test func passwordsAreNotPrinted() throws {
        let database = try TestServer.makeDatabase()
        let address = database.address.replacingOccurrences(of: "mixtape@", with: "mixtape:s3cret-word@")
        for arguments in [
            ["index", material.videos, "--json"], ["info"], ["info", "--json"], ["remove", "/nothing"],
        ] {
            let outcome = try run(arguments, on: address)
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(!(outcome.output + outcome.errors).contains("s3cret-word"))
        }
        let nowhere = address.replacingOccurrences(of: database.name, with: "no_such_database")
        let refused = try run(["info"], on: nowhere)
        #expect(
            refused.status == 1 && !refused.errors.contains("s3cret-word") && refused.errors.contains("hint:")
        )
        // libpq says so of an option that it does not take: options are passed on.
        let tls = try run(["info"], on: "postgres://u:s3cret-word@h/d?sslmode=nonsense")
        #expect(tls.status == 1 && tls.errors.contains("sslmode") && !tls.errors.contains("s3cret-word"))
    }
}
