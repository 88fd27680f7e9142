import VideoDecoding

/// How a worker process hands back a still picture: one line of JSON, or one with the error.
enum PictureLines {
    /// How the line begins, by which it is told from others.
    static let start = #"{"picture":"#

    /// The line of an outcome, its end included.
    static func write(_ outcome: Result<Thumbnail, LibraryError>) -> String {
        switch outcome {
        case .failure(let error): return EncodedLines.write(.failure(error))
        case .success(let picture):
            return JSONValue.object([.init("picture", picture.json)]).serialized() + "\n"
        }
    }

    /// Reads what a worker wrote, of which nothing is trusted: whoever shows the picture takes it for a JPEG file.
    ///
    /// - Returns: nil where it is no outcome.
    static func read(_ bytes: [UInt8], width: Int) -> Result<Thumbnail, LibraryError>? {
        // Signs of life may stand before it.
        guard let line = bytes.split(separator: 0x0A).last, let json = try? JSONValue(parsing: Array(line))
        else { return nil }
        if let error = EncodedLines.error(json) { return .failure(error) }
        guard let picture = json["picture"], picture["media_type"]?.stringValue == Thumbnail.mediaType,
            let data = picture["data"]?.stringValue.flatMap(Base64.decode),
            data.starts(with: [0xFF, 0xD8, 0xFF]),
            let shownWidth = picture["width"]?.intValue, (1...width).contains(shownWidth),
            let height = picture["height"]?.intValue, (1...2 * width).contains(height),
            let time = picture["time"]?.doubleValue, time.isFinite
        else { return nil }
        return .success(Thumbnail(bytes: data, width: shownWidth, height: height, time: time))
    }
}
