import Glibc
import Service
import VideoEncoding

/// Runs one worker process on one file and waits for what it says; the calling thread blocks.
struct WorkerProcess: Sendable {
    /// The program that has the worker's command.
    var executable: String
    /// D of the model, which the worker's answer must have.
    var dimension: Int
    /// Seconds from the start of one of the model's clips to the start of the next.
    var clipStride: Double
    /// Seconds from the start after which the process is ended, however little processor time it used.
    var timeLimit: Double

    init(executable: String, dimension: Int, clipStride: Double, timeLimit: Double) {
        self.executable = executable
        self.dimension = dimension
        self.clipStride = clipStride
        self.timeLimit = timeLimit
    }

    /// The command line that `WorkerCommand` of the program reads.
    static func arguments(_ request: WorkerRequest) -> [String] {
        var arguments = [
            "mixtape", "worker", "--longest", "\(request.longest)", "--memory", "\(request.memory)",
            "--threads", "\(request.threads)",
        ]
        if let folder = request.modelFolder { arguments += ["--model", folder] }
        if let fingerprint = request.fingerprint { arguments += ["--fingerprint", fingerprint] }
        if let seconds = request.processorSeconds { arguments += ["--processor-seconds", "\(seconds)"] }
        if let from = request.from { arguments += ["--from", "\(from)"] }
        if let to = request.to { arguments += ["--to", "\(to)"] }
        if let stream = request.stream { arguments += ["--stream", "\(stream)"] }
        if let stride = request.stride { arguments += ["--stride", "\(stride)"] }
        return arguments
    }

    /// Encodes the file that is open at `descriptor`.
    ///
    /// - Throws: what the worker says of the file; `time_limit` where it was ended for the time it took,
    ///   `decoder_failed` where it ended without an answer, as it does at a limit of memory, or by a crash.
    func encode(
        _ descriptor: Int32, _ request: WorkerRequest, isCancelled: () -> Bool
    ) throws(LibraryError) -> EncodedVideo {
        let (process, output) = try WorkerLaunch.start(
            executable, Self.arguments(request), input: descriptor)
        defer { close(output) }
        let ending = listen(to: output, request, isCancelled)
        // Whatever it still does is of no use to anybody.
        kill(-process, SIGKILL)
        // It may have left its group, where nothing kept it from that.
        kill(process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        switch ending {
        case .answer(let outcome): return try outcome.mapError(Self.withHint).get()
        case .cancelled: throw .cancelled
        case .tooLate: throw Self.tooLate
        case .nonsense: throw Self.broken
        case .silence: throw status & 0x7F == SIGXCPU ? Self.tooLate : Self.broken
        }
    }

    /// What a worker says of a file is untrusted; what to do about it is not for it to say.
    private static func withHint(_ error: LibraryError) -> LibraryError {
        guard error.reason == EncodingWorker.tooLong else { return error }
        return LibraryError(
            .video, reason: error.reason, message: error.message, hint: EncodingWorker.tooLongHint)
    }

    private enum Ending {
        case answer(EncodedLines.Outcome)
        case cancelled, tooLate
        /// It said what no worker says.
        case nonsense
        /// It ended before it had said all.
        case silence
    }

    /// Listens to a worker until it has answered, or said what no worker says, or ended.
    private func listen(to output: Int32, _ request: WorkerRequest, _ isCancelled: () -> Bool) -> Ending {
        let deadline = ContinuousClock.now + .seconds(timeLimit)
        var said = WorkerOutput(longestLine: EncodedLines.longest(dimension: dimension))
        // The end of the video lies within the last clip.
        var answer = EncodedLines.Reader(
            dimension: dimension,
            mostClips: ClipCount.inVideo(seconds: request.longest + 4, stride: clipStride))
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            if isCancelled() { return .cancelled }
            if ContinuousClock.now >= deadline { return .tooLate }
            switch said.take() {
            case .notice(let notice):
                notice.show()
                continue
            case .line(let line):
                switch answer.take(line) {
                case .more: continue
                case .end(let outcome): return .answer(outcome)
                case .nonsense: return .nonsense
                }
            case .block, .reading, .tooLong: return .nonsense
            case nil: break
            }
            // A worker of one file gives no signs of life.
            if said.signsOfLife > Self.mostSigns { return .nonsense }
            var watched = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard poll(&watched, 1, 50) > 0 else { continue }
            let count = Glibc.read(output, &buffer, buffer.count)
            if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
            guard count > 0 else { return .silence }
            said.add(buffer[..<count])
        }
    }

    private static let mostSigns = 64

    private static let tooLate = LibraryError(
        .video, reason: "time_limit", message: "the video took too long to read",
        hint: "search for a part of it, or a smaller copy")
    private static let broken = LibraryError(
        .video, reason: "decoder_failed",
        message: "the decoder ended without an answer: the file is damaged, or needs too much memory",
        hint: "see what FFmpeg reports: ffmpeg -i FILE -f null -")
}
