import Base
import Foundation
import HTTPService
import Isolation
import Testing
import TestSupport

/// One question, asked in every way that there is: one answer, to the last digit.
@Suite(.timeLimit(.minutes(5))) struct AgreementTests {
    /// Of each way, the matches.
    fileprivate struct Answers {
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

    fileprivate struct Options {
        var command: [String]
        var json: [JSONValue.Member]
    }

    fileprivate static let options = [
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

extension AgreementTests {
    /// Of a file with two films, the one that is asked for by its number; the main one's number says nothing new.
    @Test func aChosenStreamHasOneAnswer() async throws {
        let library = try await TellingFilms()
        let angles = library.videos + "/unindexed/angles.mkv"
        try await blocking {
            try FFmpeg.run(
                ["-i", library.videos + "/video2.mp4", "-i", library.excerpt, "-map", "0:v", "-map", "1:v"]
                    + ["-c", "copy", "-disposition:v:0", "default", "-disposition:v:1", "0", angles])
        }
        let service = try await TestService(folder: library.folder, modelFolder: library.model) { options in
            options.worker = .at(BuiltProgram.path)
            options.processors = 400
        }
        func ask(_ query: [JSONValue.Member]) async throws -> JSONValue? {
            let reply = try await service.ask("POST", "/api/search", json: .object(query))
            #expect(reply.status == 200, "\(reply.text)")
            return reply.json
        }
        // The closed form, and samples, which are drawn by what the file holds.
        let kinds = [Self.options[0], Self.options[3]]
        func answers(_ stream: Int?, _ options: Options, uploads: Bool = true) async throws -> Answers {
            let chosen = stream.map { [JSONValue.Member("stream", .number($0))] } ?? []
            let named = [JSONValue.Member("video", .string(angles))] + chosen + options.json
            let command = stream.map { ["--stream", "\($0)"] } ?? []
            var answers = Answers()
            answers.add("command line", try await library.search([angles] + command + options.command))
            answers.add("lines", try await library.lines(named))
            answers.add("batch", try await library.batch(named))
            answers.add("path", try await ask(named))
            guard uploads else { return answers }
            let upload = try await service.upload(angles, stream.map { "?stream=\($0)" } ?? "")
            answers.add(
                "upload", try await ask([.init("upload", upload.json?["id"] ?? .null)] + options.json))
            return answers
        }
        let video = JSONValue.string(library.videos + "/video0.mp4")
        for options in kinds {
            var main = try await answers(nil, options)
            main.ways += try await answers(0, options).ways
            try main.agree("the main stream \(options.command)")
            let other = try await answers(1, options)
            try other.agree("the other stream \(options.command)")
            #expect(other.ways[0].matches?.arrayValue?.first?["path"] == video)
            #expect(main.ways[0].matches?.arrayValue?.first?["path"] != video)
        }

        // It is indexed over HTTP, by its number, and is then known by its path.
        for (folders, stream): (JSONValue, Int) in [
            ([.string(library.videos)], 1), ([.string(angles)], 70_000),
        ] {
            let refused = try await service.ask(
                "POST", "/api/jobs", json: ["folders": folders, "stream": .number(stream)])
            #expect(refused.status == 400, "\(refused.text)")
            #expect(refused.json?["error"]?["data"]?["parameter"] == "stream", "\(refused.text)")
        }
        let started = try await service.ask(
            "POST", "/api/jobs", json: ["folders": [.string(angles)], "stream": 1])
        #expect(started.status == 202, "\(started.text)")
        let events = try await service.ask(
            "GET", "/api/jobs/\(started.json?["id"]?.intValue ?? 0)/events")
        #expect(events.text.contains("\"state\":\"done\""), "\(events.text)")
        let found = try await service.ask("GET", "/api/videos?text=angles").json
        let listed = try #require(found?["videos"]?.arrayValue?.first)
        #expect(listed["stream"] == 1)
        let number = listed["id"] ?? .null
        let streams = try await service.ask("GET", "/api/videos/\(number.intValue ?? 0)/streams")
        #expect(streams.status == 200 && streams.json?["path"] == .string(angles), "\(streams.text)")
        #expect(streams.json?["streams"]?.arrayValue?.map { $0["main"] } == [true, false])
        #expect(streams.json?["streams"]?.arrayValue?.map { $0["indexed"] } == [false, true])
        for options in [Self.options[0]] {
            // What is indexed has no clips in between, which an upload has.
            var indexed = try await answers(1, options, uploads: false)
            indexed.add("id", try await ask([.init("id", number)] + options.json))
            indexed.add("by its path alone", try await library.search([angles] + options.command))
            try indexed.agree("the indexed stream \(options.command)")
            var main = try await answers(0, options)
            main.add("id", try await ask([.init("id", number), .init("stream", 0)] + options.json))
            try main.agree("the main stream beside it \(options.command)")
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

    /// What a batch of one line prints.
    func batch(_ parameters: [JSONValue.Member]) async throws -> JSONValue {
        try await blocking { [options] in
            try JSONValue(
                parsing: try Running.output(
                    ["search", "--batch", "-", "--json"] + options,
                    input: JSONValue.object(parameters).serialized() + "\n"))
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
