import Base
import Foundation
import Testing
import TestSupport
import VideoDecoding

/// Borders that last are found, and nothing is found where there are none.
@Suite struct PanelTests {
    static let geometry = FrameGeometry(width: 112, height: 112)

    /// A grey level of a soft pattern that moves: another one for every seed.
    private static func level(_ seed: Double, _ x: Double, _ y: Double, _ t: Double) -> Double {
        var sum = 0.0
        for wave in 1...4 {
            let angle = seed * 1.7 + Double(wave) * 2.1
            let size = 6 + 4 * Double(wave)
            let phase = size * (x * cos(angle) + y * sin(angle)) + t * (0.4 + 0.3 * sin(seed + Double(wave)))
            sum += sin(phase + seed * Double(wave))
        }
        return 128 + 28 * sum
    }

    /// A clip of 24 pictures whose pixels are drawn by place, in shares of the picture, and time.
    static func clip(_ draw: (_ x: Double, _ y: Double, _ t: Double) -> Double) -> Clip {
        var frames: [UInt8] = []
        for t in 0..<24 {
            for y in 0..<112 {
                for x in 0..<112 {
                    let grey = draw((Double(x) + 0.5) / 112, (Double(y) + 0.5) / 112, Double(t))
                    frames += Array(repeating: UInt8(min(max(grey, 0), 255)), count: 3)
                }
            }
        }
        return Clip(interval: TimeRange(start: 0, stop: 6), frames: frames)
    }

    static func panels(_ draw: (Double, Double, Double) -> Double) -> [PictureRegion] {
        var finder = PanelFinder(geometry)
        finder.add(clip(draw))
        return finder.panels()
    }

    private func holds(_ panels: [PictureRegion], _ x: Double, _ y: Double, _ width: Double, _ height: Double)
        -> Bool
    {
        panels.contains {
            abs($0.x - x) < 0.03 && abs($0.y - y) < 0.03 && abs($0.width - width) < 0.04
                && abs($0.height - height) < 0.04
        }
    }

    @Test(arguments: [1.0, 2, 3, 4, 5]) func aPlainPictureHasNone(seed: Double) {
        #expect(Self.panels { Self.level(seed, $0, $1, $2) } == [])
    }

    @Test func twoBeside() {
        let panels = Self.panels { x, y, t in
            x < 0.5 ? Self.level(1, 2 * x, y, t) : Self.level(2, 2 * x - 1, y, t)
        }
        #expect(panels.count == 2)
        #expect(holds(panels, 0, 0, 0.5, 1) && holds(panels, 0.5, 0, 0.5, 1))
    }

    @Test func fourPanels() {
        let panels = Self.panels { x, y, t in
            let seed = (x < 0.5 ? 1.0 : 2.0) + (y < 0.5 ? 0 : 2.0)
            return Self.level(
                seed, (2 * x).truncatingRemainder(dividingBy: 1), (2 * y).truncatingRemainder(dividingBy: 1),
                t)
        }
        #expect(panels.count == 4)
        for (x, y) in [(0, 0), (0.5, 0), (0, 0.5), (0.5, 0.5)] { #expect(holds(panels, x, y, 0.5, 0.5)) }
    }

    @Test func aPictureInAPicture() {
        let panels = Self.panels { x, y, t in
            (0.2..<0.8).contains(x) && (0.2..<0.8).contains(y)
                ? Self.level(1, (x - 0.2) / 0.6, (y - 0.2) / 0.6, t) : Self.level(2, x, y, t)
        }
        #expect(holds(panels, 0.2, 0.2, 0.6, 0.6))
    }

    @Test func betweenBars() {
        let panels = Self.panels { x, y, t in
            (0.2..<0.8).contains(y) ? Self.level(3, x, (y - 0.2) / 0.6, t) : 16
        }
        #expect(panels.count == 1 && holds(panels, 0, 0.2, 1, 0.6))
    }

    /// A film for two eyes shows everything twice.
    @Test func twice() {
        let panels = Self.panels { x, y, t in
            Self.level(1, (2 * x).truncatingRemainder(dividingBy: 1), y, t)
        }
        #expect(panels == [PictureRegion(x: 0, y: 0, width: 0.5, height: 1)])
    }

    /// Both halves of a soft gradient are alike, and are no panels.
    @Test func aGradientIsPlain() {
        #expect(Self.panels { x, y, t in 128 + 100 * sin(3 * y + 0.2 * x + 0.3 * t) } == [])
    }

    /// A still picture in a panel is no video.
    @Test func aStillPanelIsNone() {
        let panels = Self.panels { x, y, t in
            x < 0.6 ? Self.level(1, x / 0.6, y, t) : Self.level(2, x, y, 0)
        }
        #expect(panels.count == 1 && holds(panels, 0, 0, 0.6, 1))
    }
}

/// Pictures are cut, turned and inverted while they are read, all views in one pass.
@Suite struct ViewTests {
    private static let geometry = FrameGeometry(width: 16, height: 16)
    private static let places = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// The colours at the middles of the four quarters, row by row, in each view.
    private func corners(_ path: String, _ views: [PictureView]) throws -> [[[Int]]] {
        var options = ReadingOptions(
            plan: ClipPlan(framesPerClip: 4, clipDuration: 1, clipStride: 1), geometry: Self.geometry)
        options.views = views
        let clip = try #require(try ClipReader(path: path, options: options).next())
        let seen = clip.views(views.count, frameBytes: Self.geometry.frameBytes)
        #expect(seen.allSatisfy { $0.frames.count == 4 * Self.geometry.frameBytes })
        return seen.map { clip in
            Self.places.map { colour(clip, Self.geometry, x: $0.0, y: $0.1, frame: 3) }
        }
    }

