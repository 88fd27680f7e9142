import Base
import Foundation
import Testing
import TestSupport
import VideoDecoding

/// Seeking must give what reading straight through gives, and must save work where it can.
@Suite struct SeekingTests {
    let folder: TemporaryFolder
    private let sparse = ClipPlan(framesPerClip: 4, clipDuration: 0.5, clipStride: 7)

    init() throws { folder = try TemporaryFolder() }

    private func coder(keyframesEvery group: Int, _ more: String...) -> [String] {
        ["-c:v", "libx264", "-preset", "veryfast", "-g", "\(group)", "-sc_threshold", "0"]
            + ["-pix_fmt", "yuv420p"] + more
    }

    private func compare(
        _ path: String, plan: ClipPlan, range: TimeRange? = nil, threads: Int = 1
    ) throws -> (seeking: Int, straight: Int) {
        let seeking = try readAll(path, plan: plan, range: range, threads: threads)
        let straight = try readAll(path, plan: plan, range: range, seeks: false)
        #expect(seeking.clips.map(\.interval) == straight.clips.map(\.interval))
        #expect(seeking.clips.map(\.frames) == straight.clips.map(\.frames))
        #expect(seeking.facts.duration == straight.facts.duration)
        for clip in straight.clips {
            // 25 frames a second, so the numbers say the time.
            let step = plan.clipDuration / Double(plan.framesPerClip)
            let numbers = (0..<plan.framesPerClip).map { (frame: Int) -> Int in
                let time = clip.interval.start + (Double(frame) + 0.5) * step
                return Int(time * 25 + 1e-4)
            }
            #expect(NumberedVideo.numbers(clip) == numbers)
        }
        return (seeking.work.decoded, straight.work.decoded)
    }

    @Test(arguments: ["mp4", "mkv", "mov"], [1, 2])
    func shortGroupsAreSkipped(_ container: String, _ threads: Int) throws {
        let path = try NumberedVideo.make(
            in: folder, "short.\(container)", count: 1000, coder(keyframesEvery: 25, "-bf", "3"))
        let work = try compare(path, plan: sparse, threads: threads)
        #expect(work.straight == 1000)
        #expect(work.seeking < 500)
    }

    @Test(arguments: ["mp4", "mkv"])
    func longGroupsAreReadThrough(_ container: String) throws {
        let path = try NumberedVideo.make(
            in: folder, "long.\(container)", count: 1000, coder(keyframesEvery: 600))
        let work = try compare(path, plan: sparse)
        // At most what one try or one useful seek costs, never the same group again and again.
        #expect(work.seeking <= work.straight + 20)
    }

    @Test func openGroupsAndRecoveryPoints() throws {
        let open = try NumberedVideo.make(
            in: folder, "open.mp4", count: 600,
            coder(keyframesEvery: 25, "-bf", "3", "-x264-params", "open-gop=1"))
        _ = try compare(open, plan: sparse)
        let refresh = try NumberedVideo.make(
            in: folder, "refresh.mp4", count: 600,
            coder(keyframesEvery: 25, "-bf", "0", "-x264-params", "intra-refresh=1"))
        _ = try compare(refresh, plan: sparse)
        let other = try NumberedVideo.make(
            in: folder, "open.mkv", count: 600,
            ["-c:v", "mpeg2video", "-q:v", "1", "-bf", "2", "-g", "12", "-pix_fmt", "yuv420p"])
        _ = try compare(other, plan: sparse)
    }

    @Test func fragmentsAndIndexlessFiles() throws {
        let fragments = try NumberedVideo.make(
            in: folder, "fragments.mp4", count: 600,
            coder(keyframesEvery: 25, "-movflags", "frag_keyframe+empty_moov+default_base_moof"))
        _ = try compare(fragments, plan: sparse)
        let live = try NumberedVideo.make(
            in: folder, "live.mkv", count: 600, coder(keyframesEvery: 25, "-live", "1", "-f", "matroska"))
        _ = try compare(live, plan: sparse)
        for name in ["plain.ts", "plain.avi", "plain.flv"] {
            let path = try NumberedVideo.make(
                in: folder, name, count: 600, coder(keyframesEvery: 25, "-bf", "0"))
            let work = try compare(path, plan: sparse)
            #expect(work.seeking == 600, "\(name)")
        }
    }

    @Test(arguments: ["mp4", "mkv"])
    func aFarRangeIsReachedBySeeking(_ container: String) throws {
        let path = try NumberedVideo.make(
            in: folder, "range.\(container)", count: 1000, coder(keyframesEvery: 50, "-bf", "2"))
        let plan = ClipPlan(framesPerClip: 4, clipDuration: 1, clipStride: 1)
        for start in [0.1, 1.9, 2.0, 17.3, 35.96, 38] {
            let work = try compare(path, plan: plan, range: TimeRange(start: start, stop: start + 2))
            #expect(work.seeking < 160, "from \(start)")
        }
        let error = #expect(throws: VideoError.self) {
            try readAll(path, plan: plan, range: TimeRange(start: 40.5, stop: 50))
        }
        #expect(error?.reason == .emptyRange)
    }

    @Test func aGroupWithoutItsIndexedKeyframeIsReadStraight() throws {
        let path = try NumberedVideo.make(
            in: folder, "broken.mp4", count: 600, coder(keyframesEvery: 25, "-bf", "0"))
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        // A stretch of zeros in the middle of the media data.
        let media = try #require(bytes.indices.first { bytes[$0...].starts(with: Array("mdat".utf8)) })
        let middle = media + (bytes.count - media) / 3
        bytes.replaceSubrange(middle..<(middle + 9000), with: [UInt8](repeating: 0, count: 9000))
        let broken = try folder.write(bytes, to: "zeros.mp4")
        let seeking = try readAll(broken, plan: sparse)
        let straight = try readAll(broken, plan: sparse, seeks: false)
        #expect(seeking.clips.map(\.interval) == straight.clips.map(\.interval))
        #expect(seeking.clips.map(\.frames) == straight.clips.map(\.frames))
    }
}
