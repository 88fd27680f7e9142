import Foundation
import HTTPService
import Isolation
import Testing
import TestSupport

/// Videos that worker processes read: uploads, parts, files that the index does not hold.
@Suite(.timeLimit(.minutes(3))) struct UploadTests {
    @Test func anUploadFindsItsOriginal() async throws {
        let films = try await Films.shared.value
        let service = try await films.serve()
        let upload = try await service.upload(films.file("video2.mp4"), "?name=q%C3%BCery.mp4")
        #expect(upload.status == 201, "\(upload.text)")
        #expect(upload.json?["name"] == "qüery.mp4" && upload.json?["clips"]?.intValue ?? 0 >= 1)
        let id = try #require(upload.json?["id"])
        let result = try await service.ask("POST", "/api/search", json: ["upload": id, "limit": 2])
        #expect(result.status == 200, "\(result.text)")
        #expect(result.json?["matches"]?.arrayValue?.first?["path"] == .string(films.videos + "/video2.mp4"))
        #expect(abs(result.json?["matches"]?.arrayValue?.first?["distance"]?.doubleValue ?? 9) < 1e-3)
        #expect(result.json?["query"]?["path"] == "qüery.mp4" && result.json?["query"]?["indexed"] == false)
        // Laid out beside what it found.
        let plane = try await service.ask("GET", "/api/projection?upload=\(id.stringValue ?? "")&videos=1")
        #expect(plane.json?["videos"]?.arrayValue?.map { $0["id"] } == [.null, 1])
        // Nothing of it is left in the folder of temporary files.
        let left = try FileManager.default.contentsOfDirectory(atPath: films.folder.path + "/tmp")
        #expect(left == [])
    }

    @Test func partsAndNewFilesAreSearchedFor() async throws {
        let films = try await Films.shared.value
        let service = try await films.serve()
        let part = try await service.ask(
            "POST", "/api/search", json: ["id": 1, "from": .number(0.5), "to": .number(1.5)])
        #expect(part.status == 200, "\(part.text)")
        #expect(part.json?["query"]?["from"] == .number(0.5) && part.json?["query"]?["indexed"] == false)
        let beyond = try await service.ask("POST", "/api/search", json: ["id": 1, "from": 500])
        #expect(beyond.status == 422 && beyond.reason == "empty_range")
        let new = try await service.ask(
            "POST", "/api/search", json: ["video": .string(films.videos + "/unindexed/new.mp4"), "limit": 1])
        #expect(new.status == 200, "\(new.text)")
        #expect(new.json?["query"]?["path"] == .string(films.videos + "/unindexed/new.mp4"))
    }

    /// More of them than there are places; larger ones than those that are read in one go.
    @Test func refusedUploadsFreeTheirPlaces() async throws {
        let films = try await Films.shared.value
        let service = try await films.serve()
        let body = [UInt8](repeating: 7, count: 400_000)
        for type in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"] {
            for _ in 0..<8 {
                let reply = try await service.upload(body, type: type)
                #expect(reply.status == 415, "\(reply.text)")
            }
        }
        let upload = try await service.upload(films.file("video2.mp4"))
        #expect(upload.status == 201, "\(upload.text)")
    }

    @Test func thumbnailsArePictures() async throws {
        let films = try await Films.shared.value
        let service = try await films.serve()
        let picture = try await service.ask("GET", "/api/videos/1/thumbnail?time=1&width=64")
        #expect(picture.status == 200 && picture.headers["content-type"] == "image/jpeg")
        #expect(picture.body.starts(with: [0xFF, 0xD8, 0xFF]))
        let tag = try #require(picture.headers["etag"])
        let again = try await service.ask(
            "GET", "/api/videos/1/thumbnail?time=1&width=64", headers: ["If-None-Match: \(tag)"])
        #expect(again.status == 304 && again.body.isEmpty)
    }

    /// Files that are no videos, or half of one, or say wrong things of themselves.
    @Test func hostileFilesAreRefused() async throws {
        let films = try await Films.shared.value
        let service = try await films.serve()
        let whole = try Data(contentsOf: URL(fileURLWithPath: films.file("video0.mp4")))
        var scrambled = whole
        for place in stride(from: 0, to: scrambled.count, by: 7) { scrambled[place] &+= 101 }
        let playlist = "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
        for bytes in [
            Data("not a video".utf8), whole.prefix(whole.count / 3), scrambled, Data(playlist.utf8),
            Data("ffconcat version 1.0\nfile '/etc/passwd'\n".utf8), Data(count: 100_000),
        ] {
            let reply = try await service.upload(Array(bytes))
            #expect(reply.status == 422, "\(reply.text)")
            #expect(!reply.text.contains("/"), "\(reply.text)")
        }
        #expect(try await service.upload([]).status == 400)
        #expect(try await service.ask("GET", "/health").json?["status"] == "ok")
    }

    @Test func workersAreEndedAtTheirLimits() async throws {
        let films = try await Films.shared.value
        let late = try await films.serve { $0.limits.workerSeconds = 0.01 }
        let tooLate = try await late.upload(films.file("video0.mp4"))
        #expect(tooLate.status == 422 && tooLate.reason == "time_limit", "\(tooLate.text)")
        let small = try await films.serve { $0.limits.workerMemory = 48 << 20 }
        // A sanitizer's own tables take more than any limit; workers are built without it then.
        #if !SANITIZED
            let tooLarge = try await small.upload(films.file("video0.mp4"))
            #expect(tooLarge.status == 422 && tooLarge.reason == "decoder_failed", "\(tooLarge.text)")
        #endif
        let short = try await films.serve { $0.limits.videoSeconds = 1 }
        let tooLong = try await short.upload(films.file("video0.mp4"))
        #expect(tooLong.status == 422 && tooLong.reason == "too_long", "\(tooLong.text)")
        #expect(
            tooLong.text.contains("limit of 1 seconds") && tooLong.text.contains("choose a part of it")
        )
        // A part that is short enough is read.
        #expect(try await short.upload(films.file("video0.mp4"), "?from=0.5&to=1.4").status == 201)
        for service in [late, small, short] {
            #expect(try await service.ask("GET", "/health").json?["status"] == "ok")
        }
    }

    /// How long a video lasts is what it shows, whatever its header says.
    @Test func theLengthIsThatOfWhatIsShown() async throws {
        let films = try await Films.shared.value
        let folder = try TemporaryFolder()
        let path = folder.path + "/plain.flv"
        try FFmpeg.run(["-i", films.file("video0.mp4"), "-c:v", "flv1", path])
        let plain = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        // A number's type stands behind its name.
        let name = Array("duration".utf8) + [0]
        let start = try #require(plain.indices.first { plain[$0...].starts(with: name) }) + name.count
        func claiming(_ seconds: Double) -> [UInt8] {
            var bytes = plain
            let bits = withUnsafeBytes(of: seconds.bitPattern.bigEndian) { Array($0) }
            bytes.replaceSubrange(start..<(start + 8), with: bits)
            return bytes
        }
        let service = try await films.serve()
        #expect(try await service.upload(claiming(7200)).status == 201)
        let short = try await films.serve { $0.limits.videoSeconds = 1 }
        for seconds in [0.5, 2, 7200] {
            let reply = try await short.upload(claiming(seconds))
            #expect(reply.status == 422 && reply.reason == "too_long", "\(seconds): \(reply.text)")
        }
    }

    /// A picture that stands for hours costs a clip.
    @Test func clipsOfOnePictureAreOne() async throws {
        let films = try await Films.shared.value
        let folder = try TemporaryFolder()
        let path = try FFmpeg.draw(
            "smptebars=s=64x48:r=1/9.9", seconds: 99, to: folder.file("still.gif"), [])
        let reply = try await films.serve().upload(path)
        #expect(reply.status == 201, "\(reply.text)")
        #expect(reply.json?["clips"] == 1, "\(reply.text)")
    }

    /// Not a limit but a crash: any process that ends without an answer.
    @Test func aWorkerThatDiesTakesNothingWithIt() async throws {
        let films = try await Films.shared.value
        let service = try await films.serve { $0.worker = .at("/bin/false") }
        let reply = try await service.upload(films.file("video0.mp4"))
        #expect(reply.status == 422 && reply.reason == "decoder_failed", "\(reply.text)")
        #expect(try await service.ask("POST", "/api/search", json: ["id": 1]).status == 200)
        #expect(
            try await service.ask("GET", "/metrics").text.contains(
                "mixtape_workers_total{ending=\"decoder_failed\"} 1"))
    }

    /// One that a video took over, and that would take the service's memory or time.
    @Test(arguments: [
        #"line=$(yes '[0],' | head -n 2000 | tr -d '\n'); yes "[$line[0]]""#, "yes '[0],' | tr -d '\\n'",
        "yes ''",
        "yes '{}'",
    ])
    func whatNoWorkerSaysIsNoAnswer(script: String) async throws {
        let films = try await Films.shared.value
        let folder = try TemporaryFolder()
        let worker = folder.path + "/worker"
        try "#!/bin/sh\n\(script)\n".write(toFile: worker, atomically: false, encoding: .utf8)
        chmod(worker, 0o755)
        let service = try await films.serve { $0.worker = .at(worker) }
        let start = ContinuousClock.now
        let reply = try await service.upload(films.file("video0.mp4"))
        #expect(reply.status == 422 && reply.reason == "decoder_failed", "\(reply.text)")
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    /// Where the system fails to set up some limit, the worker says so first.
    @Test func aNoticeIsNoPartOfTheAnswer() async throws {
        let films = try await Films.shared.value
        let folder = try TemporaryFolder()
        let worker = folder.path + "/worker"
        try "#!/bin/sh\necho '{\"not_limited_by\":[\"seccomp\"]}'\nexec '\(BuiltProgram.path)' \"$@\"\n"
            .write(
                toFile: worker, atomically: false, encoding: .utf8)
        chmod(worker, 0o755)
        let service = try await films.serve { $0.worker = .at(worker) }
        let reply = try await service.upload(films.file("video0.mp4"))
        #expect(reply.status == 201, "\(reply.text)")
    }

    /// Whose worker would take an hour: it is given the time that is left for endings, and no more.
    @Test func theServiceEndsThoughARequestRuns() async throws {
        let films = try await Films.shared.value
        let folder = try TemporaryFolder()
        let worker = try SleepingWorker(in: folder)
        let service = try await films.serve {
            $0.worker = .at(worker.path)
            $0.limits.workerSeconds = 3600
        }
        let (port, file) = (service.port, films.file("video0.mp4"))
        let client = try await blocking {
            let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
            let connection = try Loopback(port: port)
            let head =
                "POST /api/uploads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: video/mp4\r\n"
                + "Content-Length: \(bytes.count)\r\n\r\n"
            connection.send(Array(head.utf8) + bytes)
            _ = try worker.takeProcess()
            return UnsafeTransfer(connection)
        }
        #expect(await service.ends(withinSeconds: 8))
        _ = client
    }

    /// That is no matter of the video.
    @Test func aDecoderThatCannotBeStartedIsTheServices() async throws {
        let films = try await Films.shared.value
        let service = try await films.serve { $0.worker = .at($0.modelFolder + "/none") }
        let upload = try await service.upload(films.file("video0.mp4"))
        #expect(upload.status == 503 && upload.reason == "decoder_unavailable", "\(upload.text)")
        #expect(!upload.text.contains("/"), "\(upload.text)")
    }

    @Test func aJobIndexesWhatIsNew() async throws {
        let films = try await Films()
        let service = try await films.serve()
        let before = try await service.ask("GET", "/api/library").json
        let started = try await service.ask(
            "POST", "/api/jobs", json: ["folders": [.string(films.videos + "/unindexed")]])
        #expect(started.status == 202, "\(started.text)")
        let id = try #require(started.json?["id"]?.intValue)
        let events = try await service.ask("GET", "/api/jobs/\(id)/events")
        #expect(events.text.contains("\"state\":\"done\""), "\(events.text)")
        let job = try await service.ask("GET", "/api/jobs/\(id)").json
        // The same content as another file's, so nothing is encoded anew.
        #expect(job?["result"]?["copied"] == 1)
        let after = try await service.ask("GET", "/api/library").json
        #expect(after?["videos"]?["ready"]?.intValue == (before?["videos"]?["ready"]?.intValue ?? 0) + 1)
    }
}

