import Synchronization

/// A number of slots that are taken and given back, of which one client has so many at most.
package final class Slots: Sendable {
    private struct State {
        var free: Int
        var taken: [String: Int] = [:]
    }
    private let state: Mutex<State>

    package init(_ count: Int) { state = Mutex(State(free: count)) }

    /// Takes a slot until the value is let go of; nil where none is free or the client has too many.
    ///
    /// - Parameters:
    ///   - client: a key of `ClientAddress`; all are one where it is left out.
    ///   - most: slots that the client may have.
    package func take(for client: String = "", atMost most: Int = .max) -> Slot? {
        let isFree = state.withLock { state in
            guard state.free > 0, state.taken[client, default: 0] < most else { return false }
            state.free -= 1
            state.taken[client, default: 0] += 1
            return true
        }
        return isFree ? Slot(self, client) : nil
    }

    private func giveBack(_ client: String) {
        state.withLock { state in
            state.free += 1
            let left = state.taken[client, default: 1] - 1
            state.taken[client] = left > 0 ? left : nil
        }
    }

    /// A slot, given back with the last reference to it.
    package final class Slot: Sendable {
        private let slots: Slots
        private let client: String

        fileprivate init(_ slots: Slots, _ client: String) {
            self.slots = slots
            self.client = client
        }

        deinit { slots.giveBack(client) }
    }
}
