import Base

/// What is said of a video in JSON, by a worker and in the lines of `mixtape import`, and read so that an index gives it back
/// as it got it, and a search can use it.
package enum UntrustedVideo {
    /// A text that a database gives back as it got it: SQLite's ends at a zero byte.
    ///
    /// - Parameter count: of bytes, at most.
    package static func text(_ value: JSONValue?, atMost count: Int) -> String? {
        value?.stringValue.flatMap { $0.utf8.count <= count && !$0.utf8.contains(0) ? $0 : nil }
    }

    /// What is said of the file; nil where it is true of no video.
    package static func facts(_ object: JSONValue) -> StreamFacts? {
        guard let container = text(object["container"], atMost: 256),
            let codec = text(object["codec"], atMost: 256),
            let width = object["width"]?.intValue, let height = object["height"]?.intValue
        else { return nil }
        let facts = StreamFacts(
            container: container, codec: codec, width: width, height: height,
            duration: object["duration"]?.doubleValue, frameRate: object["frame_rate"]?.doubleValue,
            areTimesMended: object["times_mended"]?.boolValue ?? false,
            // Lines of older versions don't say.
            decodedShare: object["decoded_share"]?.doubleValue ?? 1,
            otherStreams: object["other_streams"]?.intValue ?? 0)
        return BelievableVideo.isTrue(facts) ? facts : nil
    }

    /// The members of which `facts` makes the same again.
    package static func members(_ facts: StreamFacts) -> [JSONValue.Member] {
        [
            .init("container", .string(facts.container)), .init("codec", .string(facts.codec)),
            .init("width", .number(facts.width)), .init("height", .number(facts.height)),
            .init("duration", .number(facts.duration)), .init("frame_rate", .number(facts.frameRate)),
            .init("times_mended", .bool(facts.areTimesMended)),
            .init("decoded_share", .number(facts.decodedShare)),
        ]
    }
}
