import Base
import Distributions
import Evaluation
import Foundation
import Testing
import TestSupport
import VideoDecoding

@Suite struct HistogramTests {
    private func bin(hue: Int, saturation: Int, value: Int) -> Int { (hue * 4 + saturation) * 4 + value }

    @Test func coloursFallIntoTheirBins() {
        #expect(ColorHistogram.binCount == 128)
        #expect(ColorHistogram.bin(0, 0, 0) == 0)
        #expect(ColorHistogram.bin(255, 255, 255) == bin(hue: 0, saturation: 0, value: 3))
        #expect(ColorHistogram.bin(128, 128, 128) == bin(hue: 0, saturation: 0, value: 2))
        #expect(ColorHistogram.bin(255, 0, 0) == bin(hue: 0, saturation: 3, value: 3))
        // 120° and 240° of 45° a bin.
        #expect(ColorHistogram.bin(0, 255, 0) == bin(hue: 2, saturation: 3, value: 3))
        #expect(ColorHistogram.bin(0, 0, 255) == bin(hue: 5, saturation: 3, value: 3))
        // Just below the full circle.
        #expect(ColorHistogram.bin(255, 0, 1) == bin(hue: 7, saturation: 3, value: 3))
        #expect(ColorHistogram.bin(100, 50, 50) == bin(hue: 0, saturation: 2, value: 1))
    }

    @Test func everyColourHasABinAndHueAgreesWithTheFormula() {
        for red in stride(from: 0, through: 255, by: 15) {
            for green in stride(from: 0, through: 255, by: 17) {
                for blue in stride(from: 0, through: 255, by: 17) {
                    let found = ColorHistogram.bin(UInt8(red), UInt8(green), UInt8(blue))
                    #expect((0..<128).contains(found))
                    let (r, g, b) = (Double(red), Double(green), Double(blue))
                    let most = max(r, g, b), span = most - min(r, g, b)
                    guard span > 0 else { continue }
                    var hue = most == r ? (g - b) / span : most == g ? 2 + (b - r) / span : 4 + (r - g) / span
                    if hue < 0 { hue += 6 }
                    // On a border, rounding may decide either way.
                    let exact = hue / 6 * 8
                    if abs(exact - exact.rounded()) > 1e-9 { #expect(found / 16 == Int(exact)) }
                }
            }
        }
    }

    @Test func sharesAndIntersection() {
        var red = ColorHistogram()
        red.add([255, 0, 0, 255, 0, 0, 0, 0, 255, 255, 0, 0])
        #expect(abs(red.shares.reduce(0, +) - 1) < 1e-6)
        #expect(red.shares[ColorHistogram.bin(255, 0, 0)] == 0.75)
        var blue = ColorHistogram()
        blue.add([0, 0, 255])
        func distance(_ a: [Float], _ b: [Float]) -> Double {
            a.withUnsafeBufferPointer { a in b.withUnsafeBufferPointer { ColorHistogram.distance(a, $0) } }
        }
        #expect(distance(red.shares, red.shares) == 0)
        #expect(distance(red.shares, blue.shares) == 0.75)
        #expect(ColorHistogram().shares.allSatisfy { $0 == 0 })
    }
}

@Suite struct ScheduleTests {
    private let plan = ClipPlan(framesPerClip: 8, clipDuration: 2, clipStride: 2)

    @Test func startsAreSpreadEvenly() {
        let long = UniformClips.schedule(count: 10, plan: plan, duration: 20)
        #expect(long.start == 0 && long.count == 10)
        #expect(abs(long.stride - 2) < 1e-12)
        let overlapping = UniformClips.schedule(count: 10, plan: plan, duration: 6.5)
        #expect(overlapping.count == 10 && abs(overlapping.stride - 0.5) < 1e-12)
        // Not nearer to each other than the frames, 0.25 s.
        let short = UniformClips.schedule(count: 10, plan: plan, duration: 3)
        #expect(short.count == 5 && abs(short.stride - 0.25) < 1e-12)
        #expect(UniformClips.schedule(count: 10, plan: plan, duration: 2.1).count == 1)
        #expect(UniformClips.schedule(count: 10, plan: plan, duration: 2).count == 1)
        #expect(UniformClips.schedule(count: 10, plan: plan, duration: 0).count == 1)
        #expect(UniformClips.schedule(count: 10, plan: plan, duration: .infinity).count == 1)
        let middle = UniformClips.schedule(count: 1, plan: plan, duration: 12)
        #expect(middle.start == 5 && middle.count == 1)
    }

