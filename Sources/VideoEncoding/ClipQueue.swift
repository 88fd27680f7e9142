import Glibc
import VideoDecoding

/// Numbered clips on their way from the decoder to the encoding lanes; holds a few, so that memory stays small.
final class ClipQueue: @unchecked Sendable {
    // Unchecked: every access is under the mutex.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let capacity: Int
    private var waiting: [(index: Int, clip: Clip)] = []
    private var count = 0
    private var isFinished = false
    private var isAbandoned = false
    private var isOneExpected = false

    /// How the first clip came.
    enum Arrival {
        /// It is there, and no other clip is expected.
        case alone
        case withOthers
    }

    init(capacity: Int) {
        self.capacity = capacity
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    /// A finished queue of these clips.
    convenience init(clips: [Clip]) {
        self.init(capacity: clips.count)
        waiting = clips.enumerated().map { ($0.offset, $0.element) }
        count = clips.count
        isFinished = true
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    /// Waits for room; false once the queue was abandoned.
    func push(_ clip: Clip) -> Bool {
        locked {
            while waiting.count >= capacity, !isAbandoned { pthread_cond_wait(changed, mutex) }
            guard !isAbandoned else { return false }
            waiting.append((count, clip))
            count += 1
            pthread_cond_broadcast(changed)
            return true
        }
    }

    /// The next clips in order, nil at the end: `batch` of them where as many wait for each of so many takers, else one.
    func pop(batch: Int = 1, takers: Int = 1) -> (first: Int, clips: [Clip])? {
        locked {
            while waiting.isEmpty, !isFinished, !isAbandoned { pthread_cond_wait(changed, mutex) }
            guard !waiting.isEmpty, !isAbandoned else { return nil }
            let taken = waiting.prefix(waiting.count >= batch * takers ? batch : 1)
            waiting.removeFirst(taken.count)
            pthread_cond_broadcast(changed)
            return (taken[0].index, taken.map(\.clip))
        }
    }

    /// Announces, before the first clip, that there will hardly be a second.
    func expectOneClip() { locked { isOneExpected = true } }

    /// Waits for the first clip, or the end, and tells how it came.
    func waitForFirst() -> Arrival {
        locked {
            while waiting.isEmpty, !isFinished, !isAbandoned { pthread_cond_wait(changed, mutex) }
            return isOneExpected ? .alone : .withOthers
        }
    }

    /// No more clips will come.
    func finish() {
        locked {
            isFinished = true
            pthread_cond_broadcast(changed)
        }
    }

    /// No more clips are wanted.
    func abandon() {
        locked {
            isAbandoned = true
            waiting = []
            pthread_cond_broadcast(changed)
        }
    }
}
