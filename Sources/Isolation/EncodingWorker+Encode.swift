import Base
import VideoDecoding
import VideoEncoding

extension EncodingWorker {
    /// Encodes a file, or a part of it, where it is no longer than is read: a video per view.
    static func encode(
        _ path: String, _ encoding: WorkerFileRequest.Encoding, _ request: WorkerFileRequest,
        _ session: EncoderSession, isCancelled: @escaping @Sendable () -> Bool
    ) throws(VideoError) -> [EncodedVideo] {
        func encoded(_ range: TimeRange?) throws(VideoError) -> [EncodedVideo] {
            if encoding.views != [.plain] {
                return try session.encode(
                    path: path, views: encoding.views, range: range, stream: request.stream,
                    stride: encoding.stride, timeLimit: request.timeLimit,
                    decoderThreads: request.decoderThreads, isCancelled: isCancelled)
            }
            let video = try session.encode(
                path: path, range: range, stream: request.stream, stride: encoding.stride,
                admitsPictures: encoding.admitsPictures, timeLimit: request.timeLimit,
                decoderThreads: request.decoderThreads, overlapped: request.decoderThreads > 1,
                findsPanels: encoding.findsPanels,
                isCancelled: isCancelled)
            return [video]
        }
        guard let longest = encoding.longest else { return try encoded(encoding.range) }
        let asked = encoding.range ?? TimeRange(start: 0, stop: .infinity)
        let most = asked.start + longest
        if asked.stop > most {
            // A film of hours is refused at once; what only says that it is one is not.
            let seconds = try secondsInPackets(
                path, request.stream, upTo: most, session.encoder.configuration, isCancelled)
            try check(path, seconds - asked.start, longest)
        }
        // Others that are longer are read a little beyond the limit, and then refused.
        let videos = try encoded(TimeRange(start: asked.start, stop: min(asked.stop, most + 4)))
        try check(path, (videos[0].intervals.last?.stop ?? 0) - asked.start, longest)
        return videos
    }

    /// Seconds of a video that says to be longer than so many, counted in its packets; 0 of others.
    private static func secondsInPackets(
        _ path: String, _ stream: Int?, upTo most: Double, _ configuration: ModelConfiguration,
        _ isCancelled: @escaping @Sendable () -> Bool
    ) throws(VideoError) -> Double {
        var reading = ReadingOptions(
            plan: configuration.plan, geometry: configuration.geometry, stream: stream,
            isCancelled: isCancelled)
        reading.admitsPictures = true
        guard let stated = try ClipReader(path: path, options: reading).facts.duration, stated > most else {
            return 0
        }
        return try ClipReader.packetSeconds(path: path, options: reading, upTo: most)
    }

    private static func check(_ path: String, _ seconds: Double, _ longest: Double) throws(VideoError) {
        guard seconds > longest else { return }
        throw VideoError(
            path: path, reason: .tooLong,
            detail: "the video is longer than the limit of \(words(seconds: longest))")
    }

    private static func words(seconds: Double) -> String {
        seconds >= 120 && seconds.truncatingRemainder(dividingBy: 60) == 0
            ? "\(Int(seconds / 60)) minutes" : "\(Int(seconds)) seconds"
    }
}
