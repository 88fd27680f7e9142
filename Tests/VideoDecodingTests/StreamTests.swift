import Foundation
import Testing
import VideoDecoding

/// Which stream is the video, what is one after all, and what only looks like one.
@Suite struct StreamTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func failure(_ path: String) -> VideoError? {
        do {
            _ = try readAll(path)
            return nil
        } catch { return error as? VideoError }
    }

    private func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    // MARK: Posters

    /// A poster of `count` pictures beside a film of 60 frames, larger than it, before or behind it.
    private func film(
        _ name: String, poster count: Int, first: Bool, flags: [String]
    ) throws -> String {
        let film = try NumberedVideo.make(
            in: folder, "film.mkv", count: 60, ["-c:v", "mpeg4", "-q:v", "1", "-bf", "0"])
        let poster = folder.file("picture.mkv")
        try FFmpeg.run([
            "-f", "lavfi", "-i", "testsrc=s=1280x720:r=1", "-frames:v", "\(count)", "-c:v", "mjpeg", poster,
        ])
        let inputs = first ? [poster, film] : [film, poster]
        let path = folder.file(name)
        try FFmpeg.run(
            inputs.flatMap { ["-i", $0] } + ["-map", "0:v", "-map", "1:v", "-c", "copy"] + flags + [path])
        return path
    }

    @Test(arguments: ["mkv", "mp4", "avi"], [1, 2])
    func aFilmIsNotLostToAPoster(_ container: String, _ count: Int) throws {
        for first in [true, false] {
            let (poster, film) = first ? (0, 1) : (1, 0)
            for flags in [
                [], ["-disposition:v:\(film)", "0", "-disposition:v:\(poster)", "default"],
                ["-disposition:v:\(film)", "0", "-disposition:v:\(poster)", "attached_pic"],
            ] {
                let path = try self.film(
                    "poster.\(container)", poster: count, first: first, flags: flags)
                let (clips, facts, _) = try readAll(path)
                #expect(facts.width == 96, "\(container) \(count) \(first) \(flags)")
                #expect(clips.first.map { NumberedVideo.numbers($0) } == [3, 9, 15, 21])
            }
        }
    }

    @Test func aFilmThatIsSaidToBeAPictureIsRead() throws {
        let film = try NumberedVideo.make(in: folder, "film.mkv", count: 60)
        let path = folder.file("flagged.mkv")
        try FFmpeg.run(
            ["-f", "lavfi", "-i", "sine=d=2", "-i", film, "-map", "0:a", "-map", "1:v", "-c:v", "copy"]
                + ["-disposition:v", "attached_pic", path])
        #expect(try readAll(path).facts.width == 96)
    }

    /// A film that cannot be decoded is not replaced by the poster that can.
    @Test func aPosterDoesNotStandForAFilm() throws {
        let path = try film("lost.mkv", poster: 1, first: false, flags: [])
        var data = try bytes(path)
        let name = Array("V_MPEG4/ISO/ASP".utf8)
        let place = try #require(data.indices.first { data[$0...].starts(with: name) })
        data.replaceSubrange(place..<(place + name.count), with: Array("V_UNKNOWN/CODEC".utf8))
        #expect(failure(try folder.write(data, to: "lost.mkv"))?.reason == .unsupportedCodec)
    }

    // MARK: Encryption

    @Test(arguments: ["mp4", "mov"]) func encryptedFilms(_ container: String) throws {
        let film = try NumberedVideo.make(in: folder, "film.mp4", count: 60)
        let path = folder.file("secret.\(container)")
        try FFmpeg.run(
            ["-i", film, "-c", "copy", "-encryption_scheme", "cenc-aes-ctr", "-encryption_key"]
                + ["76a6c65c5ea762046bd749a2e632ccbb", "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8"]
                + ["-f", "mp4", path])
        #expect(failure(path)?.reason == .encrypted)
    }

    /// The bits that say so are set, and what follows is noise.
    @Test func scrambledBroadcastsAndDiscs() throws {
        let coder = ["-c:v", "mpeg2video", "-q:v", "2", "-pix_fmt", "yuv420p"]
        var stream = try bytes(try NumberedVideo.make(in: folder, "clear.ts", count: 60, coder))
        for place in stride(from: 0, to: stream.count, by: 188)
        where stream[place + 2] == 0 && stream[place + 1] & 0x1F == 1 {
            stream[place + 3] |= 0x80
            if stream[place + 1] & 0x40 == 0 {
                for index in (place + 20)..<(place + 188) {
                    stream[index] ^= UInt8(truncatingIfNeeded: index &* 37)
                }
            }
        }
        #expect(failure(try folder.write(stream, to: "secret.ts"))?.reason == .encrypted)

        var disc = try bytes(
            try NumberedVideo.make(in: folder, "clear.vob", count: 60, coder + ["-f", "vob"]))
        for place in 0..<(disc.count - 9) where disc[place...].starts(with: [0, 0, 1, 0xE0]) {
            if disc[place + 6] & 0xC0 == 0x80 { disc[place + 6] |= 0x10 }
        }
        #expect(failure(try folder.write(disc, to: "secret.vob"))?.reason == .encrypted)
    }

    // MARK: Pictures behind each other

    @Test(arguments: ["camera.mjpeg", "camera.mjpg", "camera.jpg", "camera"])
    func savedCameraStreamsAreVideos(_ name: String) throws {
        let coder = ["-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p", "-f", "mjpeg"]
        let path = try NumberedVideo.make(in: folder, name, count: 60, coder)
        let (clips, facts, _) = try readAll(path)
        #expect(facts.duration.map { abs($0 - 2.4) < 0.001 } == true)
        #expect(clips.map { NumberedVideo.numbers($0) } == [[3, 9, 15, 21], [28, 34, 40, 46]])
    }

    @Test func photosAreNone() throws {
        let coder = ["-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p", "-f", "mjpeg"]
        let one = try bytes(try NumberedVideo.make(in: folder, "one.jpg", count: 1, coder))
        #expect(failure(folder.file("one.jpg"))?.reason == .noVideoStream)
        // A smaller copy behind the photo.
        try FFmpeg.run([
            "-i", folder.file("one.jpg"), "-vf", "scale=48:32", "-frames:v", "1", folder.file("small.jpg"),
        ])
        let pair = one + (try bytes(folder.file("small.jpg")))
        #expect(failure(try folder.write(pair, to: "pair.jpg"))?.reason == .noVideoStream)
        // A motion photo.
        let film = try bytes(try NumberedVideo.make(in: folder, "film.mp4", count: 30))
        let error = failure(try folder.write(one + film, to: "motion.jpg"))
        #expect(error?.reason == .noVideoStream)
        #expect(error?.detail.contains("moving part") == true)
    }
}
