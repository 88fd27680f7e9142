import Foundation
import HTTPService
import Testing

/// Bodies that are not as their headers say: the client's fault, and told so.
@Suite(.timeLimit(.minutes(2))) struct MalformedBodyTests {
    private static let chunked = "Transfer-Encoding: chunked\r\n\r\n"

    @Test(arguments: [
        chunked + "-1\r\n", chunked + "FFFFFFFFFFFFFFFFF\r\n", chunked + "ffffffffffffffff1\r\n{}",
        chunked + "2\n{}\n0\n\n", chunked + "2\r\n{}0\r\n\r\n", chunked + "x\r\n", chunked + "\r\n",
        chunked + "0x2\r\n{}\r\n0\r\n\r\n", chunked + "2;\u{0}=\u{1}\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ])
    func chunksThatAreNone(rest: String) async throws {
        let service = try await TestService()
        for (path, type) in [("/api/search", "application/json"), ("/api/uploads", "video/mp4")] {
            let reply = try await service.raw(
                "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: \(type)\r\nConnection: close\r\n\(rest)"
            )
            #expect(reply.status == 400, "\(path): \(reply.text)")
        }
        try await Self.expectNoFaults(service)
    }

    /// By a client that says no more, and still listens.
    @Test(arguments: [
        "Content-Length: 50\r\n\r\n{\"id\":", "Content-Length: 50\r\n\r\n", chunked + "5\r\n{\"id", chunked,
        chunked + "8\r\n{\"id\":1}\r\n",
    ])
    func bodiesThatEndEarly(rest: String) async throws {
        let service = try await TestService()
        let port = service.port
        for (path, type) in [("/api/search", "application/json"), ("/api/uploads", "video/mp4")] {
            let reply = try await blocking {
                let connection = try Loopback(port: port)
                connection.send(
                    Array(
                        "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: \(type)\r\n\(rest)".utf8))
                connection.endSending()
                return try Reply(connection.readToEnd())
            }
            #expect(reply.status == 400, "\(path): \(reply.text)")
            #expect(reply.reason == "bad_body", "\(path): \(reply.text)")
        }
        try await Self.expectNoFaults(service)
    }

    private static func expectNoFaults(_ service: TestService) async throws {
        let metrics = try await service.ask("GET", "/metrics").text
        #expect(!metrics.contains("status=\"5"), "\(metrics)")
    }
}
