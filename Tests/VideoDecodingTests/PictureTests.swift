import Base
import Foundation
import Testing
import TestSupport
import VideoDecoding

/// What a clip's pictures look like: turned, scaled, in the right colours.
@Suite struct PictureTests {
    let folder: TemporaryFolder
    static let red = [255, 0, 0]
    static let green = [0, 255, 0]
    static let blue = [0, 0, 255]
    static let white = [255, 255, 255]
    private let lossless = ["-c:v", "libx264", "-qp", "0", "-preset", "ultrafast", "-pix_fmt", "yuv444p"]

    init() throws { folder = try TemporaryFolder() }

    private func quadrants(
        _ name: String, width: Int = 64, height: Int = 48, _ arguments: [String]? = nil
    ) throws -> String {
        try PictureVideo.make(
            in: folder, name, width: width, height: height, arguments: arguments ?? lossless,
            PictureVideo.quadrants(width: width, height: height))
    }

    /// The colours at the middles of the four quarters, row by row.
    private func corners(
        _ path: String, _ geometry: FrameGeometry = FrameGeometry(width: 16, height: 16)
    ) throws -> (colours: [[Int]], facts: StreamFacts) {
        let (clips, facts, _) = try readAll(path, geometry: geometry)
        let clip = try #require(clips.first)
        let places = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
        return (places.map { colour(clip, geometry, x: $0.0, y: $0.1) }, facts)
    }

    private func same(_ first: [[Int]], _ second: [[Int]], _ tolerance: Int = 4) -> Bool {
        zip(first, second).allSatisfy { close($0, $1, tolerance) }
    }

    // MARK: Turning

    @Test(arguments: [
        (0, [red, green, blue, white]), (90, [green, white, red, blue]),
        (180, [white, blue, green, red]), (270, [blue, red, white, green]),
    ])
    func rotation(_ degrees: Int, _ wanted: [[Int]]) throws {
        let plain = try quadrants("plain.mp4")
        let path = folder.file("turned.mp4")
        try FFmpeg.run(["-i", plain, "-c", "copy", "-metadata:s:v", "rotate=\(degrees)", path])
        let (colours, facts) = try corners(path)
        #expect(same(colours, wanted))
        let isUpright = degrees % 180 == 0
        #expect(facts.width == (isUpright ? 64 : 48) && facts.height == (isUpright ? 48 : 64))

        // The same pixels as FFmpeg's own rotation gives.
        let turned = folder.file("reference.mkv")
        try FFmpeg.run(["-i", path, "-c:v", "ffv1", "-pix_fmt", "yuv444p", turned])
        #expect(same(try corners(turned).colours, colours))
    }

    @Test(arguments: [
        ("flip=horizontal", [green, red, white, blue]), ("flip=vertical", [blue, white, red, green]),
        ("rotate=90", [green, white, red, blue]),
        ("rotate=90:flip=horizontal", [red, blue, green, white]),
    ])
    func orientationInsideTheStream(_ setting: String, _ wanted: [[Int]]) throws {
        let plain = try quadrants("plain.mp4")
        let path = folder.file("turned.mkv")
        let filter = "h264_metadata=display_orientation=insert:\(setting)"
        try FFmpeg.run(["-i", plain, "-c", "copy", "-bsf:v", filter, path])
        #expect(same(try corners(path).colours, wanted))
    }

    // MARK: Shape

    @Test func sampleAspectRatioCountsForTheShape() throws {
        let path = try quadrants("wide.mp4", lossless + ["-vf", "setsar=2/1"])
        // 128 × 48 as displayed: the middle square of 24 × 24 sees none of the outer columns.
        let geometry = FrameGeometry(
            width: 24, height: 24, fit: .centerCrop(resizeWidth: nil, resizeHeight: 24))
        let (clips, facts, _) = try readAll(path, geometry: geometry)
        #expect(facts.width == 128 && facts.height == 48)
        #expect(close(colour(try #require(clips.first), geometry, x: 0.1, y: 0.1), Self.red))
    }

