import Base
import Foundation
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
