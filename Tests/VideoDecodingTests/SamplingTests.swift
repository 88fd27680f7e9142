import Base
import Foundation
import Testing
import TestSupport
import VideoDecoding

/// Which frames a clip holds, by presentation time.
@Suite struct SamplingTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// The frame on screen at each of a clip's instants: the last whose time is not later.
    private func expected(_ interval: TimeRange, frames: Int, times: [Double], length: Double? = nil) -> [Int]
    {
        (0..<frames).map { index in
            let instant =
                interval.start + (Double(index) + 0.5) * (length ?? interval.duration) / Double(frames)
            return (times.lastIndex { $0 <= instant + 1e-6 }) ?? 0
        }
    }

    private func evenTimes(_ count: Int, rate: Double = 25) -> [Double] {
        (0..<count).map { Double($0) / rate }
    }

    @Test func evenFramesInEveryContainer() throws {
        let source = try NumberedVideo.make(in: folder, "source.mkv", count: 80, ["-c:v", "ffv1"])
        let names = ["mp4", "mkv", "avi", "mov", "nut", "ts", "flv"].map { "even.\($0)" }
        let coder = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
        try FFmpeg.run(input: ["-i", source], outputs: names.map { coder + [folder.file($0)] })
        for name in names {
            let (clips, facts, work) = try readAll(folder.file(name))
            let whole = (0..<3).map { TimeRange(start: Double($0), stop: Double($0) + 1) }
            #expect(clips.map(\.interval) == whole, "\(name)")
            for clip in clips {
                let wanted = expected(clip.interval, frames: 4, times: evenTimes(80))
                #expect(NumberedVideo.numbers(clip) == wanted, "\(name)")
            }
            #expect(abs((facts.duration ?? 0) - 3.2) < 0.011, "\(name)")
            #expect(facts.width == 96 && facts.height == 64)
            // Each frame is decoded once, and only those that a clip or the rest behind it may show are converted.
            #expect(work.decoded == 80, "\(name)")
            #expect(work.converted == 13, "\(name)")
        }
    }

    @Test(arguments: [("open.h264", "h264"), ("open.m2v", "mpeg2video"), ("open.ivf", "vp8")])
    func streamsWithoutTimeStampsOrDuration(_ name: String, _ codec: String) throws {
        let coder =
            switch codec {
            case "h264": ["-c:v", "libx264", "-bf", "2", "-pix_fmt", "yuv420p"]
            case "mpeg2video": ["-c:v", "mpeg2video", "-q:v", "1", "-bf", "2", "-pix_fmt", "yuv420p"]
            default: ["-c:v", "libvpx", "-b:v", "2M", "-deadline", "realtime", "-pix_fmt", "yuv420p"]
            }
        let path = try NumberedVideo.make(in: folder, name, count: 60, coder)
        let (clips, facts, _) = try readAll(path)
        #expect(facts.codec == codec)
        #expect(clips.count == 2)
        for clip in clips {
            #expect(NumberedVideo.numbers(clip) == expected(clip.interval, frames: 4, times: evenTimes(60)))
        }
        #expect(abs((facts.duration ?? 0) - 2.4) < 0.001)
    }

    @Test func liveMatroskaHasNoDuration() throws {
        let path = try NumberedVideo.make(
            in: folder, "live.mkv", count: 60,
            ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-live", "1", "-f", "matroska"])
        let options = ReadingOptions(
            plan: ClipPlan(framesPerClip: 4, clipDuration: 1, clipStride: 1), geometry: .numbered)
        let reader = try ClipReader(path: path, options: options)
        #expect(reader.facts.duration == nil)
        var numbers: [[Int]] = []
        while let clip = try reader.next() { numbers.append(NumberedVideo.numbers(clip)) }
        #expect(numbers == [[3, 9, 15, 21], [28, 34, 40, 46]])
        #expect(abs((reader.facts.duration ?? 0) - 2.4) < 0.002)
    }

    /// Frames of 40 ms and of 400 ms in turns of five.
    @Test(arguments: ["mp4", "mkv"])
    func variableFrameRate(_ container: String) throws {
        let even = try NumberedVideo.make(in: folder, "even.mp4", count: 20)
        let path = folder.file("variable.\(container)")
        let rule = "setpts=(floor(N/10)*2200+min(mod(N\\,10)\\,5)*40+max(mod(N\\,10)-5\\,0)*400)/1000/TB"
        try FFmpeg.run(
            ["-i", even, "-vf", "settb=1/1000,\(rule)", "-vsync", "passthrough", "-enc_time_base", "1/1000"]
                + ["-c:v", "libx264", "-bf", "2", "-pix_fmt", "yuv420p", path])
        let times = (0..<20).map { number -> Double in
            let milliseconds = number / 10 * 2200 + min(number % 10, 5) * 40 + max(number % 10 - 5, 0) * 400
            return Double(milliseconds) / 1000
        }
        let (clips, _, _) = try readAll(
            path, plan: ClipPlan(framesPerClip: 8, clipDuration: 1, clipStride: 1))
        #expect(clips.count >= 4)
        for clip in clips {
            #expect(
                NumberedVideo.numbers(clip) == expected(clip.interval, frames: 8, times: times, length: 1),
                "clip at \(clip.interval.start)")
        }
    }

    @Test func timeZeroIsTheFirstFrame() throws {
        let even = try NumberedVideo.make(in: folder, "even.mp4", count: 50)
        let path = folder.file("late.ts")
        try FFmpeg.run(["-i", even, "-c", "copy", "-output_ts_offset", "5000", path])
        let (clips, _, _) = try readAll(path)
        #expect(clips.map { NumberedVideo.numbers($0) } == [[3, 9, 15, 21], [28, 34, 40, 46]])
    }

    @Test func aSplicedTransportStreamGoesOn() throws {
        let even = try NumberedVideo.make(
            in: folder, "even.mp4", count: 50, ["-c:v", "libx264", "-bf", "0", "-pix_fmt", "yuv420p"])
        var bytes: [UInt8] = []
        for offset in [9000, 20, 50_000] {
            let part = folder.file("part.ts")
            try FFmpeg.run(["-i", even, "-c", "copy", "-output_ts_offset", "\(offset)", part])
            bytes += try Data(contentsOf: URL(fileURLWithPath: part))
        }
        let path = try folder.write(bytes, to: "spliced.ts")
        let (clips, facts, _) = try readAll(path)
        let once = [[3, 9, 15, 21], [28, 34, 40, 46]]
        #expect(clips.map { NumberedVideo.numbers($0) } == once + once + once)
        #expect(abs((facts.duration ?? 0) - 6) < 0.1)
    }

    @Test func aVideoShorterThanAClipIsSampledOverWhatItHas() throws {
        for name in ["short.mp4", "short.mkv", "short.h264", "short.ts", "short.avi"] {
            let path = try NumberedVideo.make(in: folder, name, count: 16)
            let plan = ClipPlan(framesPerClip: 4, clipDuration: 2, clipStride: 2)
            let (clips, facts, _) = try readAll(path, plan: plan)
            #expect(clips.count == 1, "\(name)")
            #expect(clips.map { NumberedVideo.numbers($0) } == [[2, 6, 10, 14]], "\(name)")
            #expect(abs((clips.first?.interval.stop ?? 0) - 0.64) < 0.002, "\(name)")
            #expect(abs((facts.duration ?? 0) - 0.64) < 0.002, "\(name)")
        }
    }

    @Test func aWrongDurationInTheHeaderDoesNotMatter() throws {
        // The header says 0.64 s, the stream holds 3.2 s, and the other way round.
        for (said, count) in [(16, 80), (80, 16)] {
            let header = try NumberedVideo.make(in: folder, "said.flv", count: said)
            let stream = try NumberedVideo.make(in: folder, "held.flv", count: count)
            var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: stream)))
            let source = [UInt8](try Data(contentsOf: URL(fileURLWithPath: header)))
            let key = Array("duration".utf8)
            let start = try #require(bytes.indices.first { bytes[$0...].starts(with: key) }) + key.count
            let from = try #require(source.indices.first { source[$0...].starts(with: key) }) + key.count
            bytes.replaceSubrange(start..<(start + 9), with: source[from..<(from + 9)])
            let path = try folder.write(bytes, to: "wrong.flv")
            let plan = ClipPlan(framesPerClip: 4, clipDuration: 1, clipStride: 1)
            let (wrong, _, _) = try readAll(path, plan: plan)
            let (right, _, _) = try readAll(stream, plan: plan)
            #expect(wrong.map(\.frames) == right.map(\.frames))
            #expect(wrong.map(\.interval) == right.map(\.interval))
        }
    }

    @Test(arguments: ["one.mp4", "one.mkv", "one.gif", "one.h264"])
    func oneFrameGivesOneClip(_ name: String) throws {
        let coder = name.hasSuffix("gif") ? [] : ["-c:v", "libx264", "-pix_fmt", "yuv420p"]
        let path = try NumberedVideo.make(in: folder, name, count: 1, coder)
        let (clips, _, work) = try readAll(path)
        #expect(clips.map { NumberedVideo.numbers($0) } == [[0, 0, 0, 0]])
        #expect(work.decoded == 1 && work.converted == 1)
    }

    @Test func theRestGivesAFinalClipIfItIsHalfAClip() throws {
        // 2.4 s: less than half a clip is left; 2.52 s: more than half.
        for (count, last) in [(60, nil), (63, TimeRange(start: 1.5, stop: 2.5))] {
            let path = try NumberedVideo.make(in: folder, "rest\(count).mp4", count: count)
            let (clips, _, _) = try readAll(path)
            #expect(clips.count == (last == nil ? 2 : 3))
            if let last {
                #expect(clips.last?.interval == last)
                let times = evenTimes(count)
                #expect(
                    clips.last.map { NumberedVideo.numbers($0) } == expected(last, frames: 4, times: times))
            }
        }
    }

    @Test func overlapsAndGaps() throws {
        let path = try NumberedVideo.make(in: folder, "long.mp4", count: 200)
        for stride in [0.25, 0.3, 0.5, 1.5, 3] {
            let plan = ClipPlan(framesPerClip: 4, clipDuration: 1, clipStride: stride)
            let (clips, _, _) = try readAll(path, plan: plan)
            let starts = Array(Swift.stride(from: 0.0, through: 7.12, by: stride))
            #expect(clips.count >= starts.count)
            for (clip, start) in zip(clips, starts) {
                #expect(abs(clip.interval.start - start) < 1e-9)
                #expect(
                    NumberedVideo.numbers(clip)
                        == expected(clip.interval, frames: 4, times: evenTimes(200), length: 1))
            }
        }
    }

    @Test func ranges() throws {
        let path = try NumberedVideo.make(in: folder, "range.mp4", count: 100)
        let (clips, facts, _) = try readAll(path, range: TimeRange(start: 1.1, stop: 3.1))
        #expect(
            clips.map(\.interval) == [TimeRange(start: 1.1, stop: 2.1), TimeRange(start: 2.1, stop: 3.1)])
        for clip in clips {
            #expect(NumberedVideo.numbers(clip) == expected(clip.interval, frames: 4, times: evenTimes(100)))
        }
        #expect(facts.duration == 4)

        let short = TimeRange(start: 2, stop: 2.32)
        let (one, _, _) = try readAll(path, range: short)
        #expect(one.map(\.interval) == [short])
        #expect(one.first.map { NumberedVideo.numbers($0) } == [51, 53, 55, 57])

        // What the range still has of the video.
        let (end, _, _) = try readAll(path, range: TimeRange(start: 3.5, stop: 99))
        #expect(end.map(\.interval.start) == [3.5])
        #expect(abs((end.first?.interval.stop ?? 0) - 4) < 1e-6)

        for (start, stop) in [(4.0, 5.0), (1000, 2000), (3, 3), (3, 2), (.nan, 1), (-2, 0)] {
            let error = #expect(throws: VideoError.self) {
                try readAll(path, range: TimeRange(start: start, stop: stop))
            }
            #expect(error?.reason == .emptyRange)
        }
    }

    @Test func animationsWithDelays() throws {
        let path = try NumberedVideo.make(in: folder, "loop.gif", count: 30, rate: "10", [])
        let (clips, facts, _) = try readAll(path)
        #expect(facts.codec == "gif")
        #expect(
            clips.map { NumberedVideo.numbers($0) } == [[1, 3, 6, 8], [11, 13, 16, 18], [21, 23, 26, 28]])
        let apng = try NumberedVideo.make(
            in: folder, "loop.apng", count: 30, rate: "10", ["-plays", "0", "-f", "apng"])
        let (same, _, _) = try readAll(apng)
        #expect(same.map { NumberedVideo.numbers($0) } == clips.map { NumberedVideo.numbers($0) })
    }
}
