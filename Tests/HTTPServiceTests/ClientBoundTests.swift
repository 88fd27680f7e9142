import Foundation
import HTTPService
import Testing

/// What one client may have of what is few, and what of it reaches the log.
@Suite(.timeLimit(.minutes(1))) struct ClientBoundTests {
    @Test func addressesOfOneClientAreOne() {
        for address in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "::FFFF:127.0.0.1"] {
            #expect(ClientAddress.key(address) == ClientAddress.loopback, "\(address)")
        }
        #expect(ClientAddress.key("::ffff:192.0.2.7") == ClientAddress.key("192.0.2.7"))
        #expect(ClientAddress.key("192.0.2.7") != ClientAddress.key("192.0.2.8"))
        // One who has an IPv6 address has 2 to the power of 64.
        #expect(ClientAddress.key("2001:db8:1:2::1") == ClientAddress.key("2001:db8:1:2:ffff::9"))
        #expect(ClientAddress.key("2001:db8:1:2::1") != ClientAddress.key("2001:db8:1:3::1"))
        #expect(ClientAddress.key("fe80::1%eth0") == ClientAddress.key("fe80::2%eth0"))
        #expect(ClientAddress.key("unknown") == "unknown")
    }

    @Test func placesAreShared() {
        let places = Slots(4)
        var held = (0..<2).compactMap { _ in places.take(for: "a", atMost: 2) }
        #expect(held.count == 2 && places.take(for: "a", atMost: 2) == nil)
        held += (0..<2).compactMap { _ in places.take(for: "b", atMost: 2) }
        #expect(held.count == 4 && places.take(for: "c", atMost: 2) == nil)
        held.removeFirst()
        #expect(places.take(for: "b", atMost: 2) == nil)
        #expect(places.take(for: "a", atMost: 2) != nil)
    }

    @Test func sharesOfPlaces() {
        var limits = HTTPLimits()
        for (client, uploads, followers) in [("192.0.2.7", 2, 8), (ClientAddress.loopback, 6, 24)] {
            #expect(limits.share(of: limits.uploads, for: client) == uploads, "\(client)")
            #expect(limits.share(of: limits.followers, for: client) == followers, "\(client)")
        }
        #expect(limits.share(of: 1, for: "192.0.2.7") == 1)
        #expect(limits.share(of: 1, for: ClientAddress.loopback) == 1)
        limits.connectionsOfOneAddress = 0
        #expect(limits.share(of: 8, for: "192.0.2.7") == .max)
    }

    /// Bodies that never come hold six of eight places, and no more.
    @Test func noAddressHoldsAllUploads() async throws {
        let service = try await TestService()
        let port = service.port
        let head =
            "POST /api/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: video/mp4\r\nContent-Length: 50\r\n\r\nx"
        try await blocking {
            let held = try (0..<6).map { _ in
                let connection = try Loopback(port: port)
                connection.send(Array(head.utf8))
                return connection
            }
            usleep(500_000)
            let next = try Loopback(port: port)
            next.send(Array(head.utf8))
            let reply = try Reply(next.readToEnd())
            #expect(reply.status == 429 && reply.headers["retry-after"] != nil, "\(reply.text)")
            #expect(held.count == 6)
        }
    }

    /// A pipe that nobody reads, as a log collector that hangs leaves it.
    @Test func aLogThatNobodyReadsStopsNobody() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let log = LogOutput(descriptor: ends[1])
        let start = ContinuousClock.now
        for number in 0..<5000 { log.write("record \(number) \(String(repeating: "x", count: 100))") }
        #expect(ContinuousClock.now - start < .seconds(5))
        // As soon as it is read again, what comes next is there.
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(ends[0], &buffer, buffer.count)
        #expect(count > 10_000)
        log.write("later")
        let later = read(ends[0], &buffer, buffer.count)
        #expect(String(decoding: buffer[..<max(0, later)], as: UTF8.self) == "later\n")
    }

    @Test func theLogForPeopleHoldsNoControlCharacters() {
        let hostile = "a\u{1B}[31m\r\u{9B}2J\u{8}\u{7F}\u{202E}b\nc\u{2028}ä🎬"
        for text in [
            TextLog.words("an index job failed", .warning, ["error": "\(hostile)"]),
            TextLog.words(hostile, .info, [:]),
            TextLog.words(
                "request", .info, ["route": "\(hostile)", "method": "GET", "status": "200", "ms": "1"]),
            TextLog.words("listening", .notice, ["url": "\(hostile)"]),
        ] {
            let isPlain = text.unicodeScalars.allSatisfy {
                ![.control, .format, .lineSeparator].contains($0.properties.generalCategory)
            }
            #expect(isPlain && text.contains("ä🎬") && text.contains("\\u{1b}"), "\(text)")
        }
    }
}
