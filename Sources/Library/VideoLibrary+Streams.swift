import Base
import Glibc
import VideoDecoding

/// The streams of pictures in a file.
public struct FileStreams: Sendable, Equatable {
    /// Absolute.
    public var path: String
    /// In the file's order.
    public var streams: [VideoStream]
    /// The number of the one that the index holds; nil where it holds none, or the file as it was before.
    public var indexed: Int?

    /// What `info FILE --json` prints, and the `streams` method's result.
    public var json: JSONValue {
        let list = streams.map { stream -> JSONValue in
            guard case .object(let members) = stream.json else { return stream.json }
            return .object(members + [.init("indexed", .bool(stream.number == indexed))])
        }
        return ["path": .string(path), "streams": .array(list)]
    }
}

extension VideoLibrary {
    /// The streams of pictures in a file, in its order: neither an index nor a model is needed.
    public func streams(
        of path: String, isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(LibraryError) -> FileStreams {
        let path = Path.resolved(path)
        let streams: [VideoStream]
        do {
            streams =
                if let workers {
                    try workers.streams(path: path, isCancelled: isCancelled)
                } else {
                    try VideoStream.all(path: path, isCancelled: isCancelled)
                }
        } catch {
            throw LibraryError(error)
        }
        var found = FileStreams(path: path, streams: streams, indexed: nil)
        // Where there is no index, nothing of the file is in it.
        if let video = try? video(atPath: path), video.identity.isCurrent {
            found.indexed =
                ChosenStream.number(in: video.identity.fingerprint) ?? streams.first(where: \.isMain)?.number
        }
        return found
    }

    /// Refuses a choice of what is not there, before a video that is indexed makes way for it.
    func checkStream(
        _ request: IndexRequest, isCancelled: @escaping @Sendable () -> Bool
    ) throws(LibraryError) {
        guard let wanted = request.stream else { return }
        var status = stat()
        guard request.folders.count == 1, let file = request.folders.first,
            stat(file, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR
        else {
            throw LibraryError(
                .parameter("stream"), reason: "one_file",
                message: "stream: goes with one file, whose streams `mixtape info FILE` names")
        }
        let known = try streams(of: file, isCancelled: isCancelled).streams.map(\.number)
        guard known.contains(wanted) else {
            let numbers = known.map(String.init).joined(separator: ", ")
            throw LibraryError(
                .video, reason: VideoError.Reason.noVideoStream.rawValue, path: file,
                message: "\(file): stream \(wanted) is no video stream (those of pictures are \(numbers))",
                hint: "`mixtape info FILE` names the streams")
        }
    }
}
