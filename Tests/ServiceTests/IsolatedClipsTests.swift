import Base
import Foundation
import Isolation
import Testing
import TestSupport
import VideoDecoding

/// Clips, durations and pictures that the program's own workers hand over: the very ones that this process decodes.
@Suite(.timeLimit(.minutes(2))) struct IsolatedClipsTests {
    private let folder: TemporaryFolder
    private let apart = IsolatedClips(.at(BuiltProgram.path), threads: 1)
    private let within = DecodedClips()

    init() throws { folder = try TemporaryFolder() }

    private func made(_ name: String, _ arguments: String...) throws -> String {
        let path = folder.path + "/" + name
        try FFmpeg.run(arguments + [path])
        return path
    }

    private func clips(
        _ source: any ClipSource, _ path: String, _ options: ReadingOptions, most: Int = .max
    ) throws -> [(TimeRange, [UInt8])] {
        var taken: [(TimeRange, [UInt8])] = []
        try source.read(path: path, options: options, most: most) { clip in
            taken.append((clip.interval, clip.frames))
            return true
        }
        return taken
    }

    @Test func workersGiveWhatTheProcessItselfGives() throws {
        let bars = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=12:duration=5"]
        let video = try made("bars.mp4", bars[0], bars[1], bars[2], bars[3])
        // A stream without a container, which states no duration.
        let bare = try made("bare.h264", bars[0], bars[1], bars[2], bars[3])
        let plans = [
            ClipPlan(), ClipPlan(framesPerClip: 1, clipDuration: 0.25, clipStride: 0.25),
            ClipPlan(framesPerClip: 3, clipDuration: 1.3, clipStride: 0.7),
            ClipPlan(framesPerClip: 4, clipDuration: 9, clipStride: 9),
        ]
        let fits: [FrameGeometry.Fit] = [
            .stretch, .centerCrop(resizeWidth: 90, resizeHeight: 70),
            .centerCrop(resizeWidth: nil, resizeHeight: 70),
        ]
        let ranges = [
            nil, TimeRange(start: 1.1, stop: 3.7), TimeRange(start: 2, stop: .infinity),
        ]
        var compared = 0
        for path in [video, bare] {
            for plan in plans {
                for (fit, range) in zip(fits, ranges) {
                    let geometry = FrameGeometry(width: 64, height: 48, fit: fit)
                    let options = ReadingOptions(plan: plan, geometry: geometry, range: range)
                    for most in [2, Int.max] {
                        let one = try clips(within, path, options, most: most)
                        let other = try clips(apart, path, options, most: most)
                        #expect(one.map(\.0) == other.map(\.0) && one.map(\.1) == other.map(\.1))
                        #expect(one.count <= most)
                        compared += one.count
                    }
                    let lasting = try within.duration(path: path, options: options)
                    #expect(try apart.duration(path: path, options: options) == lasting)
                    #expect(range != nil || abs(lasting - 5) < 0.1)
                }
            }
        }
        #expect(compared > 100)
    }

    @Test func picturesAndErrorsAreTheSame() throws {
        let geometry = FrameGeometry(width: 50, height: 40)
        let picture = try made("picture.jpg", "-f", "lavfi", "-i", "testsrc=size=160x120", "-frames:v", "1")
        let one = try within.still(path: picture, geometry: geometry, timeLimit: 9)
        #expect(try apart.still(path: picture, geometry: geometry, timeLimit: 9) == one)
        #expect(one.count == geometry.frameBytes && Set(one).count > 9)
        let (text, empty, none) = (folder.path + "/text", folder.path + "/empty", folder.path + "/none")
        try Data("no video at all".utf8).write(to: URL(fileURLWithPath: text))
        try Data().write(to: URL(fileURLWithPath: empty))
        let options = ReadingOptions(plan: ClipPlan(), geometry: geometry)
        for path in [text, empty, none, folder.path] {
            func errors(_ source: any ClipSource) -> [VideoError?] {
                let bodies: [() throws -> Void] = [
                    { try source.read(path: path, options: options, most: 9) { _ in true } },
                    { _ = try source.duration(path: path, options: options) },
                    { _ = try source.still(path: path, geometry: geometry, timeLimit: 9) },
                ]
                return bodies.map { body in
                    do {
                        try body()
                        return nil
                    } catch { return error as? VideoError }
                }
            }
            let expected = errors(within)
            let other = errors(apart)
            #expect(expected.allSatisfy { $0 != nil } && expected == other, "\(expected), not \(other)")
        }
        // Of a video that is cut off in its middle both give what there is.
        let whole = try made("whole.ts", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=12:duration=9")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: whole))
        let cut = folder.path + "/cut.ts"
        try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: cut))
        let (left, right) = (try clips(within, cut, options), try clips(apart, cut, options))
        #expect(!left.isEmpty && left.map(\.0) == right.map(\.0) && left.map(\.1) == right.map(\.1))
    }
}
