import Base
import Testing
import VideoDecoding

@Suite struct ClipSignatureTests {
    private static let geometry = FrameGeometry(width: 112, height: 112)
    private static let plan = ClipPlan()

    /// A clip whose frames have these grey levels.
    private static func clip(
        _ interval: TimeRange = TimeRange(start: 0, stop: 2), grey: (Int, Int, Int) -> Int
    ) -> Clip {
        var frames: [UInt8] = []
        for frame in 0..<8 {
            for y in 0..<112 {
                for x in 0..<112 {
                    let level = UInt8(grey(frame, x, y))
                    frames += [level, level, level]
                }
            }
        }
        return Clip(interval: interval, frames: frames)
    }

    private static func signature(_ clip: Clip) -> ClipSignature {
        ClipSignature(clip, plan: plan, geometry: geometry)
    }

    @Test func aStillClipHasItsPictureAndNoDifferences() {
        let signature = Self.signature(Self.clip { _, x, y in x < 56 ? 40 : y })
        #expect(signature.bytes.count == 1816)
        #expect(signature.differences.allSatisfy { $0 == 0 })
        let detail = signature.detail
        #expect(detail[0] == 40 && detail[13] == 40)
        // Four rows a cell: 0, 1, 2 and 3 are 1.5 on average, which is stored as 2.
        #expect(detail[14] == 2 && detail[27 * 28 + 27] == 110)
    }

    @Test func differencesAreThoseOfTheMomentsFromTheirMean() {
        // One cell of 7 × 7 pixels lights up in the third frame.
        let signature = Self.signature(
            Self.clip { frame, x, y in frame == 2 && x / 7 == 5 && y / 7 == 9 ? 180 : 100 })
        let differences = signature.differences
        let cell = 9 * 16 + 5
        #expect(abs(differences[2 * 256 + cell] - 70) < 1e-3)
        for moment in [0, 1, 3, 7] { #expect(abs(differences[moment * 256 + cell] + 10) < 3) }
        #expect(differences.enumerated().allSatisfy { $0.offset % 256 == cell || $0.element == 0 })
    }

    @Test func spacingIsThatOfTheFrames() {
        func spacing(_ stop: Double) -> Float {
            Self.signature(Self.clip(TimeRange(start: 0, stop: stop)) { _, _, _ in 9 }).spacing
        }
        #expect(spacing(2) == 0.25)
        // The last whole clip is cut off where the video ends; its frames are where they are.
        #expect(spacing(1.95) == 0.25)
        // A short video is one clip, spread over what there is.
        #expect(spacing(0.8) == 0.1)
    }

    @Test func bytesAreReadAgainAndDamagedHeadsAreNot() throws {
        let signature = Self.signature(Self.clip { frame, x, y in (frame * 31 + x * y) % 256 })
        #expect(ClipSignature(bytes: signature.bytes) == signature)
        #expect(ClipSignature(bytes: Array(signature.bytes.dropLast())) == nil)
        for head in [Float.nan, .infinity, -1, 0] {
            var bytes = signature.bytes
            withUnsafeBytes(of: head.bitPattern.littleEndian) { bytes.replaceSubrange(0..<4, with: $0) }
            #expect(ClipSignature(bytes: bytes) == nil, "spacing \(head)")
        }
        for largest in [Float.nan, .infinity, -1, 256] {
            var bytes = signature.bytes
            withUnsafeBytes(of: largest.bitPattern.littleEndian) { bytes.replaceSubrange(4..<8, with: $0) }
            #expect(ClipSignature(bytes: bytes) == nil, "largest \(largest)")
        }
    }
}
