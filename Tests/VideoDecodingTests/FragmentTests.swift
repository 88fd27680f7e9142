import Foundation
import TestSupport
import Testing
import VideoDecoding

/// MP4 files in fragments, each of which says when it begins: recordings that were joined, or whose clock was set.
@Suite struct FragmentTests {
    let folder: TemporaryFolder
    private static let count = 200

    init() throws { folder = try TemporaryFolder() }

    /// Ten fragments of 20 frames, and where each says when it begins.
    private func film() throws -> (bytes: [UInt8], places: [Int]) {
        let path = try NumberedVideo.make(
            in: folder, "film.mp4", count: Self.count,
            ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "20", "-sc_threshold", "0"]
                + ["-pix_fmt", "yuv420p", "-movflags", "frag_keyframe+empty_moov"])
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        // Version 1: eight bytes, behind the name and four bytes of version and flags.
        let places = bytes.indices.filter { bytes[$0...].starts(with: Array("tfdt".utf8) + [1]) }.map {
            $0 + 8
        }
        try #require(places.count == 10)
        return (bytes, places)
    }

    private static let troubles: [(name: String, order: @Sendable (Int) -> Int)] = [
        ("as they are", { $0 }), ("reversed", { 9 - $0 }), ("all at once", { _ in 0 }),
        ("starting over", { $0 % 5 }), ("in pairs the wrong way round", { $0 ^ 1 }),
        ("one far ahead", { $0 == 3 ? 1000 : $0 }), ("the first far ahead", { $0 == 0 ? 1000 : $0 }),
        ("the last one again", { min($0, 8) }), ("another day", { $0 < 5 ? $0 : $0 + 100_000 }),
    ]

    @Test(arguments: troubles.indices) func everyFrameIsSeen(_ trouble: Int) throws {
        let (name, order) = Self.troubles[trouble]
        var (bytes, places) = try film()
        let times = places.map { place in bytes[place..<(place + 8)].reduce(0) { $0 << 8 | Int($1) } }
        let step = times[1] - times[0]
        for (fragment, place) in places.enumerated() {
            let time = order(fragment) * step
            for index in 0..<8 { bytes[place + index] = UInt8(truncatingIfNeeded: time >> (8 * (7 - index))) }
        }
        let path = try folder.write(bytes, to: "bent.mp4")
        let plan = ClipPlan(framesPerClip: 25, clipDuration: 1, clipStride: 1)
        let (clips, facts, _) = try readAll(path, plan: plan)
        let numbers = clips.flatMap { NumberedVideo.numbers($0) }
        #expect(Set(numbers).count * 100 >= 95 * Self.count, "\(name): \(Set(numbers).count) frames")
        #expect(numbers == numbers.sorted(), "\(name)")
        #expect(abs((facts.duration ?? 0) - 8) <= 0.0415, "\(name): \(facts.duration ?? 0) s")
        #expect(!facts.isDamaged, "\(name): \(facts.decodedShare)")
        // A search that needs less is told the same.
        let few = try readAll(path, plan: ClipPlan(framesPerClip: 4, clipDuration: 2, clipStride: 2))
        let seen = few.clips.flatMap { NumberedVideo.numbers($0) }
        #expect(seen == seen.sorted() && few.clips.count == 4, "\(name): \(seen)")
    }
}