    @Test func centreCropKeepsTheMiddle() throws {
        // Columns of grey 0…159, so that a crop shows where it lies.
        let path = try PictureVideo.make(
            in: folder, "columns.mkv", width: 160, height: 80,
            arguments: ["-c:v", "ffv1", "-pix_fmt", "yuv444p"]
        ) { x, _ in [UInt8(x), UInt8(x), UInt8(x)] }
        for (fit, first, last) in [
            (FrameGeometry.Fit.centerCrop(resizeWidth: nil, resizeHeight: 80), 56, 103),
            (.centerCrop(resizeWidth: nil, resizeHeight: 48), 40, 119),
            (.centerCrop(resizeWidth: 48, resizeHeight: 80), 0, 159),
            (.stretch, 0, 159),
        ] {
            let geometry = FrameGeometry(width: 48, height: 48, fit: fit)
            let clip = try #require(try readAll(path, geometry: geometry).clips.first)
            #expect(abs(colour(clip, geometry, x: 0, y: 0.5)[0] - first) <= 3)
            #expect(abs(colour(clip, geometry, x: 0.99, y: 0.5)[0] - last) <= 3)
        }
    }

    @Test(arguments: [(63, 47), (65, 33), (17, 99), (1, 1), (2, 2), (3, 200)])
    func oddSizes(_ width: Int, _ height: Int) throws {
        for coder in [["-c:v", "ffv1", "-pix_fmt", "yuv420p"], ["-c:v", "ffv1", "-pix_fmt", "yuv422p10le"]] {
            let path = try quadrants("odd.mkv", width: width, height: height, coder)
            let (colours, facts) = try corners(path)
            #expect(facts.width == width && facts.height == height)
            if width > 16, height > 16 {
                #expect(same(colours, [Self.red, Self.green, Self.blue, Self.white], 6))
            }
        }
    }

    // MARK: Formats and colours

    @Test func pixelFormats() throws {
        let source = try quadrants("source.mkv", ["-c:v", "ffv1", "-pix_fmt", "bgr0"])
        let formats = [
            "yuv420p", "yuv422p", "yuv444p", "yuv410p", "yuv440p", "yuv420p10le", "yuv422p10le",
            "yuv444p12le",
            "gbrp", "gbrp10le", "bgr0", "yuva420p",
        ]
        try FFmpeg.run(
            input: ["-i", source],
            outputs: formats.map {
                ["-c:v", "ffv1", "-strict", "-2", "-pix_fmt", $0, folder.file("\($0).mkv")]
            })
        for format in formats {
            let colours = try corners(folder.file("\(format).mkv")).colours
            #expect(same(colours, [Self.red, Self.green, Self.blue, Self.white]), "\(format)")
        }
    }

