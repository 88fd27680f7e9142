import Base
import VideoDecoding

/// How a worker process hands back a still picture: one line of JSON, or one with the error.
enum PictureLines {
    /// The line of an outcome, its end included.
    static func write(_ outcome: Result<Thumbnail, LibraryError>) -> String {
        switch outcome {
        case .failure(let error): return EncodedLines.write(.failure(error))
        case .success(let picture):
            return JSONValue.object([.init("picture", picture.json)]).serialized() + "\n"
        }
    }

    /// Bytes of a line with a picture that is so many pixels wide, and at most twice as high: no JPEG file of ours has three bytes
    /// a pixel, nor 12 MB.
    static func longest(width: Int) -> Int { EncodedLines.longestOther + min(8 * width * width, 1 << 24) }

    /// Reads the line that a worker wrote, of which nothing is trusted: whoever shows the picture takes it for a JPEG file.
    static func read(_ line: [UInt8], width: Int) -> Heard<Thumbnail> {
        guard let json = EncodedLines.json(line) else { return .nonsense }
        if let error = EncodedLines.error(json) { return .end(.failure(error)) }
        guard let picture = json["picture"], picture["media_type"]?.stringValue == Thumbnail.mediaType,
            let data = picture["data"]?.stringValue.flatMap([UInt8].init(base64:)),
            data.starts(with: [0xFF, 0xD8, 0xFF]),
            let shownWidth = picture["width"]?.intValue, (1...width).contains(shownWidth),
            let height = picture["height"]?.intValue, (1...2 * width).contains(height),
            let time = picture["time"]?.doubleValue, BelievableVideo.isDuration(time)
        else { return .nonsense }
        return .end(.success(Thumbnail(bytes: data, width: shownWidth, height: height, time: time)))
    }
}
