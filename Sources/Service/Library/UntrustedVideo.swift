import VideoDecoding

/// What must hold of a video that comes from another process, by a worker's lines or by those of `mixtape import`, so that
/// an index gives it back as it got it, and a search can use it.
enum UntrustedVideo {
    /// A text that a database gives back as it got it: SQLite's ends at a zero byte.
    ///
    /// - Parameter count: of bytes, at most.
    static func text(_ value: JSONValue?, atMost count: Int) -> String? {
        value?.stringValue.flatMap { $0.utf8.count <= count && !$0.utf8.contains(0) ? $0 : nil }
    }

    /// Whether a clip may stand behind another: whoever aligns videos takes their clips to go by time. No decoder of ours
    /// gives a time beyond 30 years.
    static func follows(_ clip: TimeRange, _ last: TimeRange?) -> Bool {
        guard clip.start >= 0, clip.start < clip.stop, clip.stop < 2e9 else { return false }
        return last.map { clip.start > $0.start && clip.stop >= $0.stop } ?? true
    }

    /// What is said of the file, by the members' names that both kinds of lines share.
    static func facts(_ line: JSONValue) -> StreamFacts? {
        guard let container = text(line["container"], atMost: 256),
            let codec = text(line["codec"], atMost: 256),
            let width = line["width"]?.intValue, let height = line["height"]?.intValue, width > 0, height > 0
        else { return nil }
        return StreamFacts(
            container: container, codec: codec, width: width, height: height,
            duration: line["duration"]?.doubleValue, frameRate: line["frame_rate"]?.doubleValue)
    }
}
