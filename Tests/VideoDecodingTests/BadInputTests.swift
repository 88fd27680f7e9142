import Base
import Foundation
import Testing
import TestSupport
import VideoDecoding

/// Every input that a hostile or broken file can be: a reason, no crash, no waiting.
@Suite struct BadInputTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func failure(_ path: String) -> VideoError? {
        do {
            _ = try readAll(path)
            return nil
        } catch {
            let error = error as? VideoError
            #expect(error?.path == path)
            #expect(error?.detail.isEmpty == false)
            #expect(error?.detail.contains(path) == false)
            return error
        }
    }

    private func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Bytes that look random and are always the same.
    private func noise(_ count: Int) -> [UInt8] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
    }

    // MARK: No file

    @Test func whatIsNoRegularFile() throws {
        #expect(failure(folder.file("missing.mp4"))?.reason == .notFound)
        #expect(failure(folder.path)?.reason == .notAFile)
        #expect(failure("/dev/null")?.reason == .notAFile)
        #expect(failure("")?.reason == .notFound)
        try folder.write([], to: "empty.mp4")
        #expect(failure(folder.file("empty.mp4"))?.reason == .empty)

        #expect(mkfifo(folder.file("pipe.mp4"), 0o600) == 0)
        #expect(failure(folder.file("pipe.mp4"))?.reason == .notAFile)

        #expect(symlink(folder.file("loop.mp4"), folder.file("loop.mp4")) == 0)
        #expect(failure(folder.file("loop.mp4"))?.reason == .notAFile)
        #expect(symlink(folder.file("nowhere"), folder.file("dangling.mp4")) == 0)
        #expect(failure(folder.file("dangling.mp4"))?.reason == .notFound)
        let nul = VideoError(path: "a\0b", reason: .notFound, detail: "")
        #expect(failure("a\0b")?.reason == nul.reason)
    }

    @Test(.enabled(if: geteuid() != 0, "root may read everything"))
    func noPermission() throws {
        try folder.write([1], to: "secret.mp4")
        #expect(chmod(folder.file("secret.mp4"), 0) == 0)
        #expect(failure(folder.file("secret.mp4"))?.reason == .permissionDenied)
    }

    // MARK: No video

    @Test func whatIsNoVideo() throws {
        let text = Array("This is a text, not a video.\nIt has a few lines.\n".utf8)
        for name in [
            "text.mp4", "text.mkv", "text.txt", "text.avi", "text.mpg", "text", "notes.nfo", "a.vob",
        ] {
            try folder.write(text, to: name)
            #expect(failure(folder.file(name))?.reason == .unrecognised, "\(name)")
        }
        for name in ["noise.mp4", "noise.mkv", "noise.ts", "noise.avi"] {
            try folder.write(noise(300_000), to: name)
            let reason = failure(folder.file(name))?.reason
            #expect([.unrecognised, .damaged, .noVideoStream].contains(reason), "\(name)")
        }
        try FFmpeg.run(["-f", "lavfi", "-i", "sine=d=1", folder.file("sound.wav")])
        #expect(failure(folder.file("sound.wav"))?.reason == .noVideoStream)
    }

    @Test func playlistsOpenNothing() throws {
        let video = try NumberedVideo.make(in: folder, "part.ts", count: 30)
        let texts = [
            "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.2,\n\(video)\n#EXT-X-ENDLIST\n",
            "list.ffconcat": "ffconcat version 1.0\nfile part.ts\n",
            "list.txt": "ffconcat version 1.0\nfile '\(video)'\n",
            "list.sdp":
                "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
        ]
        for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
            try folder.write(Array(text.utf8), to: name)
            #expect(failure(folder.file(name))?.reason == .unrecognised, "\(name)")
        }
    }

    @Test func namesArePlainNames() throws {
        let video = try NumberedVideo.make(in: folder, "plain.mp4", count: 30)
        for name in [
            "%d.mp4", "a:b.mp4", "concat:x.mp4", "http:__x.mp4", "ümläut 'x'.mp4", "%03d.png", "x|y.mp4",
        ] {
            try folder.write(bytes(video), to: name)
            #expect(try readAll(folder.file(name)).clips.count == 1, "\(name)")
        }
    }

    @Test func stillImagesAndAnimatedWebP() throws {
        for name in ["still.png", "still.jpg", "still.bmp", "still.tiff"] {
            try FFmpeg.run([
                "-f", "lavfi", "-i", "testsrc=s=64x48:d=0.04", "-frames:v", "1", folder.file(name),
            ])
            let error = failure(folder.file(name))
            #expect(error?.reason == .noVideoStream, "\(name)")
            #expect(error?.detail.contains("still image") == true, "\(name)")
        }
        var webp = Array("RIFF".utf8) + [30, 0, 0, 0] + Array("WEBPVP8X".utf8) + [10, 0, 0, 0, 2, 0, 0, 0]
        webp += [63, 0, 0, 47, 0, 0] + [UInt8](repeating: 0, count: 100)
        try folder.write(webp, to: "moving.webp")
        #expect(failure(folder.file("moving.webp"))?.reason == .unsupportedCodec)
    }

    @Test(arguments: ["mp3", "m4a", "flac"])
    func coverArtIsNoVideo(_ container: String) throws {
        let cover = folder.file("cover.png")
        try FFmpeg.run(["-f", "lavfi", "-i", "testsrc=s=64x48:d=0.04", "-frames:v", "1", cover])
        let path = folder.file("song.\(container)")
        try FFmpeg.run(
            ["-f", "lavfi", "-i", "sine=d=2", "-i", cover, "-map", "0", "-map", "1", "-c:v", "copy"]
                + ["-disposition:v", "attached_pic", path])
        let error = failure(path)
        #expect(error?.reason == .noVideoStream)
        #expect(error?.detail.contains("cover") == true)
    }

    @Test func theDefaultStreamIsTheVideo() throws {
        let numbered = try NumberedVideo.make(in: folder, "numbered.mkv", count: 60)
        let cover = folder.file("cover.png")
        try FFmpeg.run(["-f", "lavfi", "-i", "testsrc=s=640x480:d=0.04", "-frames:v", "1", cover])
        let path = folder.file("several.mkv")
        try FFmpeg.run(
            ["-f", "lavfi", "-i", "color=red:s=320x240:d=2", "-i", numbered, "-map", "0", "-map", "1"]
                + [
                    "-c:v:0", "mpeg4", "-c:v:1", "copy", "-disposition:v:0", "0", "-disposition:v:1",
                    "default", path,
                ])
        let (clips, facts, _) = try readAll(path)
        #expect(facts.width == 96)
        #expect(clips.first.map { NumberedVideo.numbers($0) } == [3, 9, 15, 21])

        let covered = folder.file("covered.mp4")
        try FFmpeg.run(
            ["-i", cover, "-i", numbered, "-map", "0", "-map", "1", "-c", "copy"]
                + ["-disposition:v:0", "attached_pic", covered])
        #expect(try readAll(covered).facts.width == 96)
    }

    // MARK: Damage

    @Test func cutOffFiles() throws {
        let mp4 = try bytes(try NumberedVideo.make(in: folder, "whole.mp4", count: 100))
        for share in [0.01, 0.3, 0.6, 0.9] {
            let part = Array(mp4.prefix(Int(Double(mp4.count) * share)))
            try folder.write(part, to: "cut.mp4")
            // The index stands at the end.
            #expect(failure(folder.file("cut.mp4"))?.reason == .damaged, "\(share)")
        }
        try folder.write(Array(mp4.prefix(mp4.count / 2)), to: "half.mp4")
        #expect(failure(folder.file("half.mp4"))?.detail.contains("moov") == true)

        let mkv = try bytes(try NumberedVideo.make(in: folder, "whole.mkv", count: 100))
        try folder.write(Array(mkv.prefix(mkv.count / 2)), to: "cut.mkv")
        let (clips, facts, _) = try readAll(folder.file("cut.mkv"))
        #expect(!clips.isEmpty && clips.count < 4)
        #expect((facts.duration ?? 9) < 3.5)
        #expect(facts.isDamaged && (0.3...0.7).contains(facts.decodedShare), "\(facts.decodedShare)")
        #expect(try readAll(folder.file("whole.mkv")).facts.decodedShare == 1)

        // The index stands at the start: half of a download can be seen.
        let fast = try bytes(
            try NumberedVideo.make(
                in: folder, "fast.mp4", count: 100, ["-c:v", "mpeg4", "-g", "10", "-movflags", "+faststart"]))
        try folder.write(Array(fast.prefix(fast.count * 3 / 4)), to: "download.mp4")
        let download = try readAll(folder.file("download.mp4")).facts
        #expect(download.isDamaged && (0.2...0.7).contains(download.decodedShare), "\(download.decodedShare)")
        #expect(try readAll(folder.file("fast.mp4")).facts.decodedShare == 1)
        try folder.write(Array(mkv.prefix(60)), to: "stub.mkv")
        #expect(failure(folder.file("stub.mkv")) != nil)
    }

    @Test func randomBytesBehindAGoodHeader() throws {
        for name in ["whole.mp4", "whole.mkv", "whole.avi", "whole.ts", "whole.gif", "whole.webm"] {
            let coder =
                name.hasSuffix("gif") ? [] : name.hasSuffix("webm") ? ["-c:v", "libvpx"] : ["-c:v", "mpeg4"]
            let good = try bytes(try NumberedVideo.make(in: folder, name, count: 30, coder))
            for kept in [40, 700] {
                try folder.write(Array(good.prefix(kept)) + noise(200_000), to: "bad-\(name)")
                // A decoder may make pictures of anything; an error must be one of ours.
                if let error = failure(folder.file("bad-\(name)")) {
                    let reasons: [VideoError.Reason] = [.damaged, .noFrames, .unrecognised, .noVideoStream]
                    #expect(reasons.contains(error.reason), "\(name) \(kept) \(error)")
                } else {
                    #expect(kept == 700, "\(name)")
                }
            }
        }
    }

    @Test func flippedBytesNeverCrash() throws {
        for name in ["a.mp4", "a.mkv", "a.avi", "a.ts", "a.gif"] {
            let coder = name.hasSuffix("gif") ? [] : ["-c:v", "libx264", "-pix_fmt", "yuv420p"]
            let good = try bytes(try NumberedVideo.make(in: folder, name, count: 30, coder))
            let places = noise(400)
            for round in 0..<12 {
                var bad = good
                for index in 0..<8 {
                    let place = (Int(places[round * 16 + index]) << 8 | Int(places[round * 16 + index + 8]))
                    bad[place % min(bad.count, round % 2 == 0 ? 2000 : bad.count)] = places[round + index]
                }
                try folder.write(bad, to: "bad-\(name)")
                _ = failure(folder.file("bad-\(name)"))
            }
        }
    }

    /// A film without its index says so, and where it breaks off.
    @Test func filmsThatCannotBeOpenedSayWhatIsMissing() throws {
        let film = try bytes(try NumberedVideo.make(in: folder, "film.mp4", count: 100))
        let cut = failure(try folder.write(Array(film.prefix(film.count / 2)), to: "cut.mp4"))
        #expect(cut?.reason == .damaged)
        #expect(cut?.detail.contains("it has \(film.count / 2) bytes") == true, "\(cut?.detail ?? "")")
        #expect(cut?.detail.contains("\"mdat\"") == true && cut?.detail.contains("(moov)") == true)
        // As cameras leave it whose battery runs out: the size of the data is still that of nothing.
        let index = try #require(film.indices.first { film[$0...].starts(with: "moov".utf8) }) - 4
        let unended = failure(try folder.write(Array(film[..<index]), to: "unended.mp4"))
        #expect(unended?.reason == .damaged)
        #expect(unended?.detail.contains("as if the recording was not finished") == true)
        // One part of a film that is sent in parts.
        let parts = try bytes(
            try NumberedVideo.make(
                in: folder, "parts.mp4", count: 100,
                ["-c:v", "mpeg4", "-g", "20", "-movflags", "frag_keyframe+empty_moov"]))
        let part = try #require(parts.indices.first { parts[$0...].starts(with: "moof".utf8) }) - 4
        let type = Array("\0\0\0\u{10}stypmsdh\0\0\0\0".utf8)
        let lone = failure(try folder.write(type + Array(parts[part...]), to: "part.m4s"))
        #expect(
            lone?.reason == .damaged && lone?.detail.contains("a fragment") == true, "\(lone?.detail ?? "")")
    }

    @Test func aDamagedMiddleIsPassedOver() throws {
        for name in ["m.mp4", "m.mkv", "m.ts"] {
            var data = try bytes(
                try NumberedVideo.make(
                    in: folder, name, count: 150,
                    ["-c:v", "libx264", "-g", "10", "-bf", "0", "-pix_fmt", "yuv420p"]))
            let place = data.count / 3
            data.replaceSubrange(place..<(place + 500), with: noise(500))
            let (clips, facts, _) = try readAll(try folder.write(data, to: "bad-\(name)"))
            #expect(clips.count >= 4, "\(name)")
            #expect((0.5..<1).contains(facts.decodedShare), "\(name): \(facts.decodedShare)")
            // Of a broadcast a single frame is hit.
            #expect(facts.isDamaged || name == "m.ts", "\(name): \(facts.decodedShare)")
            #expect(clips.first.map { NumberedVideo.numbers($0) } == [3, 9, 15, 21], "\(name)")
            #expect(clips.last.map { NumberedVideo.numbers($0) }?.last ?? 0 > 110, "\(name)")
            #expect(clips.first?.soundShare == 1 && clips.last?.soundShare == 1, "\(name)")
        }
    }

    /// Frames that a decoder made up, and those that build on them up to the next keyframe, are known in their clips.
    @Test func clipsSayHowMuchOfThemIsSound() throws {
        for name in ["s.mp4", "s.mkv", "s.ts"] {
            let path = try NumberedVideo.make(
                in: folder, name, count: 250,
                ["-c:v", "mpeg4", "-q:v", "2", "-bf", "0", "-g", "50", "-sc_threshold", "1000000000"])
            let sound = try readAll(path).clips
            #expect(sound.allSatisfy { $0.soundShare == 1 }, "\(name)")
            var data = try bytes(path)
            // Within the second group, near its start.
            let place = data.count * 22 / 100
            data.replaceSubrange(place..<(place + 400), with: noise(400))
            let (clips, facts, _) = try readAll(try folder.write(data, to: "bad-\(name)"))
            #expect(facts.decodedShare < 1, "\(name)")
            let shares = clips.map(\.soundShare)
            #expect(shares.count == 10 && shares.min().map { $0 <= 0.5 } == true, "\(name): \(shares)")
            #expect(shares.count { $0 == 1 } >= 6, "\(name): \(shares)")
            // Frames that went with the container's parts are missing, too.
            #expect(facts.isDamaged || name == "s.ts", "\(name): \(facts.decodedShare)")
            for (clip, whole) in zip(clips, sound) where clip.soundShare == 1 {
                #expect(clip.frames == whole.frames, "\(name) at \(clip.interval.start)")
            }
        }
    }

    @Test func picturesOfNoOrMonstrousSize() throws {
        let gif = { (width: UInt16, height: UInt16) -> [UInt8] in
            Array("GIF89a".utf8) + [
                UInt8(width & 255), UInt8(width >> 8), UInt8(height & 255), UInt8(height >> 8),
            ]
                + [0x80, 0, 0, 0, 0, 0, 255, 255, 255]
                + [0x2C, 0, 0, 0, 0, UInt8(width & 255), UInt8(width >> 8), UInt8(height & 255)]
                + [UInt8(height >> 8), 0, 2, 2, 0x44, 1, 0, 0x3B]
        }
        for (width, height) in [(0, 0), (65535, 65535), (20000, 9000), (0, 40)] as [(UInt16, UInt16)] {
            let path = try folder.write(gif(width, height), to: "size.gif")
            let reason = failure(path)?.reason
            // FFmpeg does not even take a GIF without width or height for one.
            #expect(reason == (width == 0 ? .unrecognised : .tooLarge), "\(width)×\(height)")
        }
        let y4m = Array("YUV4MPEG2 W0 H0 F25:1 Ip A1:1 C420\nFRAME\n".utf8)
        try folder.write(y4m, to: "none.y4m")
        #expect(failure(folder.file("none.y4m")) != nil)

        var avi = try bytes(
            try NumberedVideo.make(
                in: folder, "raw.avi", count: 5, ["-c:v", "rawvideo", "-pix_fmt", "yuv420p"]))
        let format = try #require(avi.indices.first { avi[$0...].starts(with: Array("strf".utf8)) })
        avi.replaceSubrange((format + 12)..<(format + 20), with: [UInt8](repeating: 0, count: 8))
        let path = try folder.write(avi, to: "zero.avi")
        let error = failure(path)
        #expect(error?.reason == .damaged)
    }

    @Test func timeStampsBeyondAllBounds() throws {
        // Frames a million seconds apart: no clips without end.
        let even = try NumberedVideo.make(in: folder, "even.mkv", count: 6)
        let path = folder.file("far.mkv")
        try FFmpeg.run(
            ["-i", even, "-vf", "settb=1/1000,setpts=N*1000000000", "-vsync", "passthrough"]
                + ["-enc_time_base", "1/1000", "-c:v", "ffv1", path])
        let plan = ClipPlan(framesPerClip: 4, clipDuration: 100, clipStride: 100)
        let (clips, _, _) = try readAll(path, plan: plan)
        // One of each picture, and one across each border.
        #expect((5...12).contains(clips.count))
    }

    // MARK: Changes while reading

    @Test(arguments: ["mp4", "mkv", "ts"])
    func aFileThatVanishesOrShrinks(_ container: String) throws {
        let path = try NumberedVideo.make(in: folder, "going.\(container)", count: 1000)
        let size = try bytes(path).count
        for shrinks in [true, false] {
            let copy = folder.file("copy.\(container)")
            try folder.write(bytes(path), to: "copy.\(container)")
            let plan = ClipPlan(framesPerClip: 4, clipDuration: 1, clipStride: 1)
            let reader = try ClipReader(
                path: copy, options: ReadingOptions(plan: plan, geometry: .numbered, timeLimit: 20))
            #expect(try reader.next() != nil)
            if shrinks {
                #expect(truncate(copy, off_t(size / 2)) == 0)
            } else {
                #expect(unlink(copy) == 0)
            }
            var count = 1
            do {
                while try reader.next() != nil { count += 1 }
            } catch {
                #expect([.readFailed, .damaged].contains(error.reason))
            }
            #expect(shrinks ? count < 40 : count == 40)
        }
    }
}
