import Base
import VideoDecoding

/// How a worker process hands over clips as they are: of each a line of JSON with its interval and the number of bytes that
/// follow behind it, its frames; then a line that says how many there were, or one with the error. A picture is a clip of one
/// frame, whose interval says nothing.
package enum ClipLines {
    /// How the line before a clip's frames begins, by which it is told from others.
    private static let start = #"{"clip":"#

    /// The line before a clip's frames, which come as they are.
    package static func writeStart(_ clip: Clip) -> [UInt8] {
        line(
            "clip",
            [
                "from": .number(clip.interval.start), "to": .number(clip.interval.stop),
                "bytes": .number(clip.frames.count),
            ])
    }

    /// What stands behind the last clip.
    package static func writeEnd(_ outcome: Result<Int, LibraryError>) -> [UInt8] {
        switch outcome {
        case .failure(let error): return Array(EncodedLines.write(.failure(error)).utf8)
        case .success(let count):
            return line("clips", .number(count))
        }
    }

    package static func writeDuration(_ outcome: Result<Double, LibraryError>) -> [UInt8] {
        switch outcome {
        case .failure(let error): return Array(EncodedLines.write(.failure(error)).utf8)
        case .success(let seconds):
            return line("duration", .number(seconds))
        }
    }

    private static func line(_ name: String, _ value: JSONValue) -> [UInt8] {
        Array((JSONValue.object([.init(name, value)]).serialized() + "\n").utf8)
    }

    /// Longer lines announce nothing.
    private static let longestStart = 512

    /// The interval of a clip whose frames stand behind a line; nil where it announces none, or one of another size.
    ///
    /// - Parameter bytes: that its frames must have.
    static func readStart(_ line: [UInt8], bytes: Int) -> TimeRange? {
        guard line.starts(with: start.utf8), line.count <= longestStart,
            let clip = EncodedLines.json(line)?["clip"], clip["bytes"]?.intValue == bytes,
            let from = clip["from"]?.doubleValue, let to = clip["to"]?.doubleValue
        else { return nil }
        return TimeRange(start: from, stop: to)
    }

    /// The clip of a block; nil where it could not stand there.
    ///
    /// - Parameters:
    ///   - bytes: that its frames must have.
    ///   - previous: the interval of the clip before it.
    package static func read(
        _ block: WorkerOutput.Block, bytes: Int, after previous: TimeRange?
    ) -> Clip? {
        guard block.bytes.count == bytes, BelievableVideo.follows(block.interval, previous) else {
            return nil
        }
        return Clip(interval: block.interval, frames: block.bytes)
    }

    /// Reads the line behind the last clip, which says that there were so many.
    package static func readEnd(_ line: [UInt8], clips count: Int) -> Heard<Void> {
        guard let json = EncodedLines.json(line) else { return .nonsense }
        if let error = EncodedLines.error(json) { return .end(.failure(error)) }
        return json["clips"]?.intValue == count ? .end(.success(())) : .nonsense
    }

    /// Reads the line that says how long a video lasts.
    package static func readDuration(_ line: [UInt8]) -> Heard<Double> {
        guard let json = EncodedLines.json(line) else { return .nonsense }
        if let error = EncodedLines.error(json) { return .end(.failure(error)) }
        guard let seconds = json["duration"]?.doubleValue, BelievableVideo.isDuration(seconds) else {
            return .nonsense
        }
        return .end(.success(seconds))
    }
}
