import Base
import VideoDecoding

/// The streams of pictures in a file.
public struct FileStreams: Sendable, Equatable {
    /// Absolute.
    public var path: String
    /// In the file's order.
    public var streams: [VideoStream]
    /// The number of the one that the index holds; nil where it holds none, or the file as it was before.
    public var indexed: Int?

    /// All of a file's streams, and the number of the one that the index holds.
    public init(path: String, streams: [VideoStream], indexed: Int?) {
        self.path = path
        self.streams = streams
        self.indexed = indexed
    }

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
        let streams = try videoStreams(of: path, isCancelled: isCancelled)
        var found = FileStreams(path: path, streams: streams, indexed: nil)
        // Where there is no index, nothing of the file is in it.
        if let video = try? video(atPath: path), video.identity.isCurrent {
            found.indexed =
                ChosenStream.number(in: video.identity.fingerprint) ?? streams.first(where: \.isMain)?.number
        }
        return found
    }

    private func videoStreams(
        of path: String, isCancelled: @escaping @Sendable () -> Bool
    ) throws(LibraryError) -> [VideoStream] {
        do {
            if let workers { return try workers.streams(path: path, isCancelled: isCancelled) }
            return try VideoStream.all(path: path, isCancelled: isCancelled)
        } catch {
            throw LibraryError(error)
        }
    }

    /// The stream to read for a query: nil for the file's main one, by its number too, since that goes by the file alone.
    ///
    /// - Parameter chosen: the one that the index holds of the file; nil where that is the main one, or there is none.
    func queryStream(
        _ wanted: Int?, of path: String, chosen: Int?, isCancelled: @escaping @Sendable () -> Bool
    ) throws(LibraryError) -> Int? {
        guard let wanted, wanted != chosen else { return chosen }
        let main = try videoStreams(of: path, isCancelled: isCancelled).first(where: \.isMain)
        return wanted == main?.number ? nil : wanted
    }

    /// Whether the stream that is chosen is the file's main one. Refuses a choice of what is not there, before a video that is
    /// indexed makes way for it.
    func asksForMainStream(
        _ request: IndexRequest, isCancelled: @escaping @Sendable () -> Bool
    ) throws(LibraryError) -> Bool {
        try request.checkStreamIsOfOneFile()
        guard let wanted = request.stream, let file = request.folders.first else { return false }
        let known = try videoStreams(of: Path.resolved(file), isCancelled: isCancelled)
        guard let found = known.first(where: { $0.number == wanted }) else {
            let numbers = known.map { String($0.number) }.joined(separator: ", ")
            throw LibraryError(
                .video, reason: VideoError.Reason.noVideoStream.rawValue, path: file,
                message: "\(file): stream \(wanted) is no video stream (those of pictures are \(numbers))",
                hint: "`mixtape info FILE` names the streams")
        }
        return found.isMain
    }
}
