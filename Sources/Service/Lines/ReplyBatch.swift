import Base
import Synchronization

/// Gathers the replies of a batch in the order of its requests.
final class ReplyBatch: Sendable {
    private struct State {
        var replies: [JSONValue?] = []
        var missing = 0
        var isSealed = false
    }
    private let state = Mutex(State())
    private let send: @Sendable ([JSONValue]) -> Void

    init(send: @escaping @Sendable ([JSONValue]) -> Void) { self.send = send }

    func expect() -> Int {
        state.withLock { state in
            state.replies.append(nil)
            state.missing += 1
            return state.replies.count - 1
        }
    }

    func add(_ reply: JSONValue, at place: Int) {
        settle { $0.replies[place] = reply }
    }

    func skip(_ place: Int) {
        settle { _ in }
    }

    /// No further requests come.
    func seal() {
        finish { $0.isSealed = true }
    }

    private func settle(_ change: (inout State) -> Void) {
        finish { state in
            change(&state)
            state.missing -= 1
        }
    }

    private func finish(_ change: (inout State) -> Void) {
        let replies = state.withLock { state -> [JSONValue] in
            change(&state)
            return state.isSealed && state.missing == 0 ? state.replies.compactMap { $0 } : []
        }
        if !replies.isEmpty { send(replies) }
    }
}
