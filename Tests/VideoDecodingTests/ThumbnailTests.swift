import Base
import Foundation
import Testing
import TestSupport
import VideoDecoding

/// One still picture of a video, as a JPEG file.
@Suite struct ThumbnailTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// The picture that the file shows, read by FFmpeg's decoder.
    private func pixels(_ thumbnail: Thumbnail) throws -> [UInt8] {
        let name = "thumbnail-\(UUID().uuidString).jpg"
        try folder.write(thumbnail.bytes, to: name)
        return try PictureReader().readStill(
            path: folder.file(name),
            geometry: FrameGeometry(width: thumbnail.width, height: thumbnail.height),
            timeLimit: 10)
    }

    private func number(_ thumbnail: Thumbnail) throws -> Int {
        NumberedVideo.number(
            in: try pixels(thumbnail)[...],
            geometry: FrameGeometry(width: thumbnail.width, height: thumbnail.height))
    }

    @Test(arguments: ["mp4", "mkv", "ts", "avi"], [25, 250])
    func theFrameIsTheOneOnScreen(container: String, group: Int) throws {
        let path = try NumberedVideo.make(
            in: folder, "video.\(container)", count: 500,
            [
                "-c:v", container == "avi" ? "mpeg4" : "libx264", "-q:v", "2", "-g", "\(group)", "-pix_fmt",
                "yuv420p",
            ])
        for time in [0, 0.039, 0.041, 3.3, 9.99, 10.01, 17.5, 19.97] {
            let thumbnail = try Thumbnail(path: path, at: time)
            let expected = Int(time * 25 + 1e-6)
            #expect(try number(thumbnail) == expected, "\(time)")
            #expect(abs(thumbnail.time - Double(expected) / 25) < 1e-3)
        }
        // Beyond the end it is the last one, and before the start the first.
        #expect(try number(Thumbnail(path: path, at: 100)) == 499)
        #expect(try number(Thumbnail(path: path, at: -5)) == 0)
    }

    @Test func itIsAJPEGOfTheAskedSize() throws {
        let path = try NumberedVideo.make(in: folder, "video.mp4", count: 30)
        let thumbnail = try Thumbnail(path: path, at: 1, options: .init(width: 48))
        #expect(thumbnail.width == 48 && thumbnail.height == 32)
        #expect(
            thumbnail.bytes.starts(with: [0xFF, 0xD8, 0xFF]) && thumbnail.bytes.suffix(2) == [0xFF, 0xD9])
        #expect(try number(thumbnail) == 25)
        // Never larger than the video.
        let large = try Thumbnail(path: path, at: 1, options: .init(width: 1920))
        #expect(large.width == 96 && large.height == 64)
        // The same file, time and size give the same bytes.
        #expect(try Thumbnail(path: path, at: 1, options: .init(width: 48)).bytes == thumbnail.bytes)
    }

    @Test(arguments: [(33, 21), (16, 64), (17, 17), (320, 18)])
    func oddAndTallSizesKeepTheirShape(width: Int, height: Int) throws {
        let path = try PictureVideo.make(
            in: folder, "odd.mkv", width: width, height: height, arguments: ["-c:v", "ffv1"],
            PictureVideo.quadrants(width: width, height: height))
        let thumbnail = try Thumbnail(path: path, at: 0, options: .init(width: 16))
        let scale = min(1, 16 / Double(width), 32 / Double(height))
        #expect(thumbnail.width == max(1, Int((Double(width) * scale).rounded())))
        #expect(thumbnail.height == max(1, Int((Double(height) * scale).rounded())))
        #expect(try pixels(thumbnail).count == thumbnail.width * thumbnail.height * 3)
    }

    @Test func rotationAndPixelShapeAreMinded() throws {
        let plain = try PictureVideo.make(
            in: folder, "plain.mp4", width: 64, height: 48,
            arguments: ["-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv444p"],
            PictureVideo.quadrants(width: 64, height: 48))
        let turned = folder.file("turned.mp4")
        try FFmpeg.run(["-i", plain, "-c", "copy", "-metadata:s:v", "rotate=90", turned])
        let thumbnail = try Thumbnail(path: turned, at: 0)
        #expect(thumbnail.width == 48 && thumbnail.height == 64)
        func quarter(_ picture: [UInt8], _ x: Int, _ y: Int) -> [Int] {
            let offset = (y * thumbnail.width + x) * 3
            return picture[offset..<offset + 3].map { ($0 > 127) ? 1 : 0 }
        }
        let picture = try pixels(thumbnail)
        // Green and white above red and blue.
        #expect(quarter(picture, 12, 16) == [0, 1, 0] && quarter(picture, 36, 16) == [1, 1, 1])
        #expect(quarter(picture, 12, 48) == [1, 0, 0] && quarter(picture, 36, 48) == [0, 0, 1])

        let wide = folder.file("wide.mp4")
        try FFmpeg.run(["-i", plain, "-vf", "setsar=2", "-c:v", "libx264", wide])
        let stretched = try Thumbnail(path: wide, at: 0)
        #expect(stretched.width == 128 && stretched.height == 48)
    }

    @Test func whatIsNoVideoIsATypedError() throws {
        try folder.write(Array("no video".utf8), to: "text.mp4")
        let sound = folder.file("sound.mp4")
        try FFmpeg.run(["-f", "lavfi", "-i", "sine=d=1", sound])
        for (path, reason) in [
            (folder.file("missing.mp4"), VideoError.Reason.notFound),
            (folder.file("text.mp4"), .unrecognised),
            (sound, .noVideoStream), (folder.file("."), .notAFile),
        ] {
            #expect(throws: VideoError.self) { try Thumbnail(path: path, at: 0) }
            do { _ = try Thumbnail(path: path, at: 0) } catch {
                #expect(error.reason == reason)
            }
        }
        let path = try NumberedVideo.make(in: folder, "video.mp4", count: 30)
        do {
            _ = try Thumbnail(path: path, at: 1, options: .init(isCancelled: { true }))
            Issue.record("a cancelled reading returned")
        } catch {
            #expect(error.reason == .cancelled)
        }
    }
}
