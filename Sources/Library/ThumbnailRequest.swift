import Base
import Isolation
import VideoDecoding

/// Which picture of which video.
public struct ThumbnailRequest: Sendable, Equatable {
    /// The video's file.
    public var video: String
    /// Seconds from the first frame; beyond the end the last picture.
    public var time = 0.0
    /// Pixels, at most.
    public var width = 320
    /// The number of the stream to look at, as `VideoLibrary.streams` has it; nil for the one that is indexed, else the file's main
    /// one.
    public var stream: Int?

    /// The first picture, in a size for lists.
    public init(video: String) {
        self.video = video
    }
}

extension VideoLibrary {
    /// A still picture of a video, decoded from its file: neither an index nor a model is needed.
    public func thumbnail(
        _ request: ThumbnailRequest, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(LibraryError) -> Thumbnail {
        let path = Path.resolved(request.video)
        do {
            return try thumbnail(
                path: path, at: request.time,
                options: .init(
                    width: request.width, stream: request.stream ?? indexedStream(path),
                    isCancelled: isCancelled))
        } catch {
            throw LibraryError(error)
        }
    }

    /// The stream that was chosen of a file, where there is an index that says so.
    private func indexedStream(_ path: String) -> Int? {
        (try? video(atPath: path)).flatMap {
            $0.identity.isCurrent ? ChosenStream.number(in: $0.identity.fingerprint) : nil
        }
    }

    /// The same of a file by its absolute path, or by `/proc/self/fd/` where it is open.
    package func thumbnail(
        path: String, at time: Double, options: Thumbnail.Options
    ) throws(VideoError) -> Thumbnail {
        if let workers { return try workers.thumbnail(path: path, at: time, options: options) }
        return try Thumbnail(path: path, at: time, options: options)
    }
}

extension Thumbnail {
    /// The `thumbnail` method's result.
    public var json: JSONValue {
        [
            "media_type": .string(Self.mediaType), "data": .string(bytes.base64),
            "width": .number(width), "height": .number(height), "time": .number(time),
        ]
    }

    /// An address that holds the picture itself.
    public var dataURI: String { "data:\(Self.mediaType);base64,\(bytes.base64)" }
}
