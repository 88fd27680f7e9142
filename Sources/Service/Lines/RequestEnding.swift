import Dispatch
import Synchronization

/// When a request has been answered, for those that come after it.
final class RequestEnding: Sendable {
    private struct State {
        var isOver = false
        var followers: [@Sendable () -> Void] = []
    }
    private let state = Mutex(State())

    /// Whether the request has been answered.
    var isOver: Bool { state.withLock { $0.isOver } }

    /// The request has been answered.
    func finish() {
        let followers = state.withLock { state in
            state.isOver = true
            defer { state.followers = [] }
            return state.followers
        }
        for follower in followers { follower() }
    }

    private func whenOver(_ work: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if !state.isOver { state.followers.append(work) }
            return state.isOver
        }
        if isOver { work() }
    }

    /// Runs the work once all have been answered: at once where they have, otherwise on the queue, so that a long chain
    /// of requests makes no deep stack.
    static func whenAllOver(
        _ endings: [RequestEnding], on queue: DispatchQueue, _ work: @escaping @Sendable () -> Void
    ) {
        guard let first = endings.first(where: { !$0.isOver }) else { return work() }
        first.whenOver { queue.async { whenAllOver(endings, on: queue, work) } }
    }
}

/// The requests that a later one may name: all that were not answered yet, and the last ones that were.
struct EarlierRequests {
    private struct Place {
        var digest: Int
        var ending: RequestEnding
    }

    /// So many that were answered.
    let remembered: Int
    /// By a digest of the id, which may be as long as a line.
    private var endings: [Int: RequestEnding] = [:]
    /// A ring.
    private var places: [Place] = []
    private var next = 0

    init(remembered: Int) { self.remembered = remembered }

    /// The latest request of that id, as JSON text.
    func ending(of id: String) -> RequestEnding? { endings[id.hashValue] }

    mutating func add(_ id: String, _ ending: RequestEnding) {
        let place = Place(digest: id.hashValue, ending: ending)
        endings[place.digest] = ending
        // One that is not answered keeps its place.
        for _ in 0..<(places.count < remembered ? 0 : places.count) {
            let old = places[next]
            if old.ending.isOver {
                if endings[old.digest] === old.ending { endings[old.digest] = nil }
                places[next] = place
                next = (next + 1) % places.count
                return
            }
            next = (next + 1) % places.count
        }
        places.append(place)
    }
}
