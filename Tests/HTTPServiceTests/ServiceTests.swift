import Base
import Foundation
import HTTPService
import Isolation
import Library
import TestSupport
import Testing

/// What the API answers to those who ask properly.
@Suite(.timeLimit(.minutes(2))) struct ServiceTests {
    @Test func anIndexedVideoIsSearchedForByNumberAndByPath() async throws {
        let service = try await TestService(videos: 5)
        let byNumber = try await service.ask("POST", "/api/search", json: ["id": 2, "limit": 3])
        #expect(byNumber.status == 200, "\(byNumber.text)")
        let paths = byNumber.json?["matches"]?.arrayValue?.map { $0["path"]?.stringValue }
        #expect(paths == [1, 0, 2].map(service.path))
        #expect(byNumber.json?["matches"]?.arrayValue?.first?["id"] == 2)
        let byPath = try await service.ask(
            "POST", "/api/search", json: ["video": .string(service.path(1)), "limit": 3])
        #expect(byPath.json?["matches"] == byNumber.json?["matches"])
        let without = try await service.ask("POST", "/api/search", json: ["id": 2, "exclude_self": true])
        #expect(without.json?["matches"]?.arrayValue?.contains { $0["id"] == 2 } == false)
    }

    @Test(arguments: [
        (#"{"id":1,"video":"/a"}"#, 400), (#"{}"#, 400), (#"{"id":"1"}"#, 400), (#"{"id":-1}"#, 400),
        (#"{"id":1,"limit":0}"#, 400), (#"{"id":1,"surprise":1}"#, 400), (#"{"id":1,"from":5,"to":2}"#, 400),
        (#"{"id":1,"min_score":0.5}"#, 400), (#"{"id":77}"#, 404), (#"{"upload":"none"}"#, 404), ("[]", 400),
        ("{", 400), ("", 400),
    ])
    func wrongSearches(body: String, status: Int) async throws {
        let service = try await TestService()
        let reply = try await service.raw(
            "POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(reply.status == status, "\(reply.text)")
        #expect(reply.reason != nil)
    }

    @Test func videosComeInPages() async throws {
        let service = try await TestService(videos: 5)
        let page = try await service.ask("GET", "/api/videos?limit=2&offset=1&order=duration&descending=true")
            .json
        #expect(page?["total"] == 5)
        #expect(page?["videos"]?.arrayValue?.map { $0["path"]?.stringValue } == [3, 2].map(service.path))
        let filtered = try await service.ask("GET", "/api/videos?text=V3.MP&min_duration=5").json
        #expect(filtered?["total"] == 1)
        #expect(try await service.ask("GET", "/api/videos?text=%25").json?["total"] == 0)
        #expect(try await service.ask("GET", "/api/videos/3").json?["path"] == .string(service.path(2)))
        for query in [
            "limit=0", "limit=x", "surprise=1", "limit=1&limit=2", "order=size;drop", "descending=1",
            "text=%zz", "text=%ff",
        ] {
            #expect(try await service.ask("GET", "/api/videos?\(query)").status == 400, "\(query)")
        }
    }

    @Test func previewsComeInRanges() async throws {
        let service = try await TestService()
        let file = Array(try Data(contentsOf: URL(fileURLWithPath: service.path(0))))
        func get(_ headers: String...) async throws -> Reply {
            try await service.ask("GET", "/api/videos/1/preview", headers: headers)
        }
        let whole = try await get()
        #expect(whole.status == 200 && whole.body == file)
        #expect(whole.headers["content-type"] == "video/mp4" && whole.headers["accept-ranges"] == "bytes")
        let tag = try #require(whole.headers["etag"])
        for (range, wanted) in [
            ("bytes=0-9", 0..<10), ("bytes=10-", 10..<file.count),
            ("bytes=-7", (file.count - 7)..<file.count),
            ("bytes=5-999999", 5..<file.count), ("bytes=-999999", 0..<file.count),
            ("bytes=0-\(Int.max)", 0..<file.count), ("bytes=-\(Int.max)", 0..<file.count),
        ] {
            let part = try await get("Range: \(range)")
            #expect(part.status == 206 && part.body == Array(file[wanted]), "\(range)")
            #expect(
                part.headers["content-range"]
                    == "bytes \(wanted.lowerBound)-\(wanted.upperBound - 1)/\(file.count)")
        }
        let beyond = try await get("Range: bytes=\(file.count)-")
        #expect(beyond.status == 416 && beyond.headers["content-range"] == "bytes */\(file.count)")
        #expect(try await get("Range: bytes=\(Int.max)-\(Int.max)").status == 416)
        for range in ["bytes=0-1,3-4", "bytes=9-3", "bytes=a-b", "lines=0-1", "bytes=99999999999999999999-"] {
            #expect(try await get("Range: \(range)").status == 200, "\(range)")
        }
        #expect(try await get("Range: bytes=0-9", "If-Range: \"other\"").status == 200)
        #expect(try await get("Range: bytes=0-9", "If-Range: \(tag)").status == 206)
        #expect(try await get("If-None-Match: \(tag)").status == 304)
        let head = try await service.ask("HEAD", "/api/videos/1/preview")
        #expect(
            head.status == 200 && head.body.isEmpty && head.headers["content-length"] == String(file.count))
    }

    @Test func mixturesAreLaidOutInAPlane() async throws {
        let service = try await TestService()
        let projection = try await service.ask("GET", "/api/projection?videos=1,3").json
        let videos = try #require(projection?["videos"]?.arrayValue)
        #expect(videos.map { $0["id"] } == [1, 3])
        #expect(videos.map { $0["clips"]?.arrayValue?.count } == [2, 2])
        let share = try #require(projection?["shares"]?.arrayValue?.first?.doubleValue)
        #expect(share > 0.9 && share <= 1)
        for query in ["videos=", "videos=a", "videos=1,,2", "upload=", "videos=-1"] {
            #expect(
                (400..<500).contains(try await service.ask("GET", "/api/projection?\(query)").status),
                "\(query)")
        }
        #expect(try await service.ask("GET", "/api/projection?videos=77").status == 404)
    }

    @Test func healthMetricsAndTheDocument() async throws {
        let service = try await TestService()
        #expect(try await service.ask("GET", "/health").json?["status"] == "ok")
        let metrics = try await service.ask("GET", "/metrics")
        #expect(metrics.text.contains("mixtape_videos 3\n"))
        #expect(
            metrics.text.contains(
                "mixtape_http_requests_total{route=\"/health\",method=\"GET\",status=\"200\"} 1\n"))
        for line in metrics.text.split(separator: "\n") where !line.hasPrefix("#") {
            let value = line.split(separator: " ").last.flatMap { Double($0) }
            #expect(value != nil, "\(line)")
        }
        let document = try #require(try await service.ask("GET", "/openapi.json").json)
        #expect(document["openapi"] == "3.1.0")
    }

    @Test func wrongMethodsNameTheRightOnes() async throws {
        let service = try await TestService()
        let reply = try await service.ask("DELETE", "/api/videos/1")
        #expect(reply.status == 405 && reply.headers["allow"] == "GET, HEAD")
        #expect(try await service.ask("TRACE", "/api/search").headers["allow"] == "POST")
    }

    @Test func everyAnswerKeepsPagesOut() async throws {
        let service = try await TestService()
        for (method, target) in [
            ("GET", "/"), ("GET", "/api/videos"), ("GET", "/nothing"), ("POST", "/api/search"),
        ] {
            let headers = try await service.ask(method, target).headers
            let policy = try #require(headers["content-security-policy"])
            #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
            #expect(!policy.contains("unsafe") && !policy.contains("*"))
            #expect(headers["x-content-type-options"] == "nosniff")
            #expect(headers["cross-origin-resource-policy"] == "same-origin")
        }
        let page = try await service.ask("GET", "/")
        #expect(page.text.contains("<title>Mixtape</title>"))
        #expect(
            !page.text.contains("style=") && !page.text.contains("onclick") && !page.text.contains("<style"))
        // Every part of the page is the service's own.
        for script in [
            "main", "api", "elements", "first", "search", "compare", "mixture", "library", "duplicates",
            "jobs",
        ] {
            let part = try await service.ask("GET", "/page/\(script).js")
            #expect(part.status == 200 && part.headers["content-type"] == "text/javascript; charset=utf-8")
            #expect(!part.text.contains("innerHTML") && !part.text.contains("https:"))
        }
    }

    // MARK: - Duplicates

    @Test func decisionsAreMadeAndTakenBack() async throws {
        let service = try await TestService(videos: 4)
        let found = try await service.ask("POST", "/api/duplicates", json: ["max_distance": 1])
        #expect(found.status == 200, "\(found.text)")
        #expect(found.json?["videos"] == 4)
        // There are no scores without a model.
        #expect(
            try await service.ask("POST", "/api/duplicates", json: ["min_score": .number(0.5)]).status == 400)
        let pair: JSONValue = [.string(service.path(0)), .string(service.path(1))]
        func decide(_ body: JSONValue) async throws -> Reply {
            try await service.ask("POST", "/api/duplicates/decisions", json: body)
        }
        #expect(try await decide(["paths": pair]).json?["changed"] == 1)
        #expect(try await decide(["paths": pair]).json?["changed"] == 0)
        let decisions = try await service.ask("GET", "/api/duplicates/decisions").json?["decisions"]?
            .arrayValue
        #expect(
            decisions?.first?["paths"]?.arrayValue?.compactMap { $0.arrayValue?.first } == pair.arrayValue)
        #expect(try await decide(["paths": pair, "withdraw": true]).json?["changed"] == 1)
        #expect(try await service.ask("GET", "/api/duplicates/decisions").json?["decisions"] == [])
        for (body, status): (JSONValue, Int) in [
            (["paths": [.string(service.path(0))]], 400), ([:], 400), (["paths": pair, "withdraw": 1], 400),
            (["paths": [.string(service.path(0)), "/etc/passwd"]], 404),
            (["paths": [.string(service.path(0)), .string(service.root + "/../videos/v1.mp4")]], 404),
        ] {
            #expect(try await decide(body).status == status, "\(body.serialized())")
        }
    }

    @Test func aFileThatIsNoVideoHasNoThumbnail() async throws {
        let service = try await TestService()
        let reply = try await service.ask("GET", "/api/videos/1/thumbnail")
        #expect(reply.status == 422 && reply.reason == "unrecognised_format", "\(reply.text)")
        for query in ["time=-1", "width=5", "width=99999", "time=x"] {
            #expect(
                try await service.ask("GET", "/api/videos/1/thumbnail?\(query)").status == 400, "\(query)")
        }
    }

    // MARK: - Limits

    @Test func tooManyRequestsAreToldToWait() async throws {
        let service = try await TestService { $0.limits.requestsPerSecond = 5 }
        var statuses: [Int] = []
        for _ in 0..<30 {
            let reply = try await service.ask("GET", "/health")
            statuses.append(reply.status)
            if reply.status == 429 { #expect(Int(reply.headers["retry-after"] ?? "") ?? 0 >= 1) }
        }
        #expect(statuses.first == 200)
        #expect(statuses.contains(429))
    }

    @Test func tooManyUploadsAreToldToWait() async throws {
        let service = try await TestService { $0.limits.uploads = 1 }
        let port = service.port
        // Uploads that wait for the rest of their bodies. One that meets the one below is itself told to wait; the next holds.
        var held: [UnsafeTransfer<Loopback>] = []
        var isTold = false
        for _ in 0..<20 where !isTold {
            held.append(
                try await blocking {
                    let connection = try Loopback(port: port)
                    connection.send(
                        Array(
                            "POST /api/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: video/mp4\r\nContent-Length: 50\r\n\r\nx"
                                .utf8))
                    return UnsafeTransfer(connection)
                })
            let second = try await service.raw(
                "POST /api/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: video/mp4\r\nContent-Length: 3\r\n\r\nabc"
            )
            isTold = second.status == 429 && second.headers["retry-after"] != nil
        }
        #expect(isTold)
        withExtendedLifetime(held) {}
    }

    // MARK: - Token

    @Test func aTokenIsAskedFor() async throws {
        let token = "0123456789abcdef0123"
        let service = try await TestService { $0.token = token }
        #expect(try await service.ask("GET", "/").status == 200)
        #expect(try await service.ask("GET", "/health").json?["needs_token"] == true)
        for headers in [
            [], ["Authorization: Bearer wrong"], ["Authorization: \(token)"],
            ["Cookie: mixtape_session=\(token)"],
        ] {
            let reply = try await service.ask("GET", "/api/videos", headers: headers)
            #expect(reply.status == 401 && !reply.text.contains(service.root))
        }
        #expect(
            try await service.ask("GET", "/api/videos", headers: ["Authorization: bearer \(token)"]).status
                == 200)
        #expect(
            try await service.ask("GET", "/api/videos", headers: ["Authorization: Bearer \(token)"]).status
                == 200)
        #expect(try await service.ask("POST", "/session", json: ["token": "wrong"]).status == 401)
        let entered = try await service.ask("POST", "/session", json: ["token": .string(token)])
        #expect(entered.status == 204)
        let cookie = try #require(entered.headers["set-cookie"])
        #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains(token))
        let session = "Cookie: other=1; \(cookie.prefix { $0 != ";" })"
        #expect(try await service.ask("GET", "/api/videos", headers: [session]).status == 200)
        #expect(try await service.ask("DELETE", "/session", headers: [session]).status == 204)
        #expect(try await service.ask("GET", "/api/videos", headers: [session]).status == 401)
    }

    @Test func othersAreServedOnlyWithAToken() throws {
        var options = HTTPOptions(
            address: try #require(ListenAddress("0.0.0.0:8377")), worker: .at(BuiltProgram.path),
            modelFolder: "/model")
        #expect(throws: LibraryError.self) { try HTTPServer.check(options) }
        options.token = "short"
        #expect(throws: LibraryError.self) { try HTTPServer.check(options) }
        options.token = "0123456789abcdef0123"
        try HTTPServer.check(options)
        options = HTTPOptions(
            address: try #require(ListenAddress("8377")), worker: .at(BuiltProgram.path),
            modelFolder: "/model")
        try HTTPServer.check(options)
    }

    @Test(arguments: [
        "example.com:80", "127.0.0.1", ":80", "127.0.0.1:99999", "127.0.0.1:-1", "::1:80", "[127.0.0.1]:80",
        "",
    ])
    func addressesThatAreNone(text: String) { #expect(ListenAddress(text) == nil) }

    // MARK: - Jobs

    @Test func aJobThatFailsSaysSoToItsFollowers() async throws {
        let service = try await TestService()
        let started = try await service.ask("POST", "/api/jobs", json: [:])
        #expect(started.status == 202)
        let id = try #require(started.json?["id"]?.intValue)
        #expect(started.headers["location"] == "/api/jobs/\(id)")
        // There is no model to index with; the stream ends with the job.
        let events = try await service.ask("GET", "/api/jobs/\(id)/events")
        #expect(events.headers["content-type"] == "text/event-stream")
        let last = try #require(
            events.text.components(separatedBy: "\n\n").last { $0.hasPrefix("event: job") })
        let job = try JSONValue(
            parsing: String(try #require(last.split(separator: "\n").last).dropFirst("data: ".count)))
        #expect(job["state"] == "failed")
        #expect(job["error"]?["error"]?["data"]?["reason"] == "model_unusable")
        #expect(job == (try await service.ask("GET", "/api/jobs/\(id)").json))
        #expect(try await service.ask("GET", "/api/jobs/99").status == 404)
        for body: JSONValue in [["workers": 0], ["folders": []], ["folders": "x"], ["surprise": 1]] {
            #expect(try await service.ask("POST", "/api/jobs", json: body).status == 400)
        }
    }

    // MARK: - Ending

    /// One waits with its next request, one in the middle of one: left to themselves, they would stay for an hour.
    @Test func theServiceEndsThoughClientsStay() async throws {
        let service = try await TestService {
            $0.limits.idleSeconds = 3600
            $0.limits.receivingSeconds = 3600
        }
        let port = service.port
        let clients = try await blocking {
            let idle = try Loopback(port: port)
            idle.send(Array("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8))
            #expect(!idle.read { !$0.isEmpty }.isEmpty)
            let slow = try Loopback(port: port)
            slow.send(
                Array(
                    "POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"
                        .utf8))
            usleep(500_000)
            return UnsafeTransfer([idle, slow])
        }
        #expect(await service.ends(withinSeconds: 8))
        _ = clients
    }
}
