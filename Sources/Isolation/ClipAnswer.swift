import Base
import VideoDecoding

/// How a worker process hands over clips as they are: of each a message with its interval, whose bytes are its frames; then one
/// that says how many there were, or that of an error. A still picture is a clip of one frame, whose interval says nothing.
package enum ClipAnswer {
    package static func write(_ clip: Clip) -> WorkerMessage {
        WorkerMessage(
            "clip", ["from": .number(clip.interval.start), "to": .number(clip.interval.stop)],
            bytes: clip.frames)
    }

    /// What stands behind the last clip.
    package static func writeEnd(_ outcome: Result<Int, WorkerFailure>) -> WorkerMessage {
        outcome.message { WorkerMessage("clips", .number($0)) }
    }

    package static func writeDuration(_ outcome: Result<Double, WorkerFailure>) -> WorkerMessage {
        outcome.message { WorkerMessage("duration", .number($0)) }
    }

    /// The clip that a message is; nil where it is none, or one that could not stand there.
    ///
    /// - Parameters:
    ///   - bytes: that its frames must have.
    ///   - previous: the interval of the clip before it.
    package static func read(
        _ message: WorkerMessage, bytes: Int, after previous: TimeRange?
    ) -> Clip? {
        guard message.hasOnly("clip", "bytes"), message.bytes.count == bytes,
            let clip = message.header["clip"],
            let from = clip["from"]?.doubleValue, let to = clip["to"]?.doubleValue
        else { return nil }
        let interval = TimeRange(start: from, stop: to)
        guard BelievableVideo.follows(interval, previous) else { return nil }
        return Clip(interval: interval, frames: message.bytes)
    }

    /// Reads what stands behind the last clip, which says that there were so many.
    package static func readEnd(_ message: WorkerMessage, clips count: Int) -> Heard<Void> {
        WorkerFailure.answer(message) {
            message.hasOnly("clips") && message.header["clips"]?.intValue == count ? () : nil
        }
    }

    /// Reads how long a video lasts.
    package static func readDuration(_ message: WorkerMessage) -> Heard<Double> {
        WorkerFailure.answer(message) {
            guard message.hasOnly("duration"), let seconds = message.header["duration"]?.doubleValue,
                BelievableVideo.isDuration(seconds)
            else { return nil }
            return seconds
        }
    }
}
