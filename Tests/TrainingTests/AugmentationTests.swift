import Foundation
import Testing
import TestSupport
import Training

/// Draws one clip of a made-up video.
private func draw(
    _ video: CachedVideo, _ augmentation: Augmentation, key: UInt64 = 1, frames: Int = 4, width: Int = 24,
    height: Int = 24
) -> [UInt8] {
    let renderer = ClipRenderer(width: width, height: height)
    var output = [UInt8](repeating: 0, count: frames * renderer.frameBytes)
    output.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        renderer.draw(video, indices: Array(0..<frames), augmentation: augmentation, key: key, into: base)
    }
    return output
}

private func original(_ video: Int, frames: Int = 4, side: Int = 24) -> [UInt8] {
    (0..<(frames * side * side * 3)).map { i in
        let (frame, place) = (i / (side * side * 3), i % (side * side * 3))
        return MadeUpFrames.pixel(
            video: video, frame: frame, x: place / 3 % side, y: place / 3 / side, channel: place % 3)
    }
}

@Suite struct AugmentationTests {
    private let scratch: TemporaryFolder
    private let video: CachedVideo

    init() throws {
        scratch = try TemporaryFolder()
        video = try #require(try scratch.cached([8]).first)
    }

    private func only(_ change: (inout Augmentation) -> Void) -> Augmentation {
        var choice = Augmentation.none
        change(&choice)
        return choice
    }

    @Test func nothingChangesNothing() { #expect(draw(video, .none) == original(0)) }

    @Test func flipMirrorsEveryFrame() {
        let expected = original(0).indices.map { i -> UInt8 in
            let (row, x, channel) = (i / 72, i / 3 % 24, i % 3)
            return original(0)[row * 72 + (23 - x) * 3 + channel]
        }
        #expect(draw(video, only { $0.flip = 1 }) == expected)
    }

    @Test func resizingIsBilinear() {
        // Against the sum written out pixel by pixel.
        let (width, height) = (17, 31)
        let drawn = draw(video, .none, width: width, height: height)
        let source = original(0)
        for frame in 0..<4 {
            for y in 0..<height {
                for x in 0..<width {
                    let px = min(max((Double(x) + 0.5) * 24 / Double(width) - 0.5, 0), 23)
                    let py = min(max((Double(y) + 0.5) * 24 / Double(height) - 0.5, 0), 23)
                    let (x0, y0) = (Int(px), Int(py))
                    let (x1, y1) = (min(x0 + 1, 23), min(y0 + 1, 23))
                    let (u, v) = (px - Double(x0), py - Double(y0))
                    for c in 0..<3 {
                        func at(_ x: Int, _ y: Int) -> Double {
                            Double(source[((frame * 24 + y) * 24 + x) * 3 + c])
                        }
                        let value =
                            (1 - v) * ((1 - u) * at(x0, y0) + u * at(x1, y0))
                            + v * ((1 - u) * at(x0, y1) + u * at(x1, y1))
                        let got = Double(drawn[((frame * height + y) * width + x) * 3 + c])
                        #expect(abs(got - value) <= 0.501)
                    }
                }
            }
        }
    }

    @Test func cropsStayInsideAndTravel() {
        var clips: Set<[UInt8]> = []
        for key in 0..<40 as Range<UInt64> {
            let clip = draw(video, only { $0.crops = true }, key: key)
            clips.insert(clip)
            // Values of the source's frames, rising with time: an interpolation cannot leave their range.
            let source = original(0)
            for channel in 0..<3 {
                let values = stride(from: channel, to: clip.count, by: 3).map { clip[$0] }
                let range = stride(from: channel, to: source.count, by: 3).map { source[$0] }
                #expect(
                    (values.min() ?? 0) >= (range.min() ?? 0) && (values.max() ?? 0) <= (range.max() ?? 0))
            }
        }
        #expect(clips.count == 40)
    }

