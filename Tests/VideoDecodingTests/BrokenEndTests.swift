import Foundation
import TestSupport
import Testing
import VideoDecoding

/// Files of formats that do not say how long they are to be: what breaks off is marked all the same.
@Suite struct BrokenEndTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static let coders: [String: [String]] = [
        "gif": [], "png": ["-plays", "0", "-f", "apng"], "ogv": ["-c:v", "libtheora", "-q:v", "8"],
        "ts": ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"],
        "m2ts": ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-mpegts_m2ts_mode", "1"],
        "mpg": ["-c:v", "mpeg2video", "-q:v", "2", "-f", "vob"],
        "vcd.mpg": ["-c:v", "mpeg1video", "-q:v", "2"],
        "mjpeg": ["-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p", "-f", "mjpeg"],
        "y4m": ["-pix_fmt", "yuv420p"], "grey.y4m": ["-pix_fmt", "gray"],
        "deep.y4m": ["-pix_fmt", "yuv422p10", "-strict", "-1"],
        "dv": ["-s", "720x576", "-c:v", "dvvideo", "-pix_fmt", "yuv420p"],
        "ntsc.dv": ["-s", "720x480", "-r", "30000/1001", "-c:v", "dvvideo", "-pix_fmt", "yuv411p"],
        "live.webm": ["-c:v", "libvpx", "-live", "1"],
        "fragments.mp4": [
            "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "20", "-movflags",
            "frag_keyframe+empty_moov",
        ],
    ]

    /// So long that the frame that is cut in two says little.
    @Test(arguments: coders.keys.sorted())
    func filesThatBreakOffAreMarked(_ ending: String) throws {
        let count = ending.hasSuffix("dv") ? 60 : 600
        let path = try NumberedVideo.make(
            in: folder, "whole.\(ending)", count: count, try #require(Self.coders[ending]))
        let whole = try readAll(path).facts
        #expect(whole.decodedShare == 1, "\(whole.decodedShare)")
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        for count in [bytes.count / 2 + 1, bytes.count * 9 / 10 + 1] {
            // Where a packet ends, nothing says that another should follow; nor does a byte or two of one.
            let kept =
                (ending.hasSuffix("ts") && count % 188 == 0 ? count + 1 : count)
                + (ending.hasSuffix("mpg") ? 3 : 0)
            let part = try folder.write(Array(bytes.prefix(kept)), to: "part.\(ending)")
            let facts = try readAll(part).facts
            #expect(facts.isDamaged && facts.decodedShare > 0.5, "\(kept): \(facts.decodedShare)")
        }
    }

    /// Program streams may end by a code that says so, and zeros behind them are padding.
    @Test func theEndOfAProgramStreamIsNoDamage() throws {
        for ending in ["mpg", "vcd.mpg"] {
            let path = try NumberedVideo.make(
                in: folder, "whole.\(ending)", count: 60, try #require(Self.coders[ending]))
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            for end: [UInt8] in [[0, 0, 1, 0xB9], [0, 0, 1, 0xB9, 0], [0], [0, 0]] {
                let ended = try folder.write(bytes + end, to: "ended.\(ending)")
                #expect(try readAll(ended).facts.decodedShare == 1, "\(ending) \(end)")
            }
        }
    }

    /// Some cameras write no mark at the end of a picture, so that nothing says where the last one should end.
    @Test func picturesWithoutEndsAreNoDamage() throws {
        let path = try NumberedVideo.make(
            in: folder, "whole.mjpeg", count: 75, try #require(Self.coders["mjpeg"]))
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let ends = bytes.indices.filter { bytes[$0...].starts(with: [0xFF, 0xD9]) }
        try #require(ends.count == 75)
        for end in ends.reversed() { bytes.removeSubrange(end..<(end + 2)) }
        for name in ["endless.mjpeg", "endless.jpg"] {
            let (clips, facts, _) = try readAll(
                try folder.write(bytes, to: name),
                plan: ClipPlan(framesPerClip: 25, clipDuration: 1, clipStride: 1))
            #expect(!facts.isDamaged, "\(name): \(facts.decodedShare)")
            #expect(Set(clips.flatMap { NumberedVideo.numbers($0) }).count >= 72, "\(name)")
        }
    }

    /// What others put behind a film is none of its business.
    @Test func bytesBehindTheEndAreNoDamage() throws {
        for ending in [
            "gif", "png", "ogv", "ts", "mpg", "mjpeg", "y4m", "live.webm", "fragments.mp4",
        ] {
            let path = try NumberedVideo.make(
                in: folder, "whole.\(ending)", count: 60, try #require(Self.coders[ending]))
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            let padded = try folder.write(
                bytes + [UInt8](repeating: 0, count: 1000), to: "padded.\(ending)")
            let facts = try readAll(padded).facts
            #expect(!facts.isDamaged, "\(ending): \(facts.decodedShare)")
        }
    }
}
