import Base
import Foundation
import Testing
import TestSupport
import VideoDecoding

/// Numbers that a container claims, beyond all that is calculated with.
@Suite struct ClaimedNumberTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A Matroska file that says it lasts so many milliseconds.
    private func file(lasting milliseconds: Double) throws -> String {
        let path = try NumberedVideo.make(in: folder, "plain.mkv", count: 50)
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        // The element Duration: its name, its size, a float64.
        let name: [UInt8] = [0x44, 0x89, 0x88]
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: name) })
        let number = withUnsafeBytes(of: milliseconds.bitPattern.bigEndian) { Array($0) }
        bytes.replaceSubrange(place + 3..<place + 11, with: number)
        try folder.write(bytes, to: "claims.mkv")
        return folder.file("claims.mkv")
    }

    @Test(arguments: [
        1e15, 1e300, -1e300, .infinity, .nan, .leastNonzeroMagnitude, 0x1p63, 9.3e12, 2e12,
    ])
    func aDurationIsWithinBoundsOrNotSaid(milliseconds: Double) throws {
        let path = try file(lasting: milliseconds)
        let options = ReadingOptions(
            plan: ClipPlan(framesPerClip: 4, clipDuration: 1, clipStride: 1), geometry: .numbered)
        for range in [nil, TimeRange(start: 0.5, stop: 1.5), TimeRange(start: 0, stop: 1e300)] {
            var asked = options
            asked.range = range
            let reader = try ClipReader(path: path, options: asked)
            #expect(reader.facts.duration.map(BelievableVideo.isDuration) ?? true, "\(reader.facts)")
            var clips = 0
            while try reader.next() != nil { clips += 1 }
            #expect(clips >= 1 && BelievableVideo.isTrue(reader.facts), "\(reader.facts)")
        }
        #expect(try BelievableVideo.isDuration(DecodedClips().duration(path: path, options: options)))
    }

    @Test func boundsAreAsTheySay() {
        func facts(_ change: (inout StreamFacts) -> Void) -> StreamFacts {
            var facts = StreamFacts(
                container: "mov", codec: "h264", width: 64, height: 48, duration: 3, frameRate: 8)
            change(&facts)
            return facts
        }
        #expect(BelievableVideo.isTrue(facts { _ in }))
        #expect(BelievableVideo.isTrue(facts { ($0.duration, $0.frameRate) = (nil, nil) }))
        for bad in [
            facts { $0.width = 0 }, facts { $0.height = -1 }, facts { $0.width = 262_145 },
            facts { $0.height = .max }, facts { $0.duration = -1 }, facts { $0.duration = .nan },
            facts { $0.duration = 2e9 }, facts { $0.duration = .infinity }, facts { $0.frameRate = .nan },
            facts { $0.frameRate = -1 }, facts { $0.frameRate = 3e9 }, facts { $0.decodedShare = .nan },
            facts { $0.decodedShare = 1.1 }, facts { $0.decodedShare = -0.1 },
        ] { #expect(!BelievableVideo.isTrue(bad), "\(bad)") }
        let clip = TimeRange(start: 1, stop: 2)
        #expect(BelievableVideo.follows(clip, nil))
        #expect(BelievableVideo.follows(TimeRange(start: 1.5, stop: 2), clip))
        for other in [
            TimeRange(start: 1, stop: 3), TimeRange(start: 1.5, stop: 1.9), TimeRange(start: .nan, stop: 3),
            TimeRange(start: 1.5, stop: .nan), TimeRange(start: 3, stop: 2e9), TimeRange(start: 3, stop: 3),
        ] { #expect(!BelievableVideo.follows(other, clip), "\(other)") }
    }
}
