internal import CWorker

import Base
import Glibc
import VideoDecoding
import VideoEncoding

/// A process of its own that reads one video after another, so that a hostile file can only harm a process with few rights,
/// which can be killed.
package enum EncodingWorker {
    /// Threads that encode in one worker, however many processors there are: with many more an honest one would reach its limits of
    /// memory and of threads (`MIXTAPE_MOST_THREADS`).
    package static let mostThreads = 32
    /// Threads that decode in one, beside those; FFmpeg advises against more.
    package static let mostDecoderThreads = 16

    /// Writes to standard output, at once.
    package typealias Write = @Sendable ([UInt8]) -> Void

    /// Limits this process for good, then reads the files that come through the socket at descriptor 0 (`WorkerFileRequest`),
    /// until its other end is closed, and answers each (`WorkerMessage`). While it reads, a line each second says that it has
    /// not stopped (`WorkerSign`). Where the system fails to set up some limit, the first line says so.
    ///
    /// - Parameter write: to standard output, at once.
    package static func serve(_ settings: WorkerSettings, write: @escaping Write) {
        let missing = limit(settings)
        let voice = WorkerVoice(write)
        if !missing.isEmpty { voice.say(WorkerNotice(missing: missing).message) }
        let model = LoadedModel(settings)
        while true {
            var asked: [(request: WorkerFileRequest?, file: Int32)] = []
            defer { for one in asked where one.file >= 0 { close(one.file) } }
            repeat {
                guard let one = receive() else { return }
                asked.append(one)
            } while asked.last?.request?.hasNext == true && asked.count < mostTogether
            answer(asked, model, voice)
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
    private static func answer(
        _ asked: [(request: WorkerFileRequest?, file: Int32)], _ model: LoadedModel, _ voice: WorkerVoice
    ) {
        var read: [(path: String, request: WorkerFileRequest)] = []
        for one in asked where one.file >= 0 {
            if let request = one.request { read.append(("/proc/self/fd/\(one.file)", request)) }
        }
        do throws(WorkerFailure) {
            guard read.count == asked.count else {
                throw WorkerFailure(reason: "decoder_failed", message: "the request is not valid")
            }
            if read.allSatisfy({ $0.request.task == .encode(.whole) }) {
                let session = try model.session(read.first?.request.fingerprint)
                let files = read.map {
                    FileToEncode(
                        path: $0.path, timeLimit: $0.request.timeLimit,
                        decoderThreads: $0.request.decoderThreads, stream: $0.request.stream)
                }
                session.encode(files, isCancelled: voice.isAlive, progress: voice.note) { _, result in
                    voice.say(result.mapError(WorkerFailure.init))
                }
            } else {
                for (path, request) in read { answer(path, request, model, voice) }
            }
        } catch {
            for _ in asked { voice.say(error.answer) }
        }
    }

    /// Answers a request that has nothing to do with others.
    private static func answer(
        _ path: String, _ request: WorkerFileRequest, _ model: LoadedModel, _ voice: WorkerVoice
    ) {
        switch request.task {
        case .encode(let encoding):
            let outcome = Result { () throws(WorkerFailure) in
                let session = try model.session(request.fingerprint)
                return try WorkerFailure.outcome { () throws(VideoError) in
                    try encode(path, encoding, request, session, isCancelled: voice.isAlive)
                }.get()
            }
            switch outcome {
            case .success(let videos): for video in videos { voice.say(.success(video)) }
            case .failure(let failure): voice.say(.failure(failure))
            }
        case .picture(let time, let width):
            let options = Thumbnail.Options(
                width: width, timeLimit: request.timeLimit, stream: request.stream, isCancelled: voice.isAlive
            )
            let outcome = WorkerFailure.outcome { () throws(VideoError) in
                try Thumbnail(path: path, at: time, options: options)
            }
            voice.say(PictureAnswer.write(outcome))
        case .clips(let clips):
            let options = clips.options(
                timeLimit: request.timeLimit, threads: request.decoderThreads, isCancelled: voice.isAlive)
            handOverClips(path, options, most: clips.most, voice)
        case .duration(let clips):
            let options = clips.options(
                timeLimit: request.timeLimit, threads: request.decoderThreads, isCancelled: voice.isAlive)
            sayDuration(path, options, voice)
        case .still(let geometry):
            handOverStill(path, geometry, timeLimit: request.timeLimit, voice)
        case .streams:
            let outcome = WorkerFailure.outcome { () throws(VideoError) in
                try VideoStream.all(path: path, timeLimit: request.timeLimit, isCancelled: voice.isAlive)
            }
            voice.say(StreamAnswer.write(outcome))
        }
    }
}

extension WorkerVoice {
    fileprivate func say(_ outcome: EncodedAnswer.Outcome) {
        for message in EncodedAnswer.write(outcome) { say(message) }
    }

    /// Asked now and then by whatever reads: nobody cancels it, and it gives a sign of life.
    var isAlive: @Sendable () -> Bool {
        {
            self.giveSign()
            return false
        }
    }
}

/// The model of a worker process, loaded for the first file that is to be encoded: a picture needs none.
private final class LoadedModel {
    private let settings: WorkerSettings
    private var loaded: Result<EncoderSession, WorkerFailure>?

    init(_ settings: WorkerSettings) { self.settings = settings }

    /// What encodes.
    ///
    /// - Parameter fingerprint: that the model must have, so that no other's Gaussians pass for its own; nil for any.
    func session(_ fingerprint: String?) throws(WorkerFailure) -> EncoderSession {
        let result = loaded ?? Result { () throws(WorkerFailure) in try load() }
        loaded = result
        let session = try result.get()
        guard fingerprint == nil || session.encoder.fingerprint == fingerprint else {
            throw WorkerFailure(
                reason: WorkerFailure.otherModel,
                message: "the model folder now holds another model: restart the program")
        }
        return session
    }

    private func load() throws(WorkerFailure) -> EncoderSession {
        guard let folder = settings.modelFolder else {
            throw WorkerFailure(reason: "decoder_failed", message: "this worker has no model")
        }
        do throws(ModelError) {
            return try VideoEncoder(folder: folder).makeSession(
                threads: min(settings.threads, EncodingWorker.mostThreads))
        } catch {
            throw WorkerFailure(error)
        }
    }
}