    @Test(arguments: [0.4, 1.0, 1.3, 3.0, 7.0, 20.0]) func clipsOfAVideo(seconds: Double) throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/v.mp4"
        try FFmpeg.draw("testsrc2=size=32x32:rate=10", seconds: seconds, to: path)
        let plan = ClipPlan(framesPerClip: 4, clipDuration: 1, clipStride: 1)
        let clips = UniformClips(count: 10, plan: plan, geometry: FrameGeometry(width: 16, height: 16))
        var intervals: [TimeRange] = []
        let count = try clips.read(path: path) {
            intervals.append($0.interval)
            return true
        }
        let wanted = UniformClips.schedule(count: 10, plan: plan, duration: seconds)
        #expect(count == wanted.count && intervals.count == count)
        #expect(intervals[0].start == wanted.start)
        if count > 1 {
            #expect(abs((intervals.last?.stop ?? 0) - seconds) < 1e-3)
            for (a, b) in zip(intervals, intervals.dropFirst()) {
                #expect(abs(b.start - a.start - wanted.stride) < 1e-6)
            }
        }
        var seen = 0
        #expect(
            try clips.read(path: path) { _ in
                seen += 1; return false
            } == 1)
        #expect(seen == 1)
    }
}

/// A container that claims to last longer than any clip's time may be.
private struct EndlessVideo: ClipSource {
    func read(
        path: String, options: ReadingOptions, most: Int, take: (Clip) -> Bool
    ) throws(VideoError) {
        // As strict as whoever makes options anew.
        let again = ReadingOptions(plan: options.plan, geometry: options.geometry, range: options.range)
        _ = take(Clip(interval: TimeRange(start: 0, stop: again.plan.clipDuration), frames: []))
    }

    func duration(path: String, options: ReadingOptions) throws(VideoError) -> Double { 1e8 }

    func still(
        path: String, geometry: FrameGeometry, timeLimit: Double
    ) throws(VideoError) -> [UInt8] { [] }
}

@Suite struct EndlessVideoTests {
    @Test func aClaimOfAnyDurationGivesClips() throws {
        let geometry = FrameGeometry(width: 16, height: 16)
        let clips = UniformClips(count: 10, plan: ClipPlan(), geometry: geometry, source: EndlessVideo())
        #expect(try clips.read(path: "/v.mp4") { _ in true } == 1)
    }
}

@Suite struct StoreTests {
    private func features(_ value: Float) -> VideoFeatures {
        VideoFeatures(
            clipCount: 3, backbone: [value, 2], moments: Moments(mean: [value], variance: [1]),
            histogram: [0.5, 0.5])
    }
    private let stamp = FeatureStore.Stamp(size: 7, changed: 9)

    @Test func recordsComeBackAndChangesAreSeen() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/s"
        do {
            let store = try FeatureStore(path: path, key: "k")
            #expect(store.append(path: "ä.mp4", stamp: stamp, features: features(1)))
            #expect(store.append(path: "b", stamp: stamp, features: features(2)))
            #expect(store.append(path: "b", stamp: stamp, features: features(3)))
            // Two at a time would mix their records.
            #expect(
                failure { () throws(EvaluationError) in _ = try FeatureStore(path: path, key: "k") }?.message
                    .contains("another measurement") == true)
        }
        let store = try FeatureStore(path: path, key: "k")
        #expect(store.features(path: "ä.mp4", stamp: stamp) == features(1))
        #expect(store.features(path: "b", stamp: stamp) == features(3))
        #expect(store.features(path: "b", stamp: .init(size: 8, changed: 9)) == nil)
        #expect(store.features(path: "c", stamp: stamp) == nil)
    }

    @Test func damageIsCutOffAndStrangersAreRefused() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/s"
        do {
            let store = try FeatureStore(path: path, key: "k")
            for name in ["a", "b", "c"] {
                #expect(store.append(path: name, stamp: stamp, features: features(1)))
            }
        }
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for length in [0, 5, 12, 13, 20, whole.count / 2, whole.count - 1] {
            try whole.prefix(length).write(to: URL(fileURLWithPath: path))
            let store = try FeatureStore(path: path, key: "k")
            #expect(store.features(path: "c", stamp: stamp) == nil)
            #expect(store.append(path: "c", stamp: stamp, features: features(4)))
        }
        #expect(try FeatureStore(path: path, key: "k").features(path: "c", stamp: stamp) == features(4))
        for position in [13, 17, 30, 50] {
            var flipped = whole
            flipped[position] ^= 0x40
            try flipped.write(to: URL(fileURLWithPath: path))
            #expect(try FeatureStore(path: path, key: "k").features(path: "a", stamp: stamp) == nil)
        }
        try whole.write(to: URL(fileURLWithPath: path))
        for key in ["j", "kk"] {
            #expect(
                failure { () throws(EvaluationError) in _ = try FeatureStore(path: path, key: key) }?.message
                    .contains("not this model's") == true)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole)
    }
}
