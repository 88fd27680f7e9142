import Base
import VideoDecoding

/// How a worker process names the streams of pictures in a file: one line of JSON, or one with the error.
package enum StreamLines {
    /// The line of an outcome, its end included.
    package static func write(_ outcome: Result<[VideoStream], LibraryError>) -> String {
        switch outcome {
        case .failure(let error): EncodedLines.write(.failure(error))
        case .success(let streams):
            JSONValue.object([.init("streams", .array(streams.map(\.json)))]).serialized() + "\n"
        }
    }

    /// Bytes of a line: each letter of a text may take twelve.
    static let longest = EncodedLines.longestOther + VideoStream.most * (4 * 12 * longestText + 256)
    private static let longestText = 256
    private static let mostValues = VideoStream.most * 16 + 16

    /// Reads the line that a worker wrote, of which nothing is trusted.
    package static func read(_ line: [UInt8]) -> Heard<[VideoStream]> {
        guard let json = try? JSONValue(parsing: line, values: mostValues) else { return .nonsense }
        if let error = EncodedLines.error(json) { return .end(.failure(error)) }
        guard let list = json["streams"]?.arrayValue, list.count <= VideoStream.most else { return .nonsense }
        let streams = list.compactMap(stream)
        return streams.count == list.count ? .end(.success(streams)) : .nonsense
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
    var json: JSONValue {
        [
            "stream": .number(number), "codec": .string(codec), "width": .number(width),
            "height": .number(height), "frame_rate": .number(frameRate),
            "language": language.map { .string($0) } ?? .null, "title": title.map { .string($0) } ?? .null,
            "program": program.map { .string($0) } ?? .null, "default": .bool(isDefault),
            "picture": .bool(isPicture), "main": .bool(isMain),
        ]
    }
}
