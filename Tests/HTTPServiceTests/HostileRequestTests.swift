import Foundation
import HTTPService
import Testing

/// Requests that nobody honest sends, each refused.
@Suite(.timeLimit(.minutes(2))) struct HostileRequestTests {
    // MARK: - Whom it is meant for

    /// A name that was made to lead here (DNS rebinding) still stands in the Host header.
    @Test(arguments: [
        "evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "",
        "[::1",
    ])
    func foreignHosts(host: String) async throws {
        let service = try await TestService()
        let reply = try await service.raw(
            "GET /api/videos HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
        #expect(reply.status == 421 || reply.status == 400)
        #expect(!reply.text.contains(service.root))
    }

    @Test(arguments: ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
    func ownHosts(host: String) async throws {
        let service = try await TestService()
        let reply = try await service.raw(
            "GET /health HTTP/1.1\r\nHost: \(host):\(service.port)\r\nConnection: close\r\n\r\n")
        #expect(reply.status == 200)
    }

    @Test func noHost() async throws {
        let service = try await TestService { $0.limits.idleSeconds = 1 }
        #expect(try await service.raw("GET /health HTTP/1.0\r\n\r\n").status >= 400)
    }

    @Test(arguments: [
        "http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1",
        "http://localhost.evil.example",
    ])
    func foreignOrigins(origin: String) async throws {
        let service = try await TestService()
        for (method, target) in [("POST", "/api/search"), ("GET", "/api/videos"), ("GET", "/")] {
            let reply = try await service.ask(
                method, target, headers: ["Origin: \(origin)"], json: method == "POST" ? [:] : nil)
            #expect(reply.status == 403)
            #expect(reply.reason == "foreign_origin")
            #expect(reply.headers["access-control-allow-origin"] == nil)
        }
    }

    /// Pictures and scripts of foreign pages send no Origin, but browsers say where they come from.
    @Test func foreignPagesMayNotEmbed() async throws {
        let service = try await TestService()
        for site in ["cross-site", "same-site"] {
            let reply = try await service.ask(
                "GET", "/api/videos/1/preview",
                headers: ["Sec-Fetch-Site: \(site)", "Sec-Fetch-Mode: no-cors"])
            #expect(reply.status == 403)
        }
        let link = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"]
        #expect(try await service.ask("GET", "/", headers: link).status == 200)
        #expect(try await service.ask("GET", "/api/videos", headers: link).status == 403)
        let own = ["Origin: http://127.0.0.1:\(service.port)", "Sec-Fetch-Site: same-origin"]
        #expect(try await service.ask("GET", "/api/videos", headers: own).status == 200)
    }

    /// A form of a foreign page can send text, but not JSON.
    @Test(arguments: [
        "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "",
    ])
    func formsAreNotJSON(type: String) async throws {
        let service = try await TestService()
        let body = #"{"id":1}"#
        let reply = try await service.ask(
            "POST", "/api/search",
            headers: ["Content-Type: \(type)", "Content-Length: \(body.utf8.count)"])
        #expect(reply.status == 415)
    }

    // MARK: - Paths

    @Test func pathsOutsideTheFoldersAreNeitherReadNorRevealed() async throws {
        let service = try await TestService()
        let secret = service.folder.path + "/secret.mp4"
        try "secret".write(toFile: secret, atomically: false, encoding: .utf8)
        try FileManager.default.createDirectory(
            atPath: service.root + "-other", withIntermediateDirectories: true)
        try "secret".write(toFile: service.root + "-other/a.mp4", atomically: false, encoding: .utf8)
        try FileManager.default.createSymbolicLink(
            atPath: service.root + "/link.mp4", withDestinationPath: secret)
        try FileManager.default.createSymbolicLink(
            atPath: service.root + "/linked", withDestinationPath: service.folder.path)
        let named = [
            secret, service.root + "/../secret.mp4", service.root + "/./../secret.mp4",
            service.root + "/link.mp4",
            service.root + "/linked/secret.mp4", service.root + "-other/a.mp4", "/etc/passwd",
            "/proc/self/environ",
            "/proc/self/fd/0", "/dev/zero", service.root, "v0.mp4", "../secret.mp4", "file://" + secret,
            service.folder.path + "/index/videos.sqlite",
        ]
        // What is not there at all gets the same answer, word by word.
        let missing = try await service.ask(
            "POST", "/api/search", json: ["video": .string(service.root + "/none.mp4")])
        #expect(missing.status == 404)
        for path in named {
            let reply = try await service.ask("POST", "/api/search", json: ["video": .string(path)])
            #expect(reply.status == 404, "\(path): \(reply.text)")
            #expect(reply.text == missing.text, "\(path)")
        }
        for path in [service.folder.path, "/", "/etc", service.root + "/..", service.root + "/linked"] {
            let reply = try await service.ask("POST", "/api/jobs", json: ["folders": [.string(path)]])
            #expect(reply.status == 404, "\(path): \(reply.text)")
        }
        #expect(try await service.ask("GET", "/api/jobs").json?["jobs"] == [])
    }

    /// The index may name a file that was replaced by a link since.
    @Test func aVideoThatBecameALinkIsNotFollowed() async throws {
        let service = try await TestService()
        let secret = service.folder.path + "/secret.txt"
        try "the secret".write(toFile: secret, atomically: false, encoding: .utf8)
        try FileManager.default.removeItem(atPath: service.path(0))
        try FileManager.default.createSymbolicLink(atPath: service.path(0), withDestinationPath: secret)
        let reply = try await service.ask("GET", "/api/videos/1/preview")
        #expect(reply.status == 404)
        #expect(!reply.text.contains("secret"))
    }

    @Test(arguments: [
        "/../etc/passwd", "/page/../../etc/passwd", "/page/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd",
        "/page/",
        "/api/videos/../../etc/passwd", "/api/videos/1%2f..%2fpreview", "/api/videos/-1", "/api/videos/1e3",
        "/api/videos/99999999999999999999", "/api/videos/%00", "/\u{0}",
    ])
    func targetsThatAreNone(target: String) async throws {
        let service = try await TestService()
        let reply = try await service.raw(
            "GET \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(service.port)\r\nConnection: close\r\n\r\n")
        #expect(reply.status == 404 || reply.status == 400)
        #expect(!reply.text.contains("root:"))
    }

    /// The index's and the model's own places are nobody's business.
    @Test func placesOutsideTheFoldersAreNotTold() async throws {
        let service = try await TestService()
        for target in ["/api/library?failures=true", "/metrics", "/health", "/openapi.json", "/api/jobs"] {
            let text = try await service.ask("GET", target).text
            #expect(!text.contains(service.folder.path + "/index"), "\(target)")
            #expect(!text.contains(service.folder.path + "/model"), "\(target)")
        }
        // There is no model, which the error would like to say with its place.
        let reply = try await service.upload([7])
        #expect(reply.status == 503 && reply.reason == "model_unusable")
        #expect(!reply.text.contains(service.folder.path))
    }

    // MARK: - Sizes and times

    @Test func hugeBodiesAreRefusedUnread() async throws {
        let service = try await TestService { $0.limits.uploadBytes = 1 << 20 }
        let announced = try await service.ask(
            "POST", "/api/uploads", headers: ["Content-Type: video/mp4", "Content-Length: 99999999999"])
        #expect(announced.status == 413)
        // In people's units, with a way out.
        #expect(announced.text.contains("the body is larger than 1 MB"), "\(announced.text)")
        #expect(announced.text.contains("--max-upload"), "\(announced.text)")
        let json = try await service.ask(
            "POST", "/api/search", headers: ["Content-Type: application/json", "Content-Length: 99999999999"])
        #expect(json.status == 413)
        let absurd = try await service.raw(
            "POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99999999999999999999999\r\n\r\n"
        )
        #expect((400..<500).contains(absurd.status))
    }

    /// Whose length nobody knows before it has come.
    @Test func endlessBodiesAreCutOff() async throws {
        let service = try await TestService { $0.limits.uploadBytes = 1 << 20 }
        let port = service.port
        let (reply, sent) = try await blocking {
            let connection = try Loopback(port: port)
            connection.send(
                Array(
                    ("POST /api/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: video/mp4\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n").utf8))
            let piece = Array("10000\r\n".utf8) + [UInt8](repeating: 7, count: 65536) + Array("\r\n".utf8)
            var sent = 0
            while sent < 4000, connection.send(piece) { sent += 1 }
            return (connection.readToEnd(), sent)
        }
        // A quarter of a gigabyte was on offer; what the sockets hold was taken.
        #expect(sent < 4000)
        if !reply.isEmpty { #expect(try Reply(reply).status == 413) }
    }

    @Test func slowHeadersAreCutOff() async throws {
        let service = try await TestService { $0.limits.idleSeconds = 0.5 }
        let port = service.port
        let seconds = try await blocking {
            let connection = try Loopback(port: port)
            let start = Date()
            for byte in Array("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ".utf8)
                + [UInt8](repeating: 65, count: 200)
            {
                guard connection.send([byte]) else { break }
                usleep(50_000)
                var watched = pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)
                if poll(&watched, 1, 0) > 0 { break }
            }
            return Date().timeIntervalSince(start)
        }
        #expect(seconds < 8)
    }

    @Test func slowBodiesAreCutOff() async throws {
        let service = try await TestService { $0.limits.receivingSeconds = 1 }
        let port = service.port
        let seconds = try await blocking {
            let connection = try Loopback(port: port)
            let start = Date()
            connection.send(
                Array(
                    "POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
                        .utf8))
            for _ in 0..<200 {
                guard connection.send([0x20]) else { break }
                usleep(50_000)
                var watched = pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)
                if poll(&watched, 1, 0) > 0 { break }
            }
            return Date().timeIntervalSince(start)
        }
        #expect(seconds < 8)
    }

    @Test func floodsOfHeadersAreRefused() async throws {
        let service = try await TestService()
        let many = (0..<2000).map { "X-\($0): a\r\n" }.joined()
        let long = "X-Long: " + String(repeating: "a", count: 100_000) + "\r\n"
        for headers in [many, long] {
            let port = service.port
            let bytes = try await blocking {
                let connection = try Loopback(port: port)
                connection.send(Array("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\(headers)\r\n".utf8))
                return connection.readToEnd()
            }
            // The connection ends, with or without words.
            if !bytes.isEmpty { #expect(try Reply(bytes).status >= 400) }
        }
        #expect(try await service.ask("GET", "/health").status == 200)
    }

    @Test(arguments: [
        "GARBAGE\r\n\r\n", "GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}",
        "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
        "POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        "GET /health HTTP/1.1\r\n Host: 127.0.0.1\r\n\r\n",
        "CONNECT evil.example:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ])
    func whatIsNoRequest(text: String) async throws {
        let service = try await TestService { $0.limits.idleSeconds = 1 }
        let port = service.port
        let bytes = try await blocking {
            let connection = try Loopback(port: port)
            connection.send(Array(text.utf8))
            return connection.readToEnd()
        }
        if !bytes.isEmpty {
            #expect(try Reply(bytes).status >= 400, "\(String(decoding: bytes, as: UTF8.self))")
        }
        #expect(try await service.ask("GET", "/health").status == 200)
    }
}
