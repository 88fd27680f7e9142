import Base
import Foundation
import TestSupport
import Testing
import VideoDecoding

/// Edit lists of MP4 files: they choose what is shown, by clocks that may be broken.
@Suite struct EditListTests {
    let folder: TemporaryFolder
    private static let count = 100

    init() throws { folder = try TemporaryFolder() }

    /// With B-frames, FFmpeg's muxer writes an edit list.
    private func film() throws -> [UInt8] {
        let path = try NumberedVideo.make(
            in: folder, "film.mp4", count: Self.count,
            ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "20", "-pix_fmt", "yuv420p"])
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        try #require(place(of: "elst", in: bytes) != nil)
        return bytes
    }

    private func place(of name: String, in bytes: [UInt8]) -> Int? {
        bytes.indices.last { bytes[$0...].starts(with: name.utf8) }
    }

    /// Changes the second number of each entry of a table.
    private func setTable(_ name: String, in bytes: inout [UInt8], to value: UInt8) throws {
        let table = try #require(place(of: name, in: bytes))
        let entries = bytes[(table + 8)..<(table + 12)].reduce(0) { $0 << 8 | Int($1) }
        for entry in 0..<entries {
            let number = table + 12 + 8 * entry + 4
            bytes.replaceSubrange(number..<(number + 4), with: [0, 0, 0, value])
        }
    }

    private func frames(_ bytes: [UInt8], _ name: String) throws -> (numbers: [Int], facts: StreamFacts) {
        let plan = ClipPlan(framesPerClip: 25, clipDuration: 1, clipStride: 1)
        let (clips, facts, _) = try readAll(try folder.write(bytes, to: name), plan: plan)
        return (clips.flatMap { NumberedVideo.numbers($0) }, facts)
    }

    /// All frames at one time, or in steps of a tick: by such a clock the list ends before the film begins.
    @Test(arguments: [(0, false), (0, true), (1, false), (1, true)] as [(UInt8, Bool)])
    func clocksThatStandStillHideNothing(_ step: UInt8, _ hasOffsets: Bool) throws {
        var bytes = try film()
        try setTable("stts", in: &bytes, to: step)
        if !hasOffsets { try setTable("ctts", in: &bytes, to: 0) }
        let (numbers, facts) = try frames(bytes, "still.mp4")
        #expect(Set(numbers).count >= 95 * Self.count / 100, "\(Set(numbers).count) frames")
        #expect(numbers == numbers.sorted())
        #expect(abs((facts.duration ?? 0) - 4) <= 0.0415, "\(facts.duration ?? 0) s")
        #expect(facts.areTimesMended && !facts.isDamaged)
    }

    /// What was cut out stays out.
    @Test(arguments: [0.04, 0.4, 2]) func aTrimIsRespected(_ seconds: Double) throws {
        var bytes = try film()
        let list = try #require(place(of: "elst", in: bytes))
        // In the film's unit, a thousandth of a second.
        let length = UInt32(seconds * 1000)
        bytes.replaceSubrange(
            (list + 12)..<(list + 16), with: [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) })
        let (numbers, facts) = try frames(bytes, "trimmed.mp4")
        #expect(
            numbers.max().map { abs(Double($0 + 1) / 25 - seconds) <= 0.0415 } == true,
            "\(numbers.max() ?? -1)")
        #expect(abs((facts.duration ?? 0) - seconds) <= 0.0415 && !facts.areTimesMended)
    }
}
