import Base
import Distributions
import Isolation
import Synchronization
import VideoEncoding

/// Loads the model when it is first needed and lends out its sessions, one thread of work each.
final class EncoderPool: Sendable {
    /// A session belongs to one thread at a time; the pool sees to it by taking it out of its list.
    private struct Lent: @unchecked Sendable {
        let session: EncoderSession
        let threads: Int
    }
    private struct State {
        var idle: [Lent] = []
        var active = 0
    }

    private let folder: String
    private let processors: Int
    /// Where files are read; nil for this process.
    private let workers: WorkerPool?
    private let encoder = Mutex<VideoEncoder?>(nil)
    private let state = Mutex(State())

    init(folder: String, processors: Int, workers: WorkerPool?) {
        self.folder = folder
        self.processors = processors
        self.workers = workers
    }

    /// The model, loaded once; a failure is tried again next time.
    func model() throws(LibraryError) -> VideoEncoder {
        let result: Result<VideoEncoder, ModelError> = encoder.withLock { encoder in
            if let encoder { return .success(encoder) }
            do throws(ModelError) {
                let loaded = try VideoEncoder(folder: folder)
                encoder = loaded
                return .success(loaded)
            } catch {
                return .failure(error)
            }
        }
        do {
            return try result.get()
        } catch {
            throw LibraryError(error)
        }
    }

    /// Encodes a file or a part of it, while the calling thread waits. Alone it uses every processor; in company,
    /// one. A stride of nil is the model's. Gives a video per view.
    func encode(
        path: String, range: TimeRange?, stream: Int? = nil, stride: Double? = nil,
        views: [PictureView] = [.plain], findsPanels: Bool = false,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(LibraryError) -> [EncodedVideo] {
        let encoder = try model()
        if let workers {
            let threads = start()
            defer { state.withLock { $0.active -= 1 } }
            do {
                return try workers.encode(
                    path: path, by: encoder, range: range, stream: stream, stride: stride, views: views,
                    findsPanels: findsPanels, threads: threads, isCancelled: isCancelled)
            } catch {
                throw LibraryError(error)
            }
        }
        let lent = try borrow(from: encoder)
        defer { giveBack(lent) }
        do {
            if views != [.plain] {
                return try lent.session.encode(
                    path: path, views: views, range: range, stream: stream, stride: stride,
                    decoderThreads: lent.threads, isCancelled: isCancelled)
            }
            let video = try lent.session.encode(
                path: path, range: range, stream: stream, stride: stride, admitsPictures: true,
                decoderThreads: lent.threads, overlapped: lent.threads > 1, findsPanels: findsPanels,
                isCancelled: isCancelled)
            return [video]
        } catch {
            throw LibraryError(error)
        }
    }

    /// What the model makes of clips that show nothing.
    func emptyClips() throws(LibraryError) -> [Gaussian] {
        let lent = try borrow(from: try model())
        defer { giveBack(lent) }
        do {
            return try lent.session.emptyClips()
        } catch {
            throw LibraryError(error)
        }
    }

    /// Counts one more that encodes; how many threads it may use.
    private func start() -> Int {
        state.withLock { state in
            state.active += 1
            return state.active == 1 ? processors : 1
        }
    }

    private func borrow(from encoder: VideoEncoder) throws(LibraryError) -> Lent {
        let threads = start()
        let idle = state.withLock { state in
            state.idle.firstIndex { $0.threads == threads }.map { state.idle.remove(at: $0) }
        }
        if let idle { return idle }
        do {
            return Lent(session: try encoder.makeSession(threads: threads), threads: threads)
        } catch {
            state.withLock { $0.active -= 1 }
            throw LibraryError(error)
        }
    }

    private func giveBack(_ lent: Lent) {
        state.withLock { state in
            state.active -= 1
            state.idle.append(lent)
        }
    }
}
