import VideoDecoding

/// How a worker process hands over clips as they are: of each a line of JSON with its interval and the number of bytes that
/// follow behind it, its frames; then a line that says how many there were, or one with the error. A picture is a clip of one
/// frame, whose interval says nothing.
package enum ClipLines {
    /// How the line before a clip's frames begins, by which it is told from others.
    static let start = #"{"clip":"#
    /// How the line with a duration begins.
    static let durationStart = #"{"duration":"#

    /// The line before a clip's frames, which come as they are.
    package static func writeStart(_ clip: Clip) -> [UInt8] {
        let facts: JSONValue = [
            "from": .number(clip.interval.start), "to": .number(clip.interval.stop),
            "bytes": .number(clip.frames.count),
        ]
        return Array((JSONValue.object([.init("clip", facts)]).serialized() + "\n").utf8)
    }

    /// What stands behind the last clip.
    package static func writeEnd(_ outcome: Result<Int, LibraryError>) -> [UInt8] {
        switch outcome {
        case .failure(let error): return Array(EncodedLines.write(.failure(error)).utf8)
        case .success(let count):
            return Array((JSONValue.object([.init("clips", .number(count))]).serialized() + "\n").utf8)
        }
    }

    package static func writeDuration(_ outcome: Result<Double, LibraryError>) -> [UInt8] {
        switch outcome {
        case .failure(let error): return Array(EncodedLines.write(.failure(error)).utf8)
        case .success(let seconds):
            return Array((JSONValue.object([.init("duration", .number(seconds))]).serialized() + "\n").utf8)
        }
    }

    /// How many bytes of frames stand behind a line; nil where it announces none.
    static func announcedBytes(_ line: some Collection<UInt8>) -> Int? {
        guard line.starts(with: start.utf8), let json = try? JSONValue(parsing: Array(line)),
            let count = json["clip"]?["bytes"]?.intValue, count > 0
        else { return nil }
        return count
    }

    /// Reads what a worker handed over, of which nothing is trusted.
    ///
    /// - Parameter previous: the interval of the clip before it.
    /// - Returns: nil where it is no clip that could stand there.
    package static func read(_ block: WorkerOutput.Block, after previous: TimeRange?) -> Clip? {
        guard let json = try? JSONValue(parsing: block.line)["clip"],
            let from = json["from"]?.doubleValue, let to = json["to"]?.doubleValue
        else { return nil }
        let interval = TimeRange(start: from, stop: to)
        guard UntrustedVideo.follows(interval, previous) else { return nil }
        return Clip(interval: interval, frames: block.bytes)
    }

    /// Reads what stands behind the last clip; nil where it is no end of so many.
    package static func readEnd(_ bytes: [UInt8], clips count: Int) -> Result<Void, LibraryError>? {
        guard let json = try? JSONValue(parsing: bytes) else { return nil }
        if let error = EncodedLines.error(json) { return .failure(error) }
        return json["clips"]?.intValue == count ? .success(()) : nil
    }

    package static func readDuration(_ bytes: [UInt8]) -> Result<Double, LibraryError>? {
        guard let json = try? JSONValue(parsing: bytes) else { return nil }
        if let error = EncodedLines.error(json) { return .failure(error) }
        guard let seconds = json["duration"]?.doubleValue, seconds.isFinite, seconds >= 0 else { return nil }
        return .success(seconds)
    }
}
