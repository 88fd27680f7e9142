import Base
import Foundation
import HTTPService
import Isolation
import Testing
import TestSupport

/// One question, asked in every way that there is: one answer, to the last digit.
@Suite(.timeLimit(.minutes(5))) struct AgreementTests {
    /// Of each way, the matches.
    private struct Answers {
        var ways: [(name: String, matches: JSONValue?)] = []

        mutating func add(_ name: String, _ result: JSONValue?) { ways.append((name, result?["matches"])) }

        func agree(_ question: String) throws {
            let first = try #require(ways.first?.matches?.arrayValue, "\(question)")
            #expect(!first.isEmpty, "\(question)")
            for way in ways.dropFirst() {
                #expect(way.matches == .array(first), "\(question): \(way.name)")
            }
        }
    }

    private struct Options {
        var command: [String]
        var json: [JSONValue.Member]
    }

    private static let options = [
        Options(command: [], json: []),
        Options(command: ["--granularity", "video"], json: [.init("granularity", "video")]),
        Options(command: ["--granularity", "scene"], json: [.init("granularity", "scene")]),
        Options(
            command: ["--mode", "iid", "--samples", "4"],
            json: [.init("mode", "iid"), .init("samples", 4)]),
    ]

    @Test func everyWayOfAskingGivesOneAnswer() async throws {
        let library = try await TellingFilms()
        let service = try await TestService(folder: library.folder, modelFolder: library.model) { options in
            options.worker = .at(BuiltProgram.path)
            // However many there are, a worker takes as many threads as it has room for.
            options.processors = 400
        }
        let wholeUpload = try await service.upload(library.excerpt)
        let partUpload = try await service.upload(library.videos + "/video0.mp4", "?from=2.3&to=6.1")
        let uploads = [wholeUpload, partUpload].map { $0.json?["id"] ?? .null }
        #expect(!uploads.contains(.null), "\(wholeUpload.text) \(partUpload.text)")
        let video = library.videos + "/video0.mp4"
        let part: [JSONValue.Member] = [.init("from", .number(2.3)), .init("to", .number(6.1))]
        for options in Self.options {
            func ask(_ query: [JSONValue.Member]) async throws -> JSONValue? {
                let reply = try await service.ask("POST", "/api/search", json: .object(query + options.json))
                #expect(reply.status == 200, "\(reply.text)")
                return reply.json
            }
            // A file that the index does not hold: an altered excerpt of one that it does.
            var answers = Answers()
            let named = JSONValue.Member("video", .string(library.excerpt))
            answers.add("command line", try await library.search([library.excerpt] + options.command))
            answers.add("lines", try await library.lines([named] + options.json))
            answers.add("path", try await ask([named]))
            answers.add("upload", try await ask([.init("upload", uploads[0])]))
            try answers.agree("an excerpt \(options.command)")
            if options.command.isEmpty {
                // What the whole of it is about: the excerpt is found, at its place.
                let first = answers.ways[0].matches?.arrayValue?.first
                #expect(first?["path"] == .string(video) && first?["shares_footage"] == true)
                let segment = first?["segments"]?.arrayValue?.first?["target"]?.arrayValue
                #expect(abs((segment?.first?.doubleValue ?? 99) - 2.3) < 1, "\(String(describing: segment))")
            }
            // A part of an indexed one.
            answers = Answers()
            answers.add(
                "command line",
                try await library.search([video, "--from", "2.3", "--to", "6.1"] + options.command))
            answers.add(
                "lines", try await library.lines([.init("video", .string(video))] + part + options.json))
            answers.add("id", try await ask([.init("id", .number(library.number(of: video)))] + part))
            answers.add("path", try await ask([.init("video", .string(video))] + part))
            answers.add("upload", try await ask([.init("upload", uploads[1])]))
            try answers.agree("a part \(options.command)")
            // An indexed one as it is.
            answers = Answers()
            answers.add("command line", try await library.search([video] + options.command))
            answers.add("lines", try await library.lines([.init("video", .string(video))] + options.json))
            answers.add("id", try await ask([.init("id", .number(library.number(of: video)))]))
            try answers.agree("an indexed video \(options.command)")
        }
    }
}

/// Films of eight seconds, indexed with the default model, and an altered excerpt of the first that is not.
struct TellingFilms: Sendable {
    let folder: TemporaryFolder
    let model = Repository.path + "/models/default"
    var videos: String { folder.path + "/videos" }
    var excerpt: String { videos + "/unindexed/excerpt.mp4" }
    private let numbers: [String: Int]

    private var options: [String] { ["--index", folder.path + "/index", "--model", model] }

    init() async throws {
        folder = try TemporaryFolder()
        let (path, videos, excerpt) = (
            folder.path, folder.path + "/videos", folder.path + "/videos/unindexed/excerpt.mp4"
        )
        let options = ["--index", path + "/index", "--model", model]
        numbers = try await blocking {
            try FileManager.default.createDirectory(
                atPath: videos + "/unindexed", withIntermediateDirectories: true)
            let coded = ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast"]
            for (number, source) in [
                "mandelbrot=s=160x120:r=20", "testsrc2=s=160x120:r=20", "life=s=160x120:r=20:seed=7",
            ]
            .enumerated() {
                try FFmpeg.draw(source, seconds: 8, to: "\(videos)/video\(number).mp4", coded)
            }
            try Running.output(["index", videos] + options)
            let part = ["-ss", "2.3", "-t", "3.8", "-i", "\(videos)/video0.mp4"]
            try FFmpeg.run(part + ["-vf", "scale=128:96", "-crf", "30"] + coded + [excerpt])
            let lines = try Running.output(
                ["serve"] + options, input: #"{"jsonrpc":"2.0","id":1,"method":"videos"}"# + "\n")
            let listed = try JSONValue(parsing: lines)["result"]?["videos"]?.arrayValue ?? []
            return Dictionary(
                uniqueKeysWithValues: listed.compactMap { video in
                    video["path"]?.stringValue.flatMap { path in video["id"]?.intValue.map { (path, $0) } }
                })
        }
    }

    func number(of path: String) -> Int { numbers[path] ?? -1 }

    /// What the command line prints.
    func search(_ arguments: [String]) async throws -> JSONValue {
        try await blocking { [options] in
            try JSONValue(parsing: try Running.output(["search"] + arguments + ["--json"] + options))
        }
    }

    /// What a service over lines answers.
    func lines(_ parameters: [JSONValue.Member]) async throws -> JSONValue? {
        let request: JSONValue = [
            "jsonrpc": "2.0", "id": 1, "method": "search", "params": .object(parameters),
        ]
        return try await blocking { [options] in
            try JSONValue(
                parsing: try Running.output(["serve"] + options, input: request.serialized() + "\n"))[
                    "result"]
        }
    }
}
