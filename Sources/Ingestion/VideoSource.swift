import Base
import Indexing
import Isolation
import VideoEncoding

/// What a run needs for its files: fingerprints of their contents, and their distributions.
///
/// The program uses the model, in worker processes (`IsolatedSource`) or in this one (`ModelSource`). Tests use a quicker source,
/// with faults on demand.
package protocol VideoSource: Sendable {
    /// A fingerprint of the file's content, in hexadecimal.
    func fingerprint(path: String) throws(VideoError) -> String

    /// A worker for one thread; called on that thread. The worker may use `threads` processors.
    func makeWorker(threads: Int) throws(IndexError) -> any VideoWorker
}

/// Encodes files, one after the other, on the thread that made it.
package protocol VideoWorker: AnyObject {
    /// Reads and encodes a whole file.
    func encode(
        path: String, timeLimit: Double, decoderThreads: Int, isCancelled: @escaping @Sendable () -> Bool
    ) throws(VideoError) -> EncodedVideo

    /// Reads and encodes whole files, and says each one's result, in order, as soon as it is there.
    ///
    /// - Parameters:
    ///   - progress: gets a file's place in `files`, and the share of its running time that was read, 0 to 1, now and then; on
    ///     any thread, and of a file that is read before the one in front of it is done, too.
    ///   - deliver: gets the file's place in `files`.
    func encode(
        _ files: [FileToEncode], isCancelled: @escaping @Sendable () -> Bool,
        progress: @escaping @Sendable (Int, Double) -> Void,
        deliver: (Int, Result<EncodedVideo, VideoError>) -> Void)
}

extension VideoWorker {
    /// Without progress.
    package func encode(
        _ files: [FileToEncode], isCancelled: @escaping @Sendable () -> Bool,
        deliver: (Int, Result<EncodedVideo, VideoError>) -> Void
    ) {
        encode(files, isCancelled: isCancelled, progress: { _, _ in }, deliver: deliver)
    }

    /// One after the other, without a word in between.
    package func encode(
        _ files: [FileToEncode], isCancelled: @escaping @Sendable () -> Bool,
        progress: @escaping @Sendable (Int, Double) -> Void,
        deliver: (Int, Result<EncodedVideo, VideoError>) -> Void
    ) {
        files.oneByOne(deliver) { file throws(VideoError) in
            try encode(
                path: file.path, timeLimit: file.timeLimit, decoderThreads: file.decoderThreads,
                isCancelled: isCancelled)
        }
    }
}

extension IsolatedSource: VideoSource {
    package func fingerprint(path: String) throws(VideoError) -> String {
        try ContentFingerprint.of(path: path)
    }

    package func makeWorker(threads: Int) throws(IndexError) -> any VideoWorker {
        IsolatedWorker(source: self, threads: threads)
    }
}

extension IsolatedWorker: VideoWorker {}

/// The model as a source.
package struct ModelSource: VideoSource {
    let encoder: VideoEncoder

    package init(encoder: VideoEncoder) { self.encoder = encoder }

    package func fingerprint(path: String) throws(VideoError) -> String {
        try ContentFingerprint.of(path: path)
    }

    package func makeWorker(threads: Int) throws(IndexError) -> any VideoWorker {
        do {
            return SessionWorker(session: try encoder.makeSession(threads: threads))
        } catch {
            throw IndexError(reason: .failed, path: error.path, message: error.message, hint: error.hint)
        }
    }
}

private final class SessionWorker: VideoWorker {
    private let session: EncoderSession

    init(session: EncoderSession) { self.session = session }

    func encode(
        path: String, timeLimit: Double, decoderThreads: Int, isCancelled: @escaping @Sendable () -> Bool
    ) throws(VideoError) -> EncodedVideo {
        // With a processor to itself only, a session decodes and encodes in turn: the other sessions fill the gaps.
        try session.encode(
            path: path, timeLimit: timeLimit, decoderThreads: decoderThreads, overlapped: session.threads > 1,
            isCancelled: isCancelled)
    }

    func encode(
        _ files: [FileToEncode], isCancelled: @escaping @Sendable () -> Bool,
        progress: @escaping @Sendable (Int, Double) -> Void,
        deliver: (Int, Result<EncodedVideo, VideoError>) -> Void
    ) {
        session.encode(files, isCancelled: isCancelled, progress: progress, deliver: deliver)
    }
}
