import Dispatch
import Synchronization

/// Runs blocking work on a fixed number of threads, first come first served.
///
/// The work decodes, computes and waits for disks, so it must not occupy the cooperative pool of
/// Swift's tasks; each lane below is a thread of its own.
package final class WorkQueue: Sendable {
    private struct Waiting: Sendable {
        var work: @Sendable () -> Void
        var isGivenUp: @Sendable () -> Bool
    }

    private struct State {
        var idleLanes: [Int]
        var waiting: [Waiting] = []

        /// Takes out what nobody waits for any more.
        mutating func dropGivenUp() -> [Waiting] {
            var kept: [Waiting] = []
            var dropped: [Waiting] = []
            for one in waiting { if one.isGivenUp() { dropped.append(one) } else { kept.append(one) } }
            waiting = kept
            return dropped
        }
    }

    private let lanes: [DispatchQueue]
    private let maximumWaiting: Int
    private let state: Mutex<State>

    package init(label: String, threads: Int, maximumWaiting: Int) {
        lanes = (0..<max(1, threads)).map { DispatchQueue(label: "mixtape.\(label).\($0)") }
        self.maximumWaiting = maximumWaiting
        state = Mutex(State(idleLanes: Array(lanes.indices)))
    }

    /// How much waits for a free thread.
    package var waiting: Int { state.withLock { $0.waiting.count } }

    /// Takes the work, or answers false when too much of it is waiting already.
    ///
    /// - Parameters:
    ///   - always: takes it however much is waiting.
    ///   - isGivenUp: whether the work will end at once, since nobody waits for it; such work makes room.
    package func submit(
        _ work: @escaping @Sendable () -> Void, always: Bool = false,
        isGivenUp: @escaping @Sendable () -> Bool = { false }
    ) -> Bool {
        enum Place { case lane(Int), queue, none }
        let (place, dropped) = state.withLock { state -> (Place, [Waiting]) in
            if let lane = state.idleLanes.popLast() { return (.lane(lane), []) }
            let dropped = state.waiting.count < maximumWaiting ? [] : state.dropGivenUp()
            guard always || state.waiting.count < maximumWaiting else { return (.none, dropped) }
            state.waiting.append(Waiting(work: work, isGivenUp: isGivenUp))
            return (.queue, dropped)
        }
        for one in dropped { one.work() }
        switch place {
        case .lane(let lane): run(work, in: lane)
        case .queue: break
        case .none: return false
        }
        return true
    }

    private func run(_ work: @escaping @Sendable () -> Void, in lane: Int) {
        lanes[lane].async {
            work()
            let next = self.state.withLock { state -> (@Sendable () -> Void)? in
                if state.waiting.isEmpty {
                    state.idleLanes.append(lane)
                    return nil
                }
                return state.waiting.removeFirst().work
            }
            if let next { self.run(next, in: lane) }
        }
    }
}