    @Test(arguments: [
        ["-c:v", "gif"], ["-c:v", "qtrle"], ["-c:v", "rawvideo", "-pix_fmt", "pal8"],
        ["-c:v", "rawvideo", "-pix_fmt", "rgb565le"], ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "1"],
    ])
    func paletteAndPackedCodecs(_ coder: [String]) throws {
        let name = coder.contains("gif") ? "p.gif" : coder.contains("qtrle") ? "p.mov" : "p.nut"
        let pixels = coder.contains("pal8") ? ["-vf", "split[a][b];[a]palettegen[p];[b][p]paletteuse"] : []
        let path = try quadrants(name, pixels + coder)
        #expect(same(try corners(path).colours, [Self.red, Self.green, Self.blue, Self.white], 9))
    }

    /// One grey, 120, in every combination of matrix and range; and one strong colour.
    @Test(arguments: ["bt709", "smpte170m"], ["tv", "pc"])
    func matrixAndRange(_ matrix: String, _ range: String) throws {
        let wanted = [200, 60, 120]
        let filter = "scale=out_color_matrix=\(matrix):out_range=\(range):flags=accurate_rnd"
        let path = try PictureVideo.make(
            in: folder, "colour.mp4", width: 64, height: 64,
            arguments: ["-vf", "\(filter),format=yuv444p", "-colorspace", matrix, "-color_range", range]
                + ["-c:v", "libx264", "-qp", "0", "-preset", "ultrafast"]
        ) { _, _ in wanted.map { UInt8($0) } }
        #expect(close(try corners(path).colours[0], wanted, 2))
    }

    @Test func withoutAWordTheSizeDecidesTheMatrix() throws {
        for (height, matrix) in [(720, "bt709"), (480, "bt601")] {
            let wanted = [200, 60, 120]
            let path = try PictureVideo.make(
                in: folder, "unsaid\(height).mkv", width: 64, height: height, frames: 1,
                arguments: [
                    "-vf", "scale=out_color_matrix=\(matrix):out_range=tv,format=yuv444p", "-c:v", "mpeg4",
                    "-q:v", "1", "-pix_fmt", "yuv420p",
                ]
            ) { _, _ in wanted.map { UInt8($0) } }
            #expect(close(try corners(path).colours[0], wanted, 4), "\(height)")
        }
    }

    @Test(arguments: [
        ("alpha.mov", ["-c:v", "qtrle"]), ("alpha2.mov", ["-c:v", "png"]),
        ("alpha.webm", ["-c:v", "libvpx", "-pix_fmt", "yuva420p", "-auto-alt-ref", "0", "-b:v", "5M"]),
        ("alpha.apng", ["-f", "apng"]),
    ])
    func transparencyIsBeforeBlack(_ name: String, _ coder: [String]) throws {
        let path = try PictureVideo.make(
            in: folder, name, width: 64, height: 64, format: "rgba", arguments: coder
        ) { x, y in [200, 200, 200, x < 32 ? (y < 32 ? 255 : 0) : 128] }
        let wanted = [[200, 200, 200], [100, 100, 100], [0, 0, 0], [100, 100, 100]]
        #expect(same(try corners(path).colours, wanted, 6))
    }

    @Test func anAnimatedGIFMayBeTransparent() throws {
        let path = try PictureVideo.make(
            in: folder, "alpha.gif", width: 64, height: 64, format: "rgba",
            arguments: ["-vf", "split[a][b];[a]palettegen=reserve_transparent=1[p];[b][p]paletteuse"]
        ) { x, _ in x < 32 ? [0, 255, 0, 255] : [255, 0, 0, 0] }
        let colours = try corners(path).colours
        #expect(close(colours[0], Self.green, 9))
        #expect(close(colours[1], [0, 0, 0], 9))
    }

    @Test func interlacedFramesShowOneField() throws {
        // The top field is white, the bottom field black: a mixture of both would be grey.
        for (order, wanted) in [("1", 255), ("0", 0)] {
            let path = try PictureVideo.make(
                in: folder, "field\(order).mkv", width: 64, height: 64,
                arguments: ["-c:v", "ffv1", "-pix_fmt", "yuv420p", "-top", order, "-flags", "+ildct"]
                    + ["-vf", "setfield=\(order == "1" ? "tff" : "bff")"]
                    + ["-field_order", order == "1" ? "tt" : "bb"]
            ) { _, y in y % 2 == 0 ? [255, 255, 255] : [0, 0, 0] }
            #expect(close(try corners(path).colours[0], [wanted, wanted, wanted]), "order \(order)")
        }
    }

    @Test func theSizeMayChangeInMidStream() throws {
        var bytes: [UInt8] = []
        for (width, height) in [(64, 48), (96, 128), (64, 48)] {
            let part = try quadrants("part.h264", width: width, height: height)
            bytes += try Data(contentsOf: URL(fileURLWithPath: part))
        }
        let path = try folder.write(bytes, to: "changing.h264")
        let geometry = FrameGeometry(width: 16, height: 16)
        let plan = ClipPlan(framesPerClip: 9, clipDuration: 0.36, clipStride: 0.36)
        let (clips, _, _) = try readAll(path, plan: plan, geometry: geometry)
        let clip = try #require(clips.first)
        for frame in 0..<9 {
            #expect(close(colour(clip, geometry, x: 0.25, y: 0.25, frame: frame), Self.red), "frame \(frame)")
            #expect(
                close(colour(clip, geometry, x: 0.75, y: 0.75, frame: frame), Self.white), "frame \(frame)")
        }
    }
}
