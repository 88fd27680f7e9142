import Base
import Foundation
import Testing
import TestSupport
import VideoDecoding

/// Clocks that are wrong: whatever the stamps say, every frame is seen, in order, and the video lasts as long as its frames.
@Suite struct TimeStampTests {
    let folder: TemporaryFolder
    private static let count = 200
    private static let step = 0.04

    init() throws { folder = try TemporaryFolder() }

    /// What may go wrong with the clock at the frame `place`, and the seconds by which the video then lasts longer.
    struct Trouble: CustomStringConvertible {
        var description: String
        var extra = 0.0
        var change: (Double) -> Double

        static func all(at place: Int) -> [Trouble] {
            let begin = (Double(place) - 0.5) * step
            func isHit(_ time: Double, _ frames: Int = 1) -> Bool {
                time > begin && time < begin + Double(frames) * step
            }
            let frame = Double(place) * step
            var troubles = [
                Trouble(description: "an hour ahead") { isHit($0) ? $0 + 3600 : $0 },
                Trouble(description: "an hour behind") { isHit($0) ? $0 - 3600 : $0 },
                Trouble(description: "twelve of them ahead") { isHit($0, 12) ? $0 + 3600 : $0 },
                Trouble(description: "one clock for twelve") { isHit($0, 12) ? frame : $0 },
                Trouble(description: "starts over") { $0 > begin ? $0 - frame : $0 },
                Trouble(description: "a second again") { $0 > begin ? $0 - 1 : $0 },
                Trouble(description: "another day") { $0 > begin ? $0 + 86_400 / 4 : $0 },
                Trouble(description: "stands still, goes on") {
                    $0 > begin ? max(frame, $0 - 12 * step) : $0
                },
                Trouble(description: "stands still for good") { min($0, frame) },
            ]
            // Before the last frame and behind the first one these are gaps.
            if place > 0, place < count - 1 {
                troubles += [
                    Trouble(description: "a second ahead") { isHit($0) ? $0 + 1 : $0 },
                    Trouble(description: "a second behind") { isHit($0) ? $0 - 1 : $0 },
                ]
            }
            if place > 0 {
                troubles.append(Trouble(description: "a gap", extra: 20) { $0 > begin ? $0 + 20 : $0 })
            }
            return troubles
        }
    }

    private func frames(_ path: String) throws -> (numbers: [[Int]], duration: Double) {
        let plan = ClipPlan(framesPerClip: 25, clipDuration: 1, clipStride: 1)
        let (clips, facts, _) = try readAll(path, plan: plan)
        return (clips.map { NumberedVideo.numbers($0) }, facts.duration ?? 0)
    }

    private static let places = [0, 1, 40, 73, 100, 190, 199]

    @Test(arguments: StampedVideo.Container.allCases)
    func everyFrameIsSeen(_ container: StampedVideo.Container) throws {
        let video = try StampedVideo(container, in: folder, count: Self.count)
        let plain = try frames(folder.file("plain.\(container.rawValue)"))
        try #require(Set(plain.numbers.joined()).count == Self.count)
        for place in Self.places {
            for trouble in Trouble.all(at: place) {
                let name = "\(container) \(trouble) from frame \(place)"
                let path = try folder.write(video.changed(trouble.change), to: "bent.\(container.rawValue)")
                let (numbers, duration) = try frames(path)
                let seen = Set(numbers.joined())
                #expect(seen.count * 100 >= 95 * Self.count, "\(name): \(seen.count) frames")
                for clip in numbers { #expect(clip == clip.sorted(), "\(name)") }
                #expect(
                    numbers.map { $0.first ?? 0 } == numbers.map { $0.first ?? 0 }.sorted(), "\(name)")
                let right = Double(Self.count) * Self.step + trouble.extra
                // Half the frames of a program stream have no stamp, and FFmpeg gives some to their neighbours.
                let tolerance = Self.step * (container == .mpg ? 6 : 1) + 0.0015
                #expect(abs(duration - right) <= tolerance, "\(name): \(duration) s")
            }
        }
    }

