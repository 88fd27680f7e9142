import Foundation
import Synchronization
import Testing
import VideoDecoding

/// Time, memory, cancellation.
@Suite struct LimitTests {
    let folder: TemporaryFolder
    private let plan = ClipPlan(framesPerClip: 8, clipDuration: 2, clipStride: 2)

    init() throws { folder = try TemporaryFolder() }

    private func long(seconds: Int) throws -> String {
        let path = folder.file("long.mkv")
        try FFmpeg.run(
            ["-f", "lavfi", "-i", "color=gray:s=64x48:r=10:d=\(seconds)", "-c:v", "mpeg4", "-q:v", "9", path])
        return path
    }

    @Test func theTimeLimitEndsTheReading() throws {
        let path = try long(seconds: 2000)
        let options = ReadingOptions(plan: plan, geometry: .numbered, timeLimit: 0.02)
        let error = #expect(throws: VideoError.self) {
            var reader = try ClipReader(path: path, options: options)
            while try reader.next() != nil {}
        }
        #expect(error?.reason == .timeLimit)
        #expect(error?.path == path)
    }

    @Test func aLimitThatGrowsSparesWhatIsReadFasterThanItPlays() throws {
        let path = try long(seconds: 2000)
        let options = ReadingOptions(plan: plan, geometry: .numbered, timeLimit: 0.5, timeLimitGrowth: 1)
        var reader = try ClipReader(path: path, options: options)
        var clips = 0
        while try reader.next() != nil { clips += 1 }
        #expect(clips > 100)
    }

    @Test func waitingBetweenClipsIsNotCounted() throws {
        let path = try NumberedVideo.make(in: folder, "brief.mp4", count: 100)
        let options = ReadingOptions(plan: plan, geometry: .numbered, timeLimit: 3)
        var reader = try ClipReader(path: path, options: options)
        #expect(try reader.next() != nil)
        Thread.sleep(forTimeInterval: 3.1)
        #expect(try reader.next() != nil)
        #expect(try reader.next() == nil)
    }

    @Test func cancellation() throws {
        let path = try long(seconds: 300)
        let flag = Flag()
        let options = ReadingOptions(plan: plan, geometry: .numbered) { flag.isSet }
        var reader = try ClipReader(path: path, options: options)
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

    /// One picture may give hundreds of clips, and whoever encodes them may take minutes: it is asked between them, too.
    @Test func clipsOfOnePictureAreCancelled() throws {
        let path = try NumberedVideo.make(
            in: folder, "standing.mkv", count: 3, rate: "1/200", ["-c:v", "mpeg4"])
        let flag = Flag()
        let options = ReadingOptions(plan: plan, geometry: .numbered) { flag.isSet }
        var reader = try ClipReader(path: path, options: options)
        for _ in 0..<50 { #expect(try reader.next() != nil) }
        // Nothing was decoded meanwhile but the frame that follows.
        #expect(reader.work.decoded <= 2)
        flag.set()
        let error = #expect(throws: VideoError.self) { _ = try reader.next() }
        #expect(error?.reason == .cancelled)
    }

    @Test func memoryDoesNotGrowWithLength() throws {
        // All clips together hold 600 MB.
        let path = try long(seconds: 1000)
        let geometry = FrameGeometry(width: 160, height: 160)
        let overlapping = ClipPlan(framesPerClip: 8, clipDuration: 2, clipStride: 1)
        var reader = try ClipReader(
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