    private func quadrants(_ format: String, _ codec: [String]) throws -> String {
        try PictureVideo.make(
            in: folder, "\(format).mkv", width: 128, height: 96, frames: 30,
            arguments: codec + ["-pix_fmt", format], PictureVideo.quadrants(width: 128, height: 96))
    }

    private static let views = [
        PictureView.plain, PictureView(quarterTurns: 1), PictureView(quarterTurns: 2),
        PictureView(quarterTurns: 3), PictureView(isInverted: true),
        PictureView(region: PictureRegion(x: 0.5, y: 0, width: 0.5, height: 0.5)),
        PictureView(region: PictureRegion(x: 0, y: 0.5, width: 1, height: 0.5), quarterTurns: 1),
    ]
    private static let wanted: [[[Int]]] = {
        let (red, green, blue, white) = (
            PictureTests.red, PictureTests.green, PictureTests.blue, PictureTests.white
        )
        return [
            [red, green, blue, white], [blue, red, white, green], [white, blue, green, red],
            [green, white, red, blue], [[0, 255, 255], [255, 0, 255], [255, 255, 0], [0, 0, 0]],
            [green, green, green, green], [blue, blue, white, white],
        ]
    }()

    @Test(arguments: [
        ("yuv444p", ["-c:v", "libx264", "-qp", "0"]), ("yuv420p", ["-c:v", "libx264", "-qp", "0"]),
        ("bgr0", ["-c:v", "ffv1"]), ("gbrp", ["-c:v", "ffv1"]),
    ])
    func viewsOfAFile(_ format: String, _ codec: [String]) throws {
        let seen = try corners(try quadrants(format, codec), Self.views)
        for (view, (own, wanted)) in zip(seen, Self.wanted).enumerated() {
            for (colour, wanted) in zip(own, wanted) {
                #expect(close(colour, wanted, 6), "view \(view): \(colour) for \(wanted)")
            }
        }
    }

    /// The views are of the picture as it is shown.
    @Test(arguments: [90, 180, 270]) func viewsOfATurnedFile(degrees: Int) throws {
        let plain = try quadrants("yuv444p", ["-c:v", "libx264", "-qp", "0"])
        let (marked, turned) = (folder.file("marked.mp4"), folder.file("turned.mkv"))
        try FFmpeg.run(["-i", plain, "-c", "copy", "-metadata:s:v", "rotate=\(degrees)", marked])
        try FFmpeg.run(["-i", marked, "-c:v", "ffv1", "-pix_fmt", "yuv444p", turned])
        let (own, reference) = (try corners(marked, Self.views), try corners(turned, Self.views))
        for (own, reference) in zip(own.joined(), reference.joined()) { #expect(close(own, reference, 6)) }
    }

    /// What is read beside other views is what is read alone, to the bit.
    @Test func viewsDoNotTouchEachOther() throws {
        let path = folder.file("moving.mp4")
        try FFmpeg.draw("testsrc2=s=160x120:r=12", seconds: 3, to: path, ["-c:v", "libx264"])
        func clips(_ views: [PictureView]) throws -> [[Clip]] {
            var options = ReadingOptions(plan: ClipPlan(), geometry: Self.geometry)
            options.views = views
            let reader = try ClipReader(path: path, options: options)
            var clips: [[Clip]] = []
            while let clip = try reader.next() {
                clips.append(clip.views(views.count, frameBytes: Self.geometry.frameBytes))
            }
            return clips
        }
        let together = try clips(Self.views)
        for (place, view) in Self.views.enumerated() {
            #expect(together.map { $0[place].frames } == (try clips([view])).map { $0[0].frames })
        }
        #expect(together.map { $0[0].interval } == (try clips([.plain])).map { $0[0].interval })
    }
}
