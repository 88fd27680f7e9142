/// What holds of every video that a decoder of ours read, and so must hold of one that comes from elsewhere, by a worker's
/// lines, those of `mixtape import`, or a server's rows: whatever is calculated of it stays within numbers' bounds.
package enum BelievableVideo {
    /// Seconds that no time reaches: decoders' end at 30 years, but for a last frame.
    package static let latest = 2e9
    /// Pixels that a picture may have on each side; a stretched one has up to 16 times what its decoder is let have.
    package static let sides = 1...16 * 16_384
    /// Frames a second that no rate reaches: the quotient of two numbers of FFmpeg's.
    private static let fastest = 3e9

    /// Streams that no file has: FFmpeg takes a thousand.
    private static let mostStreams = 10_000

    /// Whether a video, or what of it was passed, may last so many seconds.
    package static func isDuration(_ seconds: Double) -> Bool { (0..<latest).contains(seconds) }

    /// Whether a clip may stand behind another: whoever aligns videos takes their clips to go by time.
    package static func follows(_ clip: TimeRange, _ last: TimeRange?) -> Bool {
        guard clip.start >= 0, clip.start < clip.stop, clip.stop < latest else { return false }
        return last.map { clip.start > $0.start && clip.stop >= $0.stop } ?? true
    }

    /// Whether a file's claim is believable.
    package static func isTrue(_ facts: StreamFacts) -> Bool {
        sides.contains(facts.width) && sides.contains(facts.height)
            && (facts.duration.map(isDuration) ?? true)
            && (facts.frameRate.map { (0..<fastest).contains($0) } ?? true)
            && (0...1).contains(facts.decodedShare) && (0..<mostStreams).contains(facts.otherStreams)
    }
}
