internal import CWorker

import Glibc
import Synchronization
import VideoDecoding
import VideoEncoding

/// What a worker process is to read, and the most that it may use.
public struct WorkerRequest: Sendable, Equatable {
    /// The model folder.
    public var modelFolder: String
    /// Seconds at which the part of interest starts; nil where it is the video's start.
    public var from: Double?
    /// Seconds at which it stops; nil where it is the video's end.
    public var to: Double?
    /// Seconds of video that it reads at most; a longer video, or part, is refused.
    public var longest = 1800.0
    /// Seconds of processor time, over all threads; nil for a worker of many files.
    public var processorSeconds: Int? = 240
    /// Bytes of address space.
    public var memory: UInt64 = 4 << 30
    /// Threads that encode side by side.
    public var threads = 1

    /// The whole of a video, with the default limits.
    public init(modelFolder: String) { self.modelFolder = modelFolder }

    /// The part asked for, where one is.
    public var range: TimeRange? {
        from == nil && to == nil ? nil : TimeRange(start: from ?? 0, stop: to ?? .infinity)
    }
}

/// A process of its own that reads one video, its standard input, or one after another that come through a socket, so that
/// a hostile file meets nothing but a process that may use little and can be ended. It says `EncodedLines` on its standard
/// output.
public enum EncodingWorker {
    /// Limits this process for good, then reads the file at descriptor 0.
    public static func run(_ request: WorkerRequest) -> EncodedLines.Outcome {
        _ = limit(request)
        do throws(LibraryError) {
            return .success(try encode(request))
        } catch {
            return .failure(error)
        }
    }

    /// Limits this process for good, then encodes the files that come through the socket at descriptor 0, until its other
    /// end is closed. While it reads, an empty line each second says that it has not stopped. Where the system fails to set
    /// up some limit, the first line says so.
    ///
    /// - Parameter say: writes to standard output, at once.
    public static func serve(_ request: WorkerRequest, say: @escaping @Sendable (String) -> Void) {
        let missing = limit(request)
        if !missing.isEmpty { say(WorkerNotice(missing: missing).line) }
        let session = Result<EncoderSession, LibraryError> { () throws(LibraryError) in
            do throws(ModelError) {
                return try VideoEncoder(folder: request.modelFolder).makeSession(threads: request.threads)
            } catch {
                throw LibraryError(error)
            }
        }
        while true {
            var asked: [(request: WorkerFileRequest?, file: Int32)] = []
            defer { for one in asked where one.file >= 0 { close(one.file) } }
            repeat {
                guard let one = receive() else { return }
                asked.append(one)
            } while asked.last?.request?.hasNext == true && asked.count < mostTogether
            encode(asked, session, say)
        }
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
    private static func encode(
        _ asked: [(request: WorkerFileRequest?, file: Int32)],
        _ session: Result<EncoderSession, LibraryError>,
        _ say: @escaping @Sendable (String) -> Void
    ) {
        let files = asked.compactMap { one in
            one.file < 0
                ? nil
                : one.request.map {
                    FileToEncode(
                        path: "/proc/self/fd/\(one.file)", timeLimit: $0.timeLimit,
                        decoderThreads: max(1, $0.decoderThreads))
                }
        }
        guard files.count == asked.count else {
            let error = LibraryError(
                .video, reason: "decoder_failed", message: "the request is no request")
            for _ in asked { say(EncodedLines.write(.failure(error))) }
            return
        }
        switch session {
        case .failure(let error):
            for _ in asked { say(EncodedLines.write(.failure(error))) }
        case .success(let session):
            session.encode(files, isCancelled: signsOfLife(say)) { _, result in
                say(EncodedLines.write(Result { () throws(LibraryError) in try naming(result.get) }))
            }
        }
    }

    /// Never cancels; says each second that decoding has not stopped.
    private static func signsOfLife(_ say: @escaping @Sendable (String) -> Void) -> @Sendable () -> Bool {
        let lastSign = Mutex(ContinuousClock.now)
        return {
            let now = ContinuousClock.now
            let isDue = lastSign.withLock { last in
                guard now - last > .seconds(1) else { return false }
                last = now
                return true
            }
            if isDue { say("\n") }
            return false
        }
    }

    private static func encode(_ request: WorkerRequest) throws(LibraryError) -> EncodedVideo {
        let path = "/proc/self/fd/0"
        let encoder: VideoEncoder
        let session: EncoderSession
        do throws(ModelError) {
            encoder = try VideoEncoder(folder: request.modelFolder)
            session = try encoder.makeSession(threads: request.threads)
        } catch {
            throw LibraryError(error)
        }
        let asked = request.range ?? TimeRange(start: 0, stop: .infinity)
        let reading = ReadingOptions(
            plan: encoder.configuration.plan, geometry: encoder.configuration.geometry)
        let stated = try naming { () throws(VideoError) in
            try ClipReader(path: path, options: reading).facts.duration ?? 0
        }
        try check(min(stated, asked.stop) - asked.start, request)
        // A video that states no duration is read a little beyond the limit, and then refused.
        let bounded = TimeRange(
            start: asked.start, stop: min(asked.stop, asked.start + request.longest + 4))
        let video = try naming { () throws(VideoError) in
            try session.encode(
                path: path, range: request.range == nil && stated > 0 ? nil : bounded,
                timeLimit: Double(request.processorSeconds ?? 600), decoderThreads: request.threads,
                overlapped: request.threads > 1)
        }
        try check((video.intervals.last?.stop ?? 0) - asked.start, request)
        return video
    }

    /// The file has no name that means anything outside of this process.
    private static func naming<R>(_ body: () throws(VideoError) -> R) throws(LibraryError) -> R {
        do throws(VideoError) {
            return try body()
        } catch {
            throw LibraryError(.video, reason: error.reason.rawValue, message: error.detail)
        }
    }

    private static func check(_ seconds: Double, _ request: WorkerRequest) throws(LibraryError) {
        guard seconds > request.longest else { return }
        throw LibraryError(
            .video, reason: "too_long",
            message: "the video is longer than the \(Int(request.longest)) seconds that are read",
            hint: "search for a part of it")
    }
}