/// Short films, a small model and an index, made with the program.
struct Films: Sendable {
    /// Made once for the tests that change nothing.
    static let shared = Task { try await Films() }

    let folder: TemporaryFolder
    var videos: String { folder.path + "/videos" }

    /// Three indexed videos of two seconds, and one that is not.
    init() async throws {
        folder = try TemporaryFolder()
        let (path, videos) = (folder.path, folder.path + "/videos")
        try await blocking { [folder] in
            for name in ["videos/unindexed", "tmp"] { try folder.makeFolder(name) }
            for (number, source) in ["testsrc2", "mandelbrot", "smptebars"].enumerated() {
                try FFmpeg.draw(
                    "\(source)=s=96x72:r=10", seconds: 2, to: "\(videos)/video\(number).mp4",
                    ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast"])
            }
            let options = ["--index", path + "/index", "--model", path + "/model"]
            try Running.output(["model", "create", path + "/model", "--width", "4", "--dimension", "32"])
            try Running.output(["index", videos] + options)
            try FileManager.default.copyItem(
                atPath: videos + "/video1.mp4", toPath: videos + "/unindexed/new.mp4")
        }
    }

    func file(_ name: String) -> String { "\(videos)/\(name)" }

    /// A service over the films.
    func serve(_ configure: (inout HTTPOptions) -> Void = { _ in }) async throws -> TestService {
        try await TestService(folder: folder, modelFolder: folder.path + "/model") { options in
            options.worker = .at(BuiltProgram.path)
            options.temporaryFolder = folder.path + "/tmp"
            options.processors = 2
            configure(&options)
        }
    }
}
