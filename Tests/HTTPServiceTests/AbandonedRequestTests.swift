import Base
import Foundation
import HTTPService
import Isolation
import Testing
import TestSupport

/// Clients that ask for much and go away, and those that ask for too much.
@Suite(.timeLimit(.minutes(3))) struct AbandonedRequestTests {
    /// Each would take the processors for longer than the test may last.
    @Test func abandonedSearchesEnd() async throws {
        let service = try await ServedProcess()
        let heavy = Self.request(#"{"id":1,"mode":"iid","samples":1400}"#)
        let quick = Self.request(#"{"id":2,"granularity":"video"}"#)
        try await blocking {
            let before = try service.seconds(answering: quick)
            var clients: [Loopback] = []
            for number in 0..<100 {
                let client = try Loopback(port: service.port)
                client.send(Array((number % 2 == 0 ? heavy : Self.duplicates).utf8))
                clients.append(client)
            }
            #expect(
                eventually(within: 15) { service.processorShare(seconds: 0.5) > 0.2 }, "nothing was at work")
            // Those who ask for little do not wait for those who ask for much.
            #expect(try service.seconds(answering: quick) < 10)
            clients = []
            #expect(
                eventually(within: 15) { service.processorShare(seconds: 0.5) <= 0.1 },
                "the service is still at work for nobody")
            #expect(try service.seconds(answering: quick) < before * 3 + 0.5)
            // Another one of the kind has its turn as well.
            #expect(try service.seconds(answering: Self.request(#"{"id":1,"mode":"iid","samples":2}"#)) < 5)
        }
    }

    /// Whose worker would take an hour.
    @Test func abandonedDecodingEnds() async throws {
        let films = try await Films.shared.value
        let folder = try TemporaryFolder()
        let worker = try SleepingWorker(in: folder)
        let service = try await films.serve {
            $0.worker = .at(worker.path)
            $0.limits.workerSeconds = 3600
            $0.limits.uploads = 1
        }
        let (port, bytes) = (
            service.port, try Data(contentsOf: URL(fileURLWithPath: films.file("video0.mp4")))
        )
        let upload =
            "POST /api/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: video/mp4\r\n"
            + "Content-Length: \(bytes.count)\r\n\r\n"
        for request in [Array(upload.utf8) + bytes, Array(Self.request(#"{"id":1,"from":0.5}"#).utf8)] {
            let ended = try await blocking {
                var client: Loopback? = try Loopback(port: port)
                client?.send(request)
                let process = try worker.takeProcess()
                #expect(kill(process, 0) == 0)
                client = nil
                return eventually(within: 10) { kill(process, 0) != 0 }
            }
            #expect(ended)
        }
        // The one place for uploads is there again: what is refused is refused for what it is.
        #expect(try await service.upload([]).status == 400)
    }

    /// A client that closes its end behind the request, as some do, gets what takes no time.
    @Test func halfClosedClientsAreAnswered() async throws {
        let service = try await TestService()
        let port = service.port
        for target in ["/health", "/api/videos", "/"] {
            let reply = try await blocking {
                let connection = try Loopback(port: port)
                connection.send(Array("GET \(target) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8))
                connection.endSending()
                return try Reply(connection.readToEnd())
            }
            #expect(reply.status == 200, "\(target): \(reply.text)")
        }
    }

    /// Over HTTP and lines, and on the command line.
    @Test func tooManySamplesAreRefused() async throws {
        let service = try await TestService(videos: 64)
        let reply = try await service.ask(
            "POST", "/api/search", json: ["id": 1, "mode": "iid", "samples": 4096])
        #expect(reply.status == 400 && reply.reason == "too_many_samples", "\(reply.text)")
        let data = reply.json?["error"]?["data"]
        #expect(
            data?["parameter"] == "samples" && data?["hint"]?.stringValue?.contains("at most 3952") == true)
        #expect(
            try await service.ask("POST", "/api/search", json: ["id": 1, "mode": "iid", "samples": 16]).status
                == 200)
        // Told before anything is encoded, for which there is no model here.
        let part = try await service.ask(
            "POST", "/api/search", json: ["id": 1, "from": .number(0.5), "mode": "iid", "samples": 4096])
        #expect(part.status == 400 && part.reason == "too_many_samples", "\(part.text)")
        let score = try await service.ask(
            "POST", "/api/search", json: ["id": 1, "from": .number(0.5), "min_score": .number(0.5)])
        #expect(score.status == 400 && score.reason == "no_calibration", "\(score.text)")
        let (index, video) = (service.folder.path + "/index", service.path(0))
        let line: JSONValue = [
            "jsonrpc": "2.0", "id": 1, "method": "search",
            "params": ["video": .string(video), "mode": "iid", "samples": 4096],
        ]
        try await blocking {
            let answer = try JSONValue(
                parsing: Running.output(["serve", "--index", index], input: line.serialized() + "\n"))
            #expect(answer["error"]?["code"] == -32602, "\(answer)")
            #expect(answer["error"]?["data"]?["parameter"] == "samples")
            #expect(answer["error"]?["data"]?["reason"] == "too_many_samples")
            let told = try Running.run(
                ["search", video, "--mode", "iid", "--samples", "4096", "--index", index])
            #expect(told.status == 1 && told.errors.contains("may be at most 1000000000"))
            #expect(told.errors.contains("hint: pass at most 3952"))
        }
    }

    private static let duplicates = request("{}", of: "/api/duplicates")

    private static func request(_ body: String, of path: String = "/api/search") -> String {
        "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
}

/// `mixtape serve --http` as a process of its own, whose use of the processor can be told from the tests'.
final class ServedProcess: Sendable {
    let port: Int
    private let process: Int32
    private let running: UnsafeTransfer<Process>
    private let folder: TemporaryFolder

    /// Over 500 videos that do not exist.
    init() async throws {
        let films = try await Films.shared.value
        let (folder, model) = (try TemporaryFolder(), films.folder.path + "/model")
        self.folder = folder
        (running, port) = try await blocking {
            let index = folder.path + "/index"
            try Running.output(["benchmark", "make-index", index, "--videos", "500", "--model", model])
            let process = Process()
            process.executableURL = URL(fileURLWithPath: BuiltProgram.path)
            process.arguments = ["serve", "--http", "127.0.0.1:0", "--index", index, "--model", model]
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            let log = folder.path + "/log"
            try Data().write(to: URL(fileURLWithPath: log))
            process.standardError = FileHandle(forWritingAtPath: log)
            try process.run()
            let port = try awaited {
                try String(contentsOfFile: log, encoding: .utf8)
                    .firstMatch(of: #/http://127\.0\.0\.1:(\d+)//#).flatMap { Int($0.output.1) }
            }
            if port == nil { process.terminate() }
            return (UnsafeTransfer(process), try #require(port, "the service did not start"))
        }
        process = running.value.processIdentifier
    }

    deinit {
        // The second signal waits for nothing.
        for _ in 0..<2 { kill(process, SIGTERM) }
        running.value.waitUntilExit()
    }

    /// How long an answer of 200 takes.
    func seconds(answering request: String) throws -> Double {
        let start = ContinuousClock.now
        let connection = try Loopback(port: port)
        connection.send(Array(request.utf8))
        let reply = try Reply(connection.readToEnd())
        #expect(reply.status == 200, "\(reply.text.prefix(300))")
        let taken = ContinuousClock.now - start
        return Double(taken.components.seconds) + Double(taken.components.attoseconds) / 1e18
    }

    /// Of one processor, how much the service uses.
    func processorShare(seconds: Double) -> Double {
        let before = ticks()
        usleep(UInt32(seconds * 1e6))
        return Double(ticks() - before) / Double(sysconf(Int32(_SC_CLK_TCK))) / seconds
    }

    /// Of user and system time, the 14th and 15th figures of its `stat`.
    private func ticks() -> Int {
        let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        let figures = text.split(separator: ")").last?.split(separator: " ") ?? []
        return figures.count > 12 ? (Int(figures[11]) ?? 0) + (Int(figures[12]) ?? 0) : 0
    }
}
