import Base
import Glibc
import VideoEncoding

/// Why a worker could not do what it was asked.
package struct WorkerFailure: Error, Sendable, Equatable {
    /// Stable and machine-readable: those of `VideoError`, and these.
    package var reason: String
    /// One sentence. The file has no name that means anything outside of the worker.
    package var message: String

    /// The model cannot be used.
    static let modelUnusable = "model_unusable"
    /// The model folder holds another model than it did when whoever asks read it.
    static let otherModel = "other_model"

    package init(reason: String, message: String) {
        self.reason = reason
        self.message = message
    }

    init(_ error: VideoError) { self.init(reason: error.reason.rawValue, message: error.detail) }

    init(_ error: ModelError) {
        self.init(
            reason: Self.modelUnusable,
            message: error.message.contains(error.path) ? error.message : "\(error.path): \(error.message)")
    }

    /// No worker can be started.
    static func unavailable(_ number: Int32) -> WorkerFailure {
        WorkerFailure(
            reason: VideoError.Reason.decoderUnavailable.rawValue,
            message: "no decoder can be started: \(SystemError.message(number))")
    }

    /// What a body that reads a file comes to.
    static func outcome<R>(_ body: () throws(VideoError) -> R) -> Result<R, WorkerFailure> {
        Result { () throws(VideoError) in try body() }.mapError(WorkerFailure.init)
    }

    /// How a worker says it.
    package var answer: WorkerMessage {
        WorkerMessage("error", ["reason": .string(reason), "message": .string(message)])
    }

    /// What a message tells of, of which nothing is trusted; nil where it is about no failure.
    static func heard<Answer>(_ message: WorkerMessage) -> Heard<Answer>? {
        guard let error = message.header["error"] else { return nil }
        guard message.hasOnly("error"), let reason = UntrustedVideo.text(error["reason"], atMost: 64),
            let words = UntrustedVideo.text(error["message"], atMost: 1024),
            // That is for whoever asked to say, and would end more than the file's reading.
            reason != VideoError.Reason.cancelled.rawValue,
            reason != VideoError.Reason.decoderUnavailable.rawValue
        else { return .nonsense }
        return .end(.failure(WorkerFailure(reason: reason, message: words)))
    }

    /// What the one message of an answer comes to: that of a failure, or one that `read` makes something of.
    static func answer<Answer>(_ message: WorkerMessage, _ read: () -> Answer?) -> Heard<Answer> {
        if let heard: Heard<Answer> = heard(message) { return heard }
        return read().map { .end(.success($0)) } ?? .nonsense
    }

    /// The file's error. The model is no matter of the file: it is tried again in the next run.
    func error(of path: String) -> VideoError {
        let isOfModel = [Self.modelUnusable, Self.otherModel].contains(reason)
        return VideoError(
            path: path,
            reason: isOfModel ? .readFailed : VideoError.Reason(rawValue: reason) ?? .decoderFailed,
            detail: message)
    }
}

extension Result where Failure == WorkerFailure {
    /// How a worker says it.
    func message(_ success: (Success) -> WorkerMessage) -> WorkerMessage {
        switch self {
        case .failure(let failure): failure.answer
        case .success(let value): success(value)
        }
    }
}
