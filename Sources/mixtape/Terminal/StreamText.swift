import Library
import VideoDecoding

/// The streams of pictures in a file, a line each.
enum StreamText {
    static func lines(_ file: FileStreams) -> [String] {
        [Terminal.printable(file.path)]
            + file.streams.map { "  " + line($0, isIndexed: $0.number == file.indexed) }
    }

    private static func line(_ stream: VideoStream, isIndexed: Bool) -> String {
        var words = ["stream \(stream.number)", stream.codec]
        if stream.width > 0, stream.height > 0 { words.append("\(stream.width)×\(stream.height)") }
        if let rate = stream.frameRate, !stream.isPicture {
            words.append("\(rate.fixed(2)) frames a second")
        }
        if let program = stream.program { words.append("programme \(program)") }
        words += [stream.language, stream.title.map { "\"\($0)\"" }].compactMap(\.self)
        let marks = [
            (stream.isPicture, "a picture"), (stream.isDefault, "default"), (stream.isMain, "main"),
            (isIndexed, "indexed"),
        ]
        words += marks.filter(\.0).map(\.1)
        return Terminal.printable(words.joined(separator: ", "))
    }
}
