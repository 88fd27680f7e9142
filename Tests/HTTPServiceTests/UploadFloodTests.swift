import Foundation
import HTTPService
import TestSupport
import Testing

/// Uploads that come to nothing, by the hundred.
@Suite(.timeLimit(.minutes(2))) struct UploadFloodTests {
    private enum Kind: CaseIterable { case refused, vanishing, reset, stalled, half }

    /// More than there are places and connections, and larger than what is read in one go.
    @Test func aThousandUploadsLeaveNothingBehind() async throws {
        let films = try await Films.shared.value
        let service = try await films.serve {
            $0.limits.idleSeconds = 1
            $0.limits.requestsPerSecond = 0
        }
        let port = service.port
        let before = try await Self.searchSeconds(service)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for first in 0..<40 {
                group.addTask {
                    try await blocking {
                        for number in stride(from: first, to: 1000, by: 40) {
                            try Self.send(Kind.allCases[(number / 40 + first) % Kind.allCases.count], port)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        // The last of them may still be on their way.
        var upload = try await service.upload(films.file("video2.mp4"))
        _ = try await eventuallyInTask(within: 10, every: 0.05) {
            if upload.status == 429 { upload = try await service.upload(films.file("video2.mp4")) }
            return upload.status != 429
        }
        #expect(upload.status == 201, "\(upload.text)")
        let search = try await service.ask(
            "POST", "/api/search", json: ["upload": upload.json?["id"] ?? .null, "limit": 1])
        #expect(search.json?["matches"]?.arrayValue?.first?["path"] == .string(films.file("video2.mp4")))
        #expect(try await Self.searchSeconds(service) < before * 3 + 0.2)
        // All six places that one address has are there again.
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<6 {
                group.addTask { try await service.upload(films.file("video1.mp4")).status }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 201, count: 6))
        #expect(!(try await service.ask("GET", "/metrics").text.contains("status=\"5")))
        let left = try FileManager.default.contentsOfDirectory(atPath: films.folder.path + "/tmp")
        #expect(left == [])
    }

    /// The shortest time of several searches.
    private static func searchSeconds(_ service: TestService) async throws -> Double {
        var shortest = Double.infinity
        for _ in 0..<5 {
            let start = ContinuousClock.now
            let reply = try await service.ask("POST", "/api/search", json: ["id": 1])
            #expect(reply.status == 200, "\(reply.text)")
            shortest = min(shortest, (ContinuousClock.now - start) / .seconds(1))
        }
        return shortest
    }

    private static func send(_ kind: Kind, _ port: Int) throws {
        let body = [UInt8](repeating: 7, count: 200_000)
        let type = kind == .refused ? "application/x-www-form-urlencoded" : "video/mp4"
        let head =
            "POST /api/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: \(type)\r\nContent-Length: \(body.count)\r\n\r\n"
        let connection = try Loopback(port: port)
        connection.send(Array(head.utf8))
        switch kind {
        case .refused:
            connection.send(body)
            let answer = connection.readToEnd()
            // Whoever still sends while it is refused may be cut off before it reads why.
            if !answer.isEmpty { #expect(try Reply(answer).status == 415) }
        case .vanishing: connection.send(Array(body.prefix(100_000)))
        case .reset:
            connection.send(Array(body.prefix(100_000)))
            var lingers = linger(l_onoff: 1, l_linger: 0)
            setsockopt(
                connection.descriptor, SOL_SOCKET, SO_LINGER, &lingers, socklen_t(MemoryLayout<linger>.size))
        case .stalled:
            connection.send(Array(body.prefix(10)))
            let answer = connection.readToEnd()
            if !answer.isEmpty { #expect([400, 408, 429].contains(try Reply(answer).status)) }
        case .half:
            connection.send(Array(body.prefix(100_000)))
            connection.endSending()
            let answer = connection.readToEnd()
            if !answer.isEmpty { #expect([400, 429].contains(try Reply(answer).status)) }
        }
    }
}
