import Base

/// Reads what two kinds of lines say of a video, a worker's and those of `mixtape import`, so that an index gives it back as it
/// got it, and a search can use it.
enum UntrustedVideo {
    /// A text that a database gives back as it got it: SQLite's ends at a zero byte.
    ///
    /// - Parameter count: of bytes, at most.
    static func text(_ value: JSONValue?, atMost count: Int) -> String? {
        value?.stringValue.flatMap { $0.utf8.count <= count && !$0.utf8.contains(0) ? $0 : nil }
    }

    /// What is said of the file, by the members' names that both kinds of lines share.
    static func facts(_ line: JSONValue) -> StreamFacts? {
        guard let container = text(line["container"], atMost: 256),
            let codec = text(line["codec"], atMost: 256),
            let width = line["width"]?.intValue, let height = line["height"]?.intValue
        else { return nil }
        let facts = StreamFacts(
            container: container, codec: codec, width: width, height: height,
            duration: line["duration"]?.doubleValue, frameRate: line["frame_rate"]?.doubleValue,
            areTimesMended: line["times_mended"]?.boolValue ?? false,
            // Lines of older versions don't say.
            decodedShare: line["decoded_share"]?.doubleValue ?? 1,
            otherStreams: line["other_streams"]?.intValue ?? 0)
        return BelievableVideo.isTrue(facts) ? facts : nil
    }
}