    /// Whoever asks how long a video lasts is not told what one stamp, or the header, makes of it.
    @Test(arguments: StampedVideo.Container.allCases)
    func howLongItLasts(_ container: StampedVideo.Container) throws {
        let video = try StampedVideo(container, in: folder, count: Self.count)
        let options = ReadingOptions(
            plan: ClipPlan(framesPerClip: 4, clipDuration: 1, clipStride: 1), geometry: .numbered)
        let tolerance = Self.step * (container == .mpg ? 6 : 1) + 0.0015
        for ahead in [0, 3600.0] {
            let path = try folder.write(
                video.changed { $0 > 3.98 && $0 < 4.02 ? $0 + ahead : $0 }, to: "bent.\(container.rawValue)")
            let duration = try DecodedClips().duration(path: path, options: options)
            #expect(abs(duration - 8) <= tolerance, "\(ahead): \(duration) s")
            let counted = try ClipReader.packetSeconds(path: path, options: options, upTo: .infinity)
            #expect(abs(counted - 8) <= 1, "\(ahead): \(counted) s")
            #expect(try ClipReader.packetSeconds(path: path, options: options, upTo: 3) < 4)
        }
    }

    @Test(arguments: StampedVideo.Container.allCases)
    func mendedTimesAreSaid(_ container: StampedVideo.Container) throws {
        // So dense that no frame is passed over.
        let plan = ClipPlan(framesPerClip: 25, clipDuration: 1, clipStride: 1)
        let video = try StampedVideo(container, in: folder, count: 100)
        let plain = folder.file("plain.\(container.rawValue)")
        #expect(try !readAll(plain, plan: plan).facts.areTimesMended)
        // A program stream stamps every second frame or so.
        let bent = try folder.write(
            video.changed { $0 > 1.98 && $0 < 2.14 ? $0 + 20 : $0 }, to: "bent.\(container.rawValue)")
        #expect(try readAll(bent, plan: plan).facts.areTimesMended)
        // Each frame by a little more than the one before.
        let standing = try folder.write(video.changed { min($0, 2) }, to: "bent.\(container.rawValue)")
        #expect(try readAll(standing, plan: plan).facts.areTimesMended)
    }

    /// Files joined as they are, each of which starts at zero.
    @Test(arguments: ["webm", "ts", "mpg"])
    func joinedFiles(_ container: String) throws {
        let coder =
            switch container {
            case "webm": ["-c:v", "libvpx", "-b:v", "2M", "-deadline", "realtime", "-live", "1"]
            case "mpg": ["-c:v", "mpeg2video", "-q:v", "1", "-bf", "2"]
            default: ["-c:v", "libx264", "-preset", "ultrafast"]
            }
        let path = try NumberedVideo.make(
            in: folder, "part.\(container)", count: 50, coder + ["-pix_fmt", "yuv420p"])
        let part = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let (numbers, duration) = try frames(
            try folder.write(part + part + part, to: "joined.\(container)"))
        #expect(abs(duration - 6) <= Self.step + 0.0015)
        #expect(Array(numbers.joined()) == (0..<3).flatMap { _ in 0..<50 })
    }

    /// Seeking must not lead past a clock that starts over.
    @Test func aPartBehindTheSecondStart() throws {
        let path = try NumberedVideo.make(
            in: folder, "part.webm", count: 100,
            ["-c:v", "libvpx", "-b:v", "2M", "-deadline", "realtime", "-g", "10", "-live", "1"])
        let part = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let joined = try folder.write(part + part + part, to: "joined.webm")
        for start in [1.0, 3, 5, 7, 9, 11] {
            let range = TimeRange(start: start, stop: start + 1)
            let seeking = try readAll(joined, range: range)
            let straight = try readAll(joined, range: range, seeks: false)
            #expect(seeking.clips.map(\.frames) == straight.clips.map(\.frames), "from \(start)")
        }
    }
}
