import Base
import Foundation
import Synchronization

/// Work on numbered items by threads of its own: readers of files and oneDNN block for long, which a shared pool does
/// not bear.
enum Workers {
    /// Runs `work` once for each item on `threads` threads; `makeState` makes each thread's own tools. Returns
    /// when all have ended; `tick` is called on this thread ten times a second meanwhile.
    ///
    /// `work` returning false ends the run early, as does an error of `makeState`, which is thrown.
    static func run<State, Failure: Error>(
        count: Int, threads: Int, tick: () -> Void = {},
        makeState: @escaping @Sendable () throws(Failure) -> State,
        work: @escaping @Sendable (State, Int) -> Bool
    ) throws(Failure) {
        let shared = Shared<Failure>()
        let body = { @Sendable in
            do throws(Failure) {
                let state = try makeState()
                while let item = shared.take(count) {
                    if !work(state, item) { shared.stop(nil) }
                }
            } catch {
                shared.stop(error)
            }
        }
        onThreads(min(count, max(1, threads)), name: "evaluate", tick: tick, body)
        if let error = shared.failure.withLock({ $0 }) { throw error }
    }

    /// What the threads of one run share.
    private final class Shared<Failure: Error>: Sendable {
        let next = Atomic(0)
        let isStopped = Atomic(false)
        let failure = Mutex<Failure?>(nil)

        func take(_ count: Int) -> Int? {
            guard !isStopped.load(ordering: .relaxed) else { return nil }
            let item = next.wrappingAdd(1, ordering: .relaxed).oldValue
            return item < count ? item : nil
        }

        func stop(_ error: Failure?) {
            failure.withLock { $0 = $0 ?? error }
            isStopped.store(true, ordering: .relaxed)
        }
    }

    /// `body` of each index, in order, by several threads.
    static func map<Value: Sendable>(
        count: Int, threads: Int, _ body: @escaping @Sendable (Int) -> Value
    ) -> [Value] {
        let slots = Slots<Value>(count: count)
        run(count: count, threads: threads, makeState: { () throws(Never) in }) { _, index in
            let value = body(index)
            slots.values.withLock { $0[index] = value }
            return true
        }
        return slots.values.withLock { $0.compactMap { $0 } }
    }

    /// A place for each result.
    private final class Slots<Value: Sendable>: Sendable {
        let values: Mutex<[Value?]>

        init(count: Int) { values = Mutex([Value?](repeating: nil, count: count)) }
    }
}
