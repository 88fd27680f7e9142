import Base
import Foundation
import HTTPService
import Testing
import TestSupport

/// What index jobs may read, and how the first one begins.
@Suite(.timeLimit(.minutes(3))) struct JobBoundsTests {
    /// A job until it has ended.
    private func run(_ service: TestService, _ folder: String) async throws -> JSONValue? {
        let started = try await service.ask("POST", "/api/jobs", json: ["folders": [.string(folder)]])
        #expect(started.status == 202, "\(started.text)")
        let id = try #require(started.json?["id"]?.intValue)
        _ = try await service.ask("GET", "/api/jobs/\(id)/events")
        return try await service.ask("GET", "/api/jobs/\(id)").json
    }

    private func paths(_ service: TestService) async throws -> [String] {
        let listed = try await service.ask("GET", "/api/videos").json?["videos"]?.arrayValue ?? []
        return listed.compactMap { $0["path"]?.stringValue }
    }

    @Test func jobsFollowNoLinkOutOfTheFolders() async throws {
        let films = try await Films()
        let files = FileManager.default
        let outside = films.folder.path + "/outside"
        try files.createDirectory(atPath: outside + "/deep", withIntermediateDirectories: true)
        for name in ["secret.mp4", "deep/secret.mp4"] {
            try files.copyItem(atPath: films.file("video2.mp4"), toPath: "\(outside)/\(name)")
            // Of a content that no other has.
            try Data("more".utf8).append(to: "\(outside)/\(name)")
        }
        for (name, target) in [
            ("file.mp4", outside + "/secret.mp4"), ("folder", outside), ("up", films.folder.path),
            ("notes.txt", "/etc/hostname"), ("within.mp4", films.file("unindexed/new.mp4")),
        ] {
            try files.createSymbolicLink(atPath: films.file(name), withDestinationPath: target)
        }
        let before = try await films.serve()
        let job = try await run(before, films.videos)
        #expect(job?["state"] == "done", "\(String(describing: job))")
        #expect(job?["result"]?["left_out"]?["outside_links"] == 3)
        // The link within the folders leads to what is there anyway.
        let expected = ["unindexed/new.mp4", "video0.mp4", "video1.mp4", "video2.mp4"].map(films.file)
        #expect(try await paths(before) == expected)
        // The command line follows them.
        try await blocking {
            _ = try Running.output(
                [
                    "index", films.videos, "--index", films.folder.path + "/index", "--model",
                    films.folder.path + "/model",
                ])
        }
        #expect(try await paths(before).contains(outside + "/secret.mp4"))
        // What it has found there stays.
        #expect(try await run(before, films.videos)?["result"]?["removed"] == 0)
    }

    /// From a service without an index to the first answer, as the page goes.
    @Test func theFirstIndexIsMadeFromTheFoldersThatAreOffered() async throws {
        let films = try await Films()
        try FileManager.default.removeItem(atPath: films.folder.path + "/index")
        let closed = try await films.serve()
        let nothing = try await closed.ask("GET", "/api/library")
        #expect(nothing.status == 200, "\(nothing.text)")
        #expect(nothing.json?["model"] == .null && nothing.json?["folders"] == [])
        #expect(nothing.json?["videos"]?["ready"] == 0 && nothing.json?["limits"] != nil)
        #expect(try await closed.ask("GET", "/health").json?["status"] == "no_index")
        let refused = try await closed.ask("POST", "/api/jobs", json: ["folders": [.string(films.videos)]])
        #expect(refused.status == 404, "\(refused.text)")

        let service = try await films.serve { $0.folders = [films.videos] }
        let offered = try await service.ask("GET", "/api/library").json?["folders"]
        #expect(offered == [.string(films.videos)])
        #expect(try await run(service, films.videos)?["result"]?["indexed"] == 3)
        let library = try await service.ask("GET", "/api/library").json
        #expect(library?["model"]?["dimension"] == 32 && library?["videos"]?["ready"] == 4)
        #expect(try await service.ask("POST", "/api/search", json: ["id": 1]).status == 200)
    }
}

extension Data {
    fileprivate func append(to path: String) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        defer { try? file.close() }
        try file.seekToEnd()
        try file.write(contentsOf: self)
    }
}
