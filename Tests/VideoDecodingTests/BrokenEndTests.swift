import Foundation
import TestSupport
import Testing

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
    ]

    /// So long that the frame that is cut in two says little.
    @Test(arguments: ["gif", "png", "ogv", "ts", "m2ts", "mpg", "vcd.mpg", "mjpeg"])
    func filesThatBreakOffAreMarked(_ ending: String) throws {
        let path = try NumberedVideo.make(
            in: folder, "whole.\(ending)", count: 600, try #require(Self.coders[ending]))
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

    /// What others put behind a film is none of its business.
    @Test func bytesBehindTheEndAreNoDamage() throws {
        for ending in ["gif", "png", "ogv", "ts", "mpg", "mjpeg"] {
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
