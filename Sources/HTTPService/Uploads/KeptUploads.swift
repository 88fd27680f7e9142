import Base
import Library
import Synchronization
import VideoEncoding

/// The last uploads' mixtures, so that further questions about one need no second upload. The files are gone by then.
final class KeptUploads: Sendable {
    /// An upload that was encoded.
    struct Upload: Sendable {
        /// What the client called it.
        var name: String
        var query: EncodedQuery

        var clips: Int {
            query.video.intervals.count + (query.fine?.intervals.count ?? 0)
                + query.panels.reduce(0) { $0 + $1.video.intervals.count }
        }
    }

    private struct State {
        var uploads: [String: Upload] = [:]
        /// Names, the one that was asked for longest ago first.
        var order: [String] = []
        var clips = 0
    }

    private let state = Mutex(State())
    private static let most = 64
    /// A clip takes about 2 KB.
    private static let mostClips = 20_000

    /// Keeps an upload under a new name that nobody can guess.
    func keep(_ upload: Upload) -> String {
        let id = RandomName.make()
        state.withLock { state in
            state.uploads[id] = upload
            state.order.append(id)
            state.clips += upload.clips
            while state.order.count > 1, state.order.count > Self.most || state.clips > Self.mostClips {
                let oldest = state.order.removeFirst()
                state.clips -= state.uploads.removeValue(forKey: oldest)?.clips ?? 0
            }
        }
        return id
    }

    /// The upload of that name, where it is still kept.
    func upload(_ id: String) -> Upload? {
        state.withLock { state in
            guard let upload = state.uploads[id] else { return nil }
            state.order.removeAll { $0 == id }
            state.order.append(id)
            return upload
        }
    }
}
