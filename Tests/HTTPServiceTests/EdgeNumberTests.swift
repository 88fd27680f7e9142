import Foundation
import HTTPService
import Isolation
import Testing

/// Numbers at the edges of what types hold, wherever a request has one: each is answered or refused, and none ends the service.
@Suite(.timeLimit(.minutes(2))) struct EdgeNumberTests {
    private static let edges = [
        "0", "-0", "-1", "0.5", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808",
        "-9223372036854775808", "18446744073709551616", "5e-324", "1e19", "1e308", "-1e308", "1e309", "NaN",
        "inf",
    ]

    @Test func numbersOfPathsAndQueries() async throws {
        let service = try await TestService()
        var targets: [String] = []
        for edge in Self.edges {
            for name in ["limit", "offset", "min_duration", "max_duration"] {
                targets.append("/api/videos?\(name)=\(edge)")
            }
            targets += ["time", "width"].map { "/api/videos/1/thumbnail?\($0)=\(edge)" }
            targets += ["", "/preview", "/thumbnail"].map { "/api/videos/\(edge)\($0)" }
            targets += ["/api/jobs/\(edge)", "/api/projection?videos=1,\(edge)"]
        }
        for target in targets {
            let reply = try await service.ask("GET", target)
            #expect((200..<500).contains(reply.status), "\(target): \(reply.text)")
        }
        #expect(try await service.ask("GET", "/health").status == 200)
    }

    @Test func numbersOfBodies() async throws {
        // Parts of a video are asked for, and the videos are none.
        let service = try await TestService { $0.worker = .at("/bin/false") }
        for edge in Self.edges {
            for name in [
                "id", "from", "to", "limit", "max_distance", "min_score", "samples", "lambda", "min_duration",
                "max_duration", "modified_after", "modified_before", "min_size", "max_size",
            ] {
                let query = name == "id" ? "" : "\"id\":1,"
                let body = "{\(query)\"\(name)\":\(edge)}"
                let reply = try await service.raw(
                    "POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
                        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
                // There is no model, which parts of a video need.
                #expect((200..<500).contains(reply.status) || reply.status == 503, "\(body): \(reply.text)")
            }
        }
        #expect(try await service.ask("GET", "/health").status == 200)
    }

    @Test func numbersOfFields() async throws {
        let service = try await TestService()
        for edge in Self.edges {
            for range in ["bytes=\(edge)-", "bytes=-\(edge)", "bytes=0-\(edge)", "bytes=\(edge)-\(edge)"] {
                let reply = try await service.ask(
                    "GET", "/api/videos/1/preview", headers: ["Range: \(range)"])
                #expect([200, 206, 416].contains(reply.status), "\(range): \(reply.status)")
            }
        }
        let whole = try await service.ask("GET", "/api/videos/1/preview")
        let range = try await service.ask(
            "GET", "/api/videos/1/preview", headers: ["Range: bytes=0-\(Int.max)"])
        #expect(range.status == 206 && range.body == whole.body)
    }

    /// The seconds to wait for the next request are more than any number has.
    @Test func aRateNearZero() async throws {
        let service = try await TestService { $0.limits.requestsPerSecond = 1e-300 }
        #expect(try await service.ask("GET", "/health").status == 200)
        for _ in 0..<2 {
            let reply = try await service.ask("GET", "/health")
            #expect(reply.status == 429 && reply.headers["retry-after"] == "86400", "\(reply.headers)")
        }
    }
}
