import Foundation
import HTTPService
import Testing
import TestSupport

/// Connections: how many one address may have, and what becomes of those that do nothing.
@Suite(.timeLimit(.minutes(2))) struct ConnectionBoundTests {
    private static let health = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

    /// A connection that has had an answer and waits.
    private static func waiting(_ port: Int) throws -> Loopback {
        let connection = try Loopback(port: port)
        connection.send(Array(health.utf8))
        let answer = connection.read { String(decoding: $0, as: UTF8.self).contains("needs_token") }
        #expect(try Reply(answer).status == 200)
        return connection
    }

    @Test func noAddressHoldsAll() async throws {
        // Loopback has all but three.
        let service = try await TestService {
            $0.limits.connections = 8
            $0.limits.connectionsOfOneAddress = 3
        }
        let port = service.port
        try await blocking {
            var held = try (0..<5).map { _ in try Self.waiting(port) }
            let refused = try Loopback(port: port)
            let reply = try Reply(refused.readToEnd())
            #expect(reply.status == 429 && reply.reason == "busy" && reply.headers["retry-after"] != nil)
            held.removeLast()
            // As soon as the service has seen that one go.
            let isFree = try eventually(within: 10, every: 0.01) {
                let next = try Loopback(port: port)
                next.send(Array(Self.health.utf8))
                let answer = next.read { String(decoding: $0, as: UTF8.self).contains("}") }
                return try Reply(answer).status == 200
            }
            #expect(isFree, "the place was never given back")
            #expect(held.count == 4)
        }
        let metrics = try await service.ask("GET", "/metrics").text
        #expect(metrics.contains("mixtape_http_refused_total{reason=\"connections\"}"))
    }

    @Test func boundsOfAddresses() {
        var limits = HTTPLimits()
        for (address, bound) in [
            ("192.0.2.7", 64), ("2001:db8::1", 64), ("::ffff:192.0.2.7", 64), ("127.0.0.1", 192),
            ("::1", 192),
            ("::ffff:127.0.0.1", 192),
        ] {
            #expect(limits.connections(of: ClientAddress.key(address)) == bound, "\(address)")
        }
        limits.connectionsOfOneAddress = 0
        #expect(limits.connections(of: "192.0.2.7") == .max)
    }

    /// All places are held, by connections that ask for something now and then, so that no silence ends them.
    @Test func waitingConnectionsMakeRoom() async throws {
        let service = try await TestService {
            $0.limits.connections = 6
            $0.limits.connectionsOfOneAddress = 0
            $0.limits.idleSeconds = 3600
        }
        let port = service.port
        try await blocking {
            let held = try (0..<6).map { _ in try Self.waiting(port) }
            for round in 0..<20 {
                let start = Date()
                let next = try Self.waiting(port)
                #expect(Date().timeIntervalSince(start) < 5, "round \(round)")
                // Whoever still has its place asks again.
                for connection in held { connection.send(Array(Self.health.utf8)) }
                _ = next
            }
        }
    }

    /// Bodies that trickle hold their places; what ends makes room though all were at work when the last one came.
    @Test func fullPlacesAreNotKept() async throws {
        let service = try await TestService {
            $0.limits.connections = 4
            $0.limits.connectionsOfOneAddress = 0
            $0.limits.idleSeconds = 3600
        }
        let port = service.port
        try await blocking {
            let head =
                "POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n"
            let held = try (0..<4).map { _ in
                let connection = try Loopback(port: port)
                connection.send(Array(head.utf8))
                return connection
            }
            usleep(300_000)
            let next = try Loopback(port: port)
            next.send(Array(Self.health.utf8))
            held[0].send(Array(#"{"id":1}"#.utf8))
            let answer = next.read { String(decoding: $0, as: UTF8.self).contains("needs_token") }
            #expect(try Reply(answer).status == 200)
            #expect(held.count == 4)
        }
    }
}
