internal import CWorker

import Base
import Glibc
import VideoDecoding
import VideoEncoding

/// What a worker process is to read, and the most that it may use.
public struct WorkerRequest: Sendable, Equatable {
    /// The model folder; nil for a worker that encodes nothing.
    public var modelFolder: String?
    /// The fingerprint that its model must have, so that no other's Gaussians pass for its own; nil for any.
    public var fingerprint: String?
    /// Seconds at which the part of interest starts; nil where it is the video's start.
    public var from: Double?
    /// Seconds at which it stops; nil where it is the video's end.
    public var to: Double?
    /// The number of the stream to read; nil for the file's main one.
    public var stream: Int?
    /// Seconds from the start of one clip to the next; nil for the model's.
    public var stride: Double?
    /// Seconds of video that it reads at most; a longer video, or part, is refused.
    public var longest = 1800.0
    /// Seconds of processor time, over all threads; nil for a worker of many files.
    public var processorSeconds: Int? = 240
    /// Bytes of address space.
    public var memory: UInt64 = 4 << 30
    /// Threads that encode side by side.
    public var threads = 1
    /// The process with which it ends; nil where it goes on.
    public var parent: Int32?

    /// The whole of a video, with the default limits.
    public init(modelFolder: String?) { self.modelFolder = modelFolder }

    /// The part asked for, where one is.
    public var range: TimeRange? {
        from == nil && to == nil ? nil : TimeRange(start: from ?? 0, stop: to ?? .infinity)
    }
}

/// A process of its own that reads one video, its standard input, or one after another that come through a socket, so that
/// a hostile file meets nothing but a process that may use little and can be ended. It says `EncodedLines` on its standard
/// output, `PictureLines` where it is asked for a picture, and `ClipLines` where for clips as they are.
public enum EncodingWorker {
    /// Threads that encode in one worker, however many processors there are: with many more an honest one would reach its limits of
    /// memory and of threads (`MIXTAPE_MOST_THREADS`).
    package static let mostThreads = 32
    /// Threads that decode in one, beside those; FFmpeg advises against more.
    package static let mostDecoderThreads = 16

    /// Writes to standard output, at once.
    public typealias Say = @Sendable ([UInt8]) -> Void

    /// Limits this process for good, then reads the file at descriptor 0. Where the system fails to set up some limit, a line
    /// says so first.
    ///
    /// - Parameter say: writes to standard output.
    public static func run(_ request: WorkerRequest, say: ([UInt8]) -> Void) -> EncodedLines.Outcome {
        let missing = limit(request)
        if !missing.isEmpty { say(Array(WorkerNotice(missing: missing).line.utf8)) }
        do throws(LibraryError) {
            return .success(try encode(request))
        } catch {
            return .failure(error)
        }
    }

    /// Limits this process for good, then reads the files that come through the socket at descriptor 0, until its other
    /// end is closed. While it reads, a line each second says that it has not stopped (`WorkerSign`). Where the system fails to set
    /// up some limit, the first line says so.
    ///
    /// - Parameter say: writes to standard output, at once.
    public static func serve(_ request: WorkerRequest, say: @escaping Say) {
        let missing = limit(request)
        if !missing.isEmpty { say(Array(WorkerNotice(missing: missing).line.utf8)) }
        // A picture needs no model.
        var loaded: Result<EncoderSession, LibraryError>?
        func session() throws(LibraryError) -> EncoderSession {
            let session = loaded ?? Result { () throws(LibraryError) in try makeSession(request) }
            loaded = session
            return try session.get()
        }
        while true {
            var asked: [(request: WorkerFileRequest?, file: Int32)] = []
            defer { for one in asked where one.file >= 0 { close(one.file) } }
            repeat {
                guard let one = receive() else { return }
                asked.append(one)
            } while asked.last?.request?.hasNext == true && asked.count < mostTogether
            answer(asked, session, say)
        }
    }

    private static func makeSession(_ request: WorkerRequest) throws(LibraryError) -> EncoderSession {
        guard let folder = request.modelFolder else {
            throw LibraryError(.video, reason: "decoder_failed", message: "this worker has no model")
        }
        let session: EncoderSession
        do throws(ModelError) {
            session = try VideoEncoder(folder: folder).makeSession(threads: min(request.threads, mostThreads))
        } catch {
            throw LibraryError(error)
        }
        try check(session.encoder, request.fingerprint)
        return session
    }

    /// The reason of a model folder that holds another model than it did when whoever asks read it.
    static let otherModel = "other_model"

    private static func check(_ encoder: VideoEncoder, _ fingerprint: String?) throws(LibraryError) {
        guard let fingerprint, encoder.fingerprint != fingerprint else { return }
        throw LibraryError(
            .video, reason: otherModel, message: "the model folder now holds another model",
            hint: "restart the program")
    }

    /// Files that come together at most; each takes a descriptor, of which there are 64.
    static let mostTogether = 32

