import Base
import Foundation
import Isolation
import Library
import Service
import Testing
import TestSupport

/// The `thumbnail` method; what the pictures look like is tested where they are made.
@Suite struct ThumbnailRequestTests {
    let folder: TemporaryFolder
    let handler: RequestHandler

    init() throws {
        folder = try TemporaryFolder()
        // Neither is there, and neither is needed.
        handler = RequestHandler(
            library: VideoLibrary(
                LibraryConfiguration(indexFolder: folder.path + "/index", modelFolder: folder.path + "/model")
            ))
    }

    private func makeVideo() throws -> String {
        try FFmpeg.draw("testsrc2=s=96x54:r=10", seconds: 2, to: folder.file("video.mp4"), [])
    }

    @Test func theResultIsTheFileInBase64() throws {
        let path = try makeVideo()
        let result = try handler.run(
            .thumbnail, ["video": .string(path), "time": .number(1.25), "width": 48])
        #expect(problems(result, as: "thumbnail_result") == [])
        #expect(result["width"] == 48 && result["height"] == 27)
        #expect(abs((result["time"]?.doubleValue ?? 0) - 1.2) < 1e-6)
        let data = try #require(Data(base64Encoded: result["data"]?.stringValue ?? ""))
        let library = VideoLibrary(LibraryConfiguration(indexFolder: "", modelFolder: ""))
        var request = ThumbnailRequest(video: path)
        request.time = 1.25
        request.width = 48
        let thumbnail = try library.thumbnail(request)
        #expect(data == Data(thumbnail.bytes))
        #expect(thumbnail.dataURI == "data:image/jpeg;base64," + data.base64EncodedString())
    }

    @Test func errorsAreTyped() throws {
        func error(_ params: JSONValue) -> RPCError? {
            do {
                _ = try handler.run(.thumbnail, params)
                return nil
            } catch { return error }
        }
        let missing = error(["video": .string(folder.path + "/none.mp4")])
        #expect(missing?.code == .file && missing?.data?["reason"] == "not_found")
        for (params, name) in [
            ("{}", "video"), (#"{"video":"a","time":-1}"#, "time"), (#"{"video":"a","width":15}"#, "width"),
            (#"{"video":"a","width":1921}"#, "width"), (#"{"video":"a","height":5}"#, "height"),
        ] {
            #expect(error(try JSONValue(parsing: params))?.data?["parameter"] == .string(name))
        }
    }
}

/// The `streams` method; what it names is tested where files are read.
@Suite struct StreamsMethodTests {
    @Test func theStreamsOfAFileAreNamed() throws {
        let folder = try TemporaryFolder()
        let handler = RequestHandler(
            library: VideoLibrary(
                LibraryConfiguration(indexFolder: folder.path + "/index", modelFolder: folder.path + "/model")
            ))
        let path = folder.path + "/two.mkv"
        let ffmpeg = Process()
        ffmpeg.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        ffmpeg.arguments =
            ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=96x54:r=10:d=2"]
            + ["-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=2", "-map", "0", "-map", "1", path]
        try ffmpeg.run()
        ffmpeg.waitUntilExit()
        try #require(ffmpeg.terminationStatus == 0)
        let result = try handler.run(.streams, ["video": .string(path)])
        #expect(problems(result, as: "streams_result") == [])
        #expect(result["path"]?.stringValue?.hasSuffix("/two.mkv") == true)
        #expect(result["streams"]?.arrayValue?.map { $0["width"]?.intValue } == [96, 64])
        #expect(result["streams"]?.arrayValue?.map { $0["main"] } == [true, false])
        #expect(throws: RPCError.self) { try handler.run(.streams, [:]) }
        #expect(throws: RPCError.self) {
            try handler.run(.streams, ["video": .string(folder.path + "/none")])
        }
        let picture = try handler.run(
            .thumbnail, ["video": .string(path), "width": 48, "stream": 1])
        #expect(picture["width"] == 48 && picture["height"] == 36)
    }

    /// What a worker was made to say is no answer.
    @Test func strangeListsAreNone() {
        func isNonsense(_ list: String, count: JSONValue = 1) -> Bool {
            let message = WorkerMessage("streams", count, bytes: Array(list.utf8))
            return if case .nonsense = StreamAnswer.read(message) { true } else { false }
        }
        let good =
            #"{"stream":1,"codec":"h264","width":4,"height":3,"frame_rate":25,"language":null,"title":"a","program":null,"default":true,"picture":false,"main":true}"#
        #expect(!isNonsense("[\(good)]"))
        for count: JSONValue in [0, 2, -1, "1", .null] { #expect(isNonsense("[\(good)]", count: count)) }
        for list in [
            "", "{}", "1", "[1]", "[{}]",
            "[\(good.replacingOccurrences(of: ":4,", with: ":-4,"))]",
            "[\(good.replacingOccurrences(of: ":1,", with: ":100000,"))]",
        ] {
            #expect(isNonsense(list), "\(list.prefix(80))")
        }
        #expect(isNonsense("[\(String(repeating: good + ",", count: 200) + good)]", count: 201))
    }
}
