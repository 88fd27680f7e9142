import VideoDecoding

/// What must hold of a video that comes from another process, by a worker's lines or by those of `mixtape import`, so that
/// an index gives it back as it got it, and a search can use it.
enum UntrustedVideo {
    /// Seconds that no time reaches.
    private static let latest = 2e9
    /// Pixels that a picture may have on each side; a stretched one has up to 16 times what its decoder is let have.
    private static let sides = 1...16 * 16_384

    /// A text that a database gives back as it got it: SQLite's ends at a zero byte.
    ///
    /// - Parameter count: of bytes, at most.
    static func text(_ value: JSONValue?, atMost count: Int) -> String? {
        value?.stringValue.flatMap { $0.utf8.count <= count && !$0.utf8.contains(0) ? $0 : nil }
    }

    /// Whether a clip may stand behind another: whoever aligns videos takes their clips to go by time. No decoder of ours
    /// gives a time beyond 30 years.
    static func follows(_ clip: TimeRange, _ last: TimeRange?) -> Bool {
        guard clip.start >= 0, clip.start < clip.stop, clip.stop < latest else { return false }
        return last.map { clip.start > $0.start && clip.stop >= $0.stop } ?? true
    }

    /// What is said of the file, by the members' names that both kinds of lines share.
    static func facts(_ line: JSONValue) -> StreamFacts? {
        guard let container = text(line["container"], atMost: 256),
            let codec = text(line["codec"], atMost: 256),
            let width = line["width"]?.intValue, let height = line["height"]?.intValue,
            sides.contains(width), sides.contains(height)
        else { return nil }
        // Lines of older versions don't say.
        let share = line["decoded_share"]?.doubleValue ?? 1
        guard (0...1).contains(share) else { return nil }
        let duration = line["duration"]?.doubleValue
        let frameRate = line["frame_rate"]?.doubleValue
        if let duration, !(0..<latest).contains(duration) { return nil }
        if let frameRate, !(0..<3e9).contains(frameRate) { return nil }
        return StreamFacts(
            container: container, codec: codec, width: width, height: height,
            duration: duration, frameRate: frameRate,
            areTimesMended: line["times_mended"]?.boolValue ?? false, decodedShare: share)
    }
}
