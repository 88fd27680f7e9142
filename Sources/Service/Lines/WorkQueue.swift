import Dispatch
import Synchronization

/// Runs blocking work on a fixed number of threads, first come first served.
///
/// The work decodes, computes and waits for disks, so it must not occupy the cooperative pool of
/// Swift's tasks; each lane below is a thread of its own.
package final class WorkQueue: Sendable {
    private struct State {
        var idleLanes: [Int]
        var waiting: [@Sendable () -> Void] = []
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
    /// - Parameter always: takes it however much is waiting.
    package func submit(_ work: @escaping @Sendable () -> Void, always: Bool = false) -> Bool {
        enum Place { case lane(Int), queue, none }
        let place: Place = state.withLock { state in
            if let lane = state.idleLanes.popLast() { return .lane(lane) }
            guard always || state.waiting.count < maximumWaiting else { return .none }
            state.waiting.append(work)
            return .queue
        }
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
                return state.waiting.removeFirst()
            }
            if let next { self.run(next, in: lane) }
        }
    }
}