    /// The next request; nil where nobody will ask any more.
    private static func receive() -> (request: WorkerFileRequest?, file: Int32)? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        var file: Int32 = -1
        let count = mixtape_receive_file(0, &bytes, bytes.count, &file)
        return count > 0 ? (WorkerFileRequest(Array(bytes[..<count])), file) : nil
    }

    /// Answers requests that came together, in order.
    private static func answer(
        _ asked: [(request: WorkerFileRequest?, file: Int32)],
        _ session: () throws(LibraryError) -> EncoderSession, _ say: @escaping Say
    ) {
        var read: [(path: String, request: WorkerFileRequest)] = []
        for one in asked where one.file >= 0 {
            if let request = one.request { read.append(("/proc/self/fd/\(one.file)", request)) }
        }
        let signs = LifeSigns(say)
        let isAlive: @Sendable () -> Bool = {
            signs.give()
            return false
        }
        do throws(LibraryError) {
            guard read.count == asked.count else {
                throw LibraryError(.video, reason: "decoder_failed", message: "the request is not valid")
            }
            if read.allSatisfy({ $0.request.task == .encodeWhole }) {
                let session = try session()
                try check(session.encoder, read.first?.request.fingerprint)
                let files = read.map {
                    FileToEncode(
                        path: $0.path, timeLimit: $0.request.timeLimit,
                        decoderThreads: $0.request.decoderThreads, stream: $0.request.stream)
                }
                session.encode(files, isCancelled: isAlive, progress: signs.note) { _, result in
                    let named = Result { () throws(LibraryError) in try naming(result.get) }
                    say(Array(EncodedLines.write(named).utf8))
                }
            } else {
                for (path, request) in read { answer(path, request, session, isAlive, say) }
            }
        } catch {
            for _ in asked { say(Array(EncodedLines.write(.failure(error)).utf8)) }
        }
    }

    /// Answers a request that has nothing to do with others.
    private static func answer(
        _ path: String, _ request: WorkerFileRequest, _ session: () throws(LibraryError) -> EncoderSession,
        _ isCancelled: @escaping @Sendable () -> Bool, _ say: Say
    ) {
        switch request.task {
        case .encode(let range, let stride):
            let outcome = Result { () throws(LibraryError) in
                let session = try session()
                try check(session.encoder, request.fingerprint)
                return try naming { () throws(VideoError) in
                    try session.encode(
                        path: path, range: range, stream: request.stream, stride: stride,
                        timeLimit: request.timeLimit,
                        decoderThreads: request.decoderThreads, overlapped: request.decoderThreads > 1,
                        isCancelled: isCancelled)
                }
            }
            say(Array(EncodedLines.write(outcome).utf8))
        case .picture(let time, let width):
            let options = Thumbnail.Options(
                width: width, timeLimit: request.timeLimit, stream: request.stream, isCancelled: isCancelled)
            let outcome = Result { () throws(LibraryError) in
                try naming { () throws(VideoError) in
                    try Thumbnail(path: path, at: time, options: options)
                }
            }
            say(Array(PictureLines.write(outcome).utf8))
        case .clips(let clips):
            let options = clips.options(
                timeLimit: request.timeLimit, threads: request.decoderThreads, isCancelled: isCancelled)
            handOverClips(path, options, most: clips.most, say)
        case .duration(let clips):
            let options = clips.options(
                timeLimit: request.timeLimit, threads: request.decoderThreads, isCancelled: isCancelled)
            sayDuration(path, options, say)
        case .still(let geometry):
            handOverStill(path, geometry, timeLimit: request.timeLimit, say)
        case .streams:
            let outcome = Result { () throws(LibraryError) in
                try naming { () throws(VideoError) in
                    try VideoStream.all(path: path, timeLimit: request.timeLimit, isCancelled: isCancelled)
                }
            }
            say(Array(StreamLines.write(outcome).utf8))
        }
    }

    private static func encode(_ request: WorkerRequest) throws(LibraryError) -> EncodedVideo {
        let path = "/proc/self/fd/0"
        let session = try makeSession(request)
        let configuration = session.encoder.configuration
        let asked = request.range ?? TimeRange(start: 0, stop: .infinity)
        let reading = ReadingOptions(
            plan: configuration.plan, geometry: configuration.geometry, stream: request.stream)
        let most = asked.start + request.longest
        if asked.stop > most {
            // A film of hours is refused at once; what only says that it is one is not.
            let seconds = try naming { () throws(VideoError) in
                guard let stated = try ClipReader(path: path, options: reading).facts.duration, stated > most
                else { return 0.0 }
                return try ClipReader.packetSeconds(path: path, options: reading, upTo: most)
            }
            try check(seconds - asked.start, request)
        }
        // Others that are longer are read a little beyond the limit, and then refused.
        let bounded = TimeRange(start: asked.start, stop: min(asked.stop, most + 4))
        let video = try naming { () throws(VideoError) in
            try session.encode(
                path: path, range: bounded, stream: request.stream, stride: request.stride,
                timeLimit: Double(request.processorSeconds ?? 600),
                decoderThreads: min(request.threads, mostDecoderThreads), overlapped: request.threads > 1)
        }
        try check((video.intervals.last?.stop ?? 0) - asked.start, request)
        return video
    }

    /// The file has no name that means anything outside of this process.
    static func naming<R>(_ body: () throws(VideoError) -> R) throws(LibraryError) -> R {
        do throws(VideoError) {
            return try body()
        } catch {
            throw LibraryError(.video, reason: error.reason.rawValue, message: error.detail)
        }
    }

    /// The reason of a video, or part, of which more seconds would be read than are.
    public static let tooLong = "too_long"
    /// What to do about it.
    public static let tooLongHint =
        "choose a part of it, or index it first; mixtape serve --max-seconds S allows longer videos"

    private static func words(seconds: Double) -> String {
        seconds >= 120 && seconds.truncatingRemainder(dividingBy: 60) == 0
            ? "\(Int(seconds / 60)) minutes" : "\(Int(seconds)) seconds"
    }

    private static func check(_ seconds: Double, _ request: WorkerRequest) throws(LibraryError) {
        guard seconds > request.longest else { return }
        throw LibraryError(
            .video, reason: tooLong,
            message: "the video is longer than the limit of \(Self.words(seconds: request.longest))",
            hint: tooLongHint)
    }
}
