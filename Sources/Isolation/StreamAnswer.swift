import Base
import VideoDecoding

/// How a worker process names the streams of pictures in a file: one message, whose bytes are a list in JSON.
package enum StreamAnswer {
    package static func write(_ outcome: Result<[VideoStream], WorkerFailure>) -> WorkerMessage {
        outcome.message { streams in
            let list = JSONValue.array(streams.map(\.json)).serialized()
            return WorkerMessage("streams", .number(streams.count), bytes: Array(list.utf8))
        }
    }

    /// Bytes of the list: each letter of a text may take twelve.
    package static let mostBytes = 2 + VideoStream.most * (4 * 12 * longestText + 256)
    private static let longestText = 256
    private static let mostValues = VideoStream.most * 16 + 16

    /// Reads what a worker said, of which nothing is trusted.
    package static func read(_ message: WorkerMessage) -> Heard<[VideoStream]> {
        WorkerFailure.answer(message) {
            guard let list = (try? JSONValue(parsing: message.bytes, values: mostValues))?.arrayValue,
                list.count <= VideoStream.most, message.hasOnly("streams", "bytes"),
                message.header["streams"]?.intValue == list.count
            else { return nil }
            let streams = list.compactMap(stream)
            return streams.count == list.count ? streams : nil
        }
    }

    private static func stream(_ json: JSONValue) -> VideoStream? {
        func text(_ name: String) -> String? {
            UntrustedVideo.text(json[name], atMost: 4 * longestText)
        }
        guard let number = json["stream"]?.intValue, VideoStream.numbers.contains(number),
            let codec = text("codec"),
            let width = json["width"]?.intValue, let height = json["height"]?.intValue,
            (0...Int(Int32.max)).contains(width), (0...Int(Int32.max)).contains(height),
            let isDefault = json["default"]?.boolValue, let isPicture = json["picture"]?.boolValue,
            let isMain = json["main"]?.boolValue
        else { return nil }
        let rate = json["frame_rate"]?.doubleValue
        return VideoStream(
            number: number, codec: codec, width: width, height: height,
            frameRate: rate.flatMap { $0.isFinite && $0 > 0 ? $0 : nil }, language: text("language"),
            title: text("title"), program: text("program"), isDefault: isDefault, isPicture: isPicture,
            isMain: isMain)
    }
}

extension VideoStream {
    /// A stream as `info FILE --json` prints it.
    package var json: JSONValue {
        [
            "stream": .number(number), "codec": .string(codec), "width": .number(width),
            "height": .number(height), "frame_rate": .number(frameRate),
            "language": language.map { .string($0) } ?? .null, "title": title.map { .string($0) } ?? .null,
            "program": program.map { .string($0) } ?? .null, "default": .bool(isDefault),
            "picture": .bool(isPicture), "main": .bool(isMain),
        ]
    }
}
