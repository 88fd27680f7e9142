import Base
import Foundation
import Testing
import TestSupport

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

    /// A film, and posters of one and two pictures, drawn once.
    private static let drawn = Result {
        let folder = try TemporaryFolder()
        try NumberedVideo.make(
            in: folder, "film.mkv", count: 60, ["-c:v", "mpeg4", "-q:v", "1", "-bf", "0"])
        for count in 1...2 {
            try FFmpeg.run([
                "-f", "lavfi", "-i", "testsrc=s=1280x720:r=1", "-frames:v", "\(count)", "-c:v", "mjpeg",
                folder.file("pictures-\(count).mkv"),
            ])
        }
        return folder
    }

    /// A poster of `count` pictures beside a film of 60 frames, larger than it, before or behind it.
    private func film(
        _ name: String, poster count: Int, first: Bool, flags: [String]
    ) throws -> String {
        let drawn = try Self.drawn.get()
        let (poster, film) = (drawn.file("pictures-\(count).mkv"), drawn.file("film.mkv"))
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

    /// Photos in an MP4 file's container, and those that hold a film.
    @Test func photosOfNewerKindsAreNone() throws {
        func box(_ name: String, _ content: [UInt8]) -> [UInt8] {
            let size = content.count + 8
            return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) } + Array(name.utf8) + content
        }
        let film = try bytes(try NumberedVideo.make(in: folder, "film.mp4", count: 30))
        for brand in ["heic", "avif", "mif1"] {
            let photo =
                box("ftyp", Array(brand.utf8) + [0, 0, 0, 0] + Array(brand.utf8))
                + box("meta", [UInt8](repeating: 0, count: 200))
                + box("mdat", [UInt8](repeating: 7, count: 900))
            let still = failure(try folder.write(photo, to: "photo.\(brand)"))
            #expect(still?.reason == .noVideoStream && still?.detail.contains("still image") == true)
            let moving = failure(try folder.write(photo + box("mpvd", film), to: "motion.\(brand)"))
            #expect(moving?.reason == .noVideoStream && moving?.detail.contains("moving part") == true)
            // Half a photo is one, too.
            let half = failure(try folder.write(Array(photo.prefix(600)), to: "half.\(brand)"))
            #expect(half?.reason == .noVideoStream)
        }
        // A film that cannot be read for want of its index is none.
        let cut = failure(try folder.write(Array(film.prefix(film.count / 2)), to: "cut.mp4"))
        #expect(cut?.reason == .damaged)
    }

    @Test func picturesThatMoveAreVideos() throws {
        for (name, coder) in [
            ("moving.png", ["-plays", "0", "-f", "apng"]), ("moving.gif", []),
            ("moving.avif", ["-c:v", "libaom-av1", "-cpu-used", "8", "-crf", "10", "-f", "avif"]),
        ] {
            let path = try NumberedVideo.make(in: folder, name, count: 20, rate: "10", coder)
            let (clips, facts, _) = try readAll(path)
            #expect(facts.duration.map { abs($0 - 2) < 0.001 } == true, "\(name)")
            #expect(clips.count == 2)
            // AV1 changes the greys.
            if name.hasSuffix("avif") { continue }
            #expect(clips.map { NumberedVideo.numbers($0) } == [[1, 3, 6, 8], [11, 13, 16, 18]], "\(name)")
        }
    }

    /// A lone cover is not said to stand beside sound.
    @Test func aLoneCoverIsNamedAsWhatItIs() throws {
        let path = folder.file("cover.mp4")
        let picture = folder.file("cover.png")
        try FFmpeg.run(["-f", "lavfi", "-i", "testsrc=s=64x48:r=1", "-frames:v", "1", picture])
        try FFmpeg.run(["-i", picture, "-c", "copy", "-disposition:v", "attached_pic", path])
        let error = failure(path)
        #expect(error?.reason == .noVideoStream)
        #expect(error?.detail == "no video stream (only a cover picture)")
    }

    /// A codec that FFmpeg has no name for is called what the file calls it.
    @Test func unknownCodecsHaveAName() throws {
        var film = try bytes(try NumberedVideo.make(in: folder, "film.avi", count: 10, ["-c:v", "mpeg4"]))
        for place in film.indices.dropLast(4) where film[place...].starts(with: "FMP4".utf8) {
            film.replaceSubrange(place..<(place + 4), with: Array("QQ77".utf8))
        }
        let error = failure(try folder.write(film, to: "unknown.avi"))
        #expect(error?.reason == .unsupportedCodec)
        #expect(error?.detail.contains("\"QQ77\"") == true, "\(error?.detail ?? "")")
    }
}