    @Test func grayscaleHasNoColourAndKeepsTheLuma() {
        let clip = draw(video, only { $0.grayscale = 1 })
        let source = original(0)
        for pixel in stride(from: 0, to: clip.count, by: 3) {
            let luma =
                0.299 * Double(source[pixel]) + 0.587 * Double(source[pixel + 1]) + 0.114
                * Double(source[pixel + 2])
            for channel in 0..<3 { #expect(abs(Double(clip[pixel + channel]) - luma) <= 0.6) }
        }
    }

    @Test func brightnessScalesAllFramesAlike() {
        let choice = only {
            $0.colorJitter = 1
            ($0.brightness, $0.contrast, $0.saturation, $0.hue) = (0.4, 0, 0, 0)
        }
        var factors: Set<Int> = []
        for key in 0..<20 as Range<UInt64> {
            let (clip, source) = (draw(video, choice, key: key), original(0))
            let sum = zip(clip, source).reduce(0.0) { $0 + ($1.0 < 255 ? Double($1.0) : 0) }
            let factor = sum / zip(clip, source).reduce(0.0) { $0 + ($1.0 < 255 ? Double($1.1) : 0) }
            #expect(factor > 0.59 && factor < 1.41)
            for (got, was) in zip(clip, source) {
                #expect(abs(Double(got) - min(255, Double(was) * factor)) <= 1.5)
            }
            factors.insert(Int(factor * 100))
        }
        #expect(factors.count > 10)
    }

    @Test func hueKeepsTheLuma() {
        let choice = only {
            $0.colorJitter = 1
            ($0.brightness, $0.contrast, $0.saturation, $0.hue) = (0, 0, 0, 0.05)
        }
        let (clip, source) = (draw(video, choice, key: 5), original(0))
        #expect(clip != source)
        for pixel in stride(from: 0, to: clip.count, by: 3) {
            if (0..<3).contains(where: { clip[pixel + $0] == 0 || clip[pixel + $0] == 255 }) { continue }
            func luma(_ p: [UInt8]) -> Double {
                0.299 * Double(p[pixel]) + 0.587 * Double(p[pixel + 1]) + 0.114 * Double(p[pixel + 2])
            }
            #expect(abs(luma(clip) - luma(source)) < 1.2)
        }
    }

    @Test func blurKeepsTheMeanAndFlattens() {
        func roughness(_ clip: [UInt8]) -> Int {
            (3..<(24 * 3)).reduce(0) { $0 + abs(Int(clip[$1]) - Int(clip[$1 - 3])) }
        }
        let noisy = only { $0.copies = 1 }
        let blurred = only { ($0.copies, $0.blur) = (0, 1) }
        let (clip, source) = (draw(video, blurred, key: 3), original(0))
        let mean = { (c: [UInt8]) in c.reduce(0.0) { $0 + Double($1) } / Double(c.count) }
        #expect(clip != source && abs(mean(clip) - mean(source)) < 1)
        #expect(roughness(clip) <= roughness(source))
        #expect(draw(video, noisy, key: 3) != source)
    }

    @Test func oneSwitchDoesNotMoveTheOthers() {
        // The crop is the same with and without a colour draw: grey of both agrees.
        let cropped = draw(video, only { $0.crops = true }, key: 9)
        let gray = draw(
            video,
            only {
                $0.crops = true
                $0.grayscale = 1
            }, key: 9)
        for pixel in stride(from: 0, to: gray.count, by: 3) {
            let luma =
                0.299 * Double(cropped[pixel]) + 0.587 * Double(cropped[pixel + 1])
                + 0.114 * Double(cropped[pixel + 2])
            #expect(abs(Double(gray[pixel]) - luma) < 1.1)
        }
    }

    @Test func stillPicturesMove() throws {
        let cache = ClipCache(
            folder: scratch.path + "/stills", choice: .small(24), clipInterval: 0.25, source: MadeUpFrames())
        let still = try #require(
            try cache.build(videos: [], stills: scratch.videos([1]), threads: 1).videos.first)
        #expect(still.isStill && still.frameCount == 1 && still.width == 48)
        let renderer = ClipRenderer(width: 24, height: 24)
        var clip = [UInt8](repeating: 0, count: 4 * renderer.frameBytes)
        clip.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            renderer.draw(still, indices: [0, 0, 0, 0], augmentation: .none, key: 4, into: base)
        }
        let frames = (0..<4).map {
            Array(clip[($0 * renderer.frameBytes)..<(($0 + 1) * renderer.frameBytes)])
        }
        #expect(Set(frames).count == 4)
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["MIXTAPE_MEASURE"] != nil))
    func speed() throws {
        let large = try TemporaryFolder()
        let cache = ClipCache(
            folder: large.path + "/cache", choice: .small(128), clipInterval: 0.25, source: MadeUpFrames())
        let videos = try cache.build(videos: large.videos([30, 30]), threads: 1).videos
        let renderer = ClipRenderer(width: 112, height: 112)
        var clip = [UInt8](repeating: 0, count: 8 * renderer.frameBytes)
        var (blur, copies) = (Augmentation(), Augmentation())
        blur.blur = 0.5
        copies.copies = 0.3
        for (name, choice) in [
            ("crop, flip, colour", Augmentation()), ("and blur", blur), ("and copies", copies),
        ] {
            let start = ContinuousClock.now
            for key in 0..<400 as Range<UInt64> {
                clip.withUnsafeMutableBufferPointer { buffer in
                    guard let base = buffer.baseAddress else { return }
                    renderer.draw(
                        videos[Int(key) % 2], indices: Array(4..<12), augmentation: choice, key: key,
                        into: base)
                }
            }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            print("\(name): \(Int(400 / seconds)) clips of 8 × 112² a second on one thread")
        }
    }
}

extension Augmentation {
    /// Everything off: whole frames, as at inference.
    static var none: Augmentation {
        var choice = Augmentation()
        choice.crops = false
        choice.flip = 0
        choice.colorJitter = 0
        choice.grayscale = 0
        return choice
    }
}
