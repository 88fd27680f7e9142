import Base
import VideoDecoding

/// How a worker process hands back a still picture: one message, whose bytes are a JPEG file.
package enum PictureAnswer {
    package static func write(_ outcome: Result<Thumbnail, WorkerFailure>) -> WorkerMessage {
        outcome.message { picture in
            WorkerMessage(
                "picture",
                [
                    "width": .number(picture.width), "height": .number(picture.height),
                    "time": .number(picture.time),
                ], bytes: picture.bytes)
        }
    }

    /// Bytes of a picture that is so many pixels wide, and at most twice as high: no JPEG file of ours has three bytes a pixel
    /// besides its tables, nor 12 MB.
    static func mostBytes(width: Int) -> Int { min(8192 + 6 * width * width, 12 << 20) }

    /// Reads what a worker said, of which nothing is trusted: whoever shows the picture takes it for a JPEG file.
    package static func read(_ message: WorkerMessage, width: Int) -> Heard<Thumbnail> {
        WorkerFailure.answer(message) {
            guard message.hasOnly("picture", "bytes"), let picture = message.header["picture"],
                message.bytes.starts(with: [0xFF, 0xD8, 0xFF]),
                let shownWidth = picture["width"]?.intValue, (1...width).contains(shownWidth),
                let height = picture["height"]?.intValue, (1...2 * width).contains(height),
                let time = picture["time"]?.doubleValue, BelievableVideo.isDuration(time)
            else { return nil }
            return Thumbnail(bytes: message.bytes, width: shownWidth, height: height, time: time)
        }
    }
}
