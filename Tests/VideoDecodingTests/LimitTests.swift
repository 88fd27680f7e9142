import Base
import Foundation
import Synchronization
import Testing
import TestSupport
import VideoDecoding

/// Time, memory, cancellation.
@Suite struct LimitTests {
    let folder: TemporaryFolder
    private let plan = ClipPlan(framesPerClip: 8, clipDuration: 2, clipStride: 2)

    init() throws { folder = try TemporaryFolder() }

    /// 2000 seconds of grey, drawn once.
    private static let drawn = Result {
        let folder = try TemporaryFolder()
        try FFmpeg.draw(
            "color=gray:s=64x48:r=10", seconds: 2000, to: folder.file("long.mkv"),
            ["-c:v", "mpeg4", "-q:v", "9"])
        return folder
    }

    private func long() throws -> String { try Self.drawn.get().file("long.mkv") }

    @Test func theTimeLimitEndsTheReading() throws {
        let path = try long()
        let options = ReadingOptions(plan: plan, geometry: .numbered, timeLimit: 0.02)
        let error = #expect(throws: VideoError.self) {
            let reader = try ClipReader(path: path, options: options)
            while try reader.next() != nil {}
        }
        #expect(error?.reason == .timeLimit)
        #expect(error?.path == path)
    }

    @Test func aLimitThatGrowsSparesWhatIsReadFasterThanItPlays() throws {
        let path = try long()
        let options = ReadingOptions(plan: plan, geometry: .numbered, timeLimit: 0.5, timeLimitGrowth: 1)
        let reader = try ClipReader(path: path, options: options)
        var clips = 0
        while try reader.next() != nil { clips += 1 }
        #expect(clips > 100)
    }

    @Test func waitingBetweenClipsIsNotCounted() throws {
        let path = try NumberedVideo.make(in: folder, "brief.mp4", count: 100)
        let options = ReadingOptions(plan: plan, geometry: .numbered, timeLimit: 1)
        let reader = try ClipReader(path: path, options: options)
        #expect(try reader.next() != nil)
        Thread.sleep(forTimeInterval: 1.1)
        #expect(try reader.next() != nil)
        #expect(try reader.next() == nil)
    }

    @Test func cancellation() throws {
        let path = try long()
        let flag = Flag()
        let options = ReadingOptions(plan: plan, geometry: .numbered) { flag.isSet }
        let reader = try ClipReader(path: path, options: options)
        #expect(try reader.next() != nil)
        flag.set()
        for _ in 0..<2 {
            do {
                _ = try reader.next()
                Issue.record("reading went on")
            } catch {
                #expect(error.reason == .cancelled)
            }
        }
        let error = #expect(throws: VideoError.self) {
            _ = try ClipReader(path: path, options: options).facts
        }
        #expect(error?.reason == .cancelled)
    }

    /// What a file claims of its frames gives it no time: the limit grows by what is decoded.
    @Test func claimsDoNotRaiseTheLimit() {
        let interruption = Interruption(timeLimit: 0.05, growth: 1, isCancelled: { false })
        interruption.noteFrame(seconds: 1e6)
        interruption.noteFrame(seconds: -5)
        interruption.resume()
        Thread.sleep(forTimeInterval: 0.2)
        #expect(!interruption.shouldStop)
        Thread.sleep(forTimeInterval: 0.2)
        #expect(interruption.shouldStop)
    }

    /// Pictures that stand for minutes: one clip each, and one across each border.
    @Test func aPictureThatStandsGivesOneClip() throws {
        let path = try NumberedVideo.make(
            in: folder, "standing.mkv", count: 3, rate: "1/501", ["-c:v", "mpeg4", "-q:v", "1"])
        for stride in [2.0, 1.0, 0.5] {
            let plan = ClipPlan(framesPerClip: 8, clipDuration: 2, clipStride: stride)
            let (clips, facts, _) = try readAll(path, plan: plan)
            #expect(facts.duration.map { abs($0 - 1503) < 0.01 } == true)
            for number in 0..<3 {
                let whole = clips.filter { Set(NumberedVideo.numbers($0)) == [number] }
                #expect(whole.count <= 2)
                let longest = whole.map(\.interval).max { $0.duration < $1.duration }
                #expect((longest?.duration ?? 0) > 498, "\(number)")
                #expect(abs((longest?.start ?? 0) - 501 * Double(number)) < 2)
            }
            for (first, second) in zip(clips, clips.dropFirst()) {
                #expect(first.interval.start < second.interval.start)
                #expect(first.interval.stop <= second.interval.stop)
            }
            #expect(clips.last.map { abs($0.interval.stop - 1503) < 2 } == true)
        }
    }

    @Test func aClipThatRepeatsSaysSo() throws {
        let path = try NumberedVideo.make(
            in: folder, "shots.mkv", count: 3, rate: "1/8", ["-c:v", "mpeg4", "-r", "25"])
        let (clips, _, _) = try readAll(path, plan: plan)
        #expect(clips.map(\.isRepeat).prefix(8) == [false, true, true, true, false, true, true, true])
    }

    /// Whoever encodes a clip may take long: it is asked between them, too.
    @Test func clipsOfOnePictureAreCancelled() throws {
        let path = try NumberedVideo.make(
            in: folder, "standing.mkv", count: 3, rate: "1/9", ["-c:v", "mpeg4"])
        let flag = Flag()
        let options = ReadingOptions(plan: plan, geometry: .numbered) { flag.isSet }
        let reader = try ClipReader(path: path, options: options)
        for _ in 0..<3 { #expect(try reader.next() != nil) }
        // Nothing was decoded meanwhile but the frame that follows.
        #expect(reader.decodedFrames <= 2)
        flag.set()
        let error = #expect(throws: VideoError.self) { _ = try reader.next() }
        #expect(error?.reason == .cancelled)
    }

    @Test func memoryDoesNotGrowWithLength() throws {
        // All clips together hold 600 MB.
        let path = folder.file("half.mkv")
        try FFmpeg.run(["-i", long(), "-t", "1000", "-c", "copy", path])
        let geometry = FrameGeometry(width: 160, height: 160)
        let overlapping = ClipPlan(framesPerClip: 8, clipDuration: 2, clipStride: 1)
        let reader = try ClipReader(
            path: path, options: ReadingOptions(plan: overlapping, geometry: geometry))
        var count = 0
        var early = 0
        while try reader.next() != nil {
            count += 1
            if count == 50 { early = Self.residentBytes() }
        }
        #expect(count * 8 * geometry.frameBytes > 550_000_000)
        // Other tests run beside this one.
        #expect(Self.residentBytes() - early < 200_000_000)
    }

    private static func residentBytes() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * Int(getpagesize())
    }

    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .relaxed) }
        func set() { value.store(true, ordering: .relaxed) }
    }
}
