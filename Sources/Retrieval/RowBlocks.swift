import Base
import Dispatch
import Indexing
import Synchronization

/// Work on many rows, in blocks that threads take from a shared counter: a thread that is held up takes fewer.
struct RowBlocks {
    let count: Int
    let size: Int
    let threads: Int

    /// - Parameter threads: as many as wanted; nil takes one for small work (fewer than `threshold` rows) and
    ///   one per processor otherwise.
    init(count: Int, size: Int, threads: Int?, threshold: Int) {
        self.count = count
        self.size = size
        let wanted = threads ?? (count < threshold ? 1 : processorCount)
        self.threads = max(1, min(wanted, (count + size - 1) / size))
    }

    /// Runs `body` once per block, passing its thread's own accumulator, and returns the accumulators in the
    /// order of the threads. Which blocks fall to which thread differs from run to run: combine the accumulators by
    /// an operation that doesn't mind.
    ///
    /// - Throws: `cancelled`; and the failure of a block, the first block's where several fail.
    func accumulate<State: Sendable>(
        _ initial: State, isCancelled: @Sendable () -> Bool,
        _ body: @Sendable (inout State, Range<Int>) -> ScanFailure?
    ) throws(ScanFailure) -> [State] {
        let next = Atomic(0)
        let cancelled = Atomic(false)
        let failure = Mutex<(block: Int, failure: ScanFailure)?>(nil)
        let states = Mutex([State?](repeating: nil, count: threads))

        @Sendable func work(_ thread: Int) {
            var state = initial
            while !cancelled.load(ordering: .relaxed) {
                let block = next.wrappingAdd(1, ordering: .relaxed).oldValue
                let start = block * size
                if start >= count { break }
                if isCancelled() {
                    cancelled.store(true, ordering: .relaxed)
                    break
                }
                if let problem = body(&state, start..<min(start + size, count)) {
                    failure.withLock { first in
                        if first.map({ block < $0.block }) ?? true { first = (block, problem) }
                    }
                    break
                }
            }
            states.withLock { $0[thread] = state }
        }
        if threads == 1 {
            work(0)
        } else {
            DispatchQueue.concurrentPerform(iterations: threads, execute: work)
        }
        if cancelled.load(ordering: .relaxed) { throw .cancelled }
        if let first = failure.withLock({ $0 }) { throw first.failure }
        return states.withLock { $0.compactMap { $0 } }
    }
}

/// Why reading many rows of an index ended.
enum ReadFailure: Error {
    case cancelled
    case index(IndexError)
}

extension RowBlocks {
    /// What `body` gives for each row, in order, without the nils.
    ///
    /// - Parameters:
    ///   - progress: told, from any thread, the rows up to the end of a block that is done.
    ///   - body: runs on several threads at once.
    func read<Value: Sendable>(
        isCancelled: @Sendable () -> Bool, progress: @Sendable (Int) -> Void = { _ in },
        _ body: @Sendable (Int) throws(IndexError) -> Value?
    ) throws(ReadFailure) -> [Value] {
        let failure = Mutex<IndexError?>(nil)
        do throws(ScanFailure) {
            let parts = try accumulate([(row: Int, value: Value)](), isCancelled: isCancelled) {
                found, block in
                for row in block {
                    do throws(IndexError) {
                        if let value = try body(row) { found.append((row, value)) }
                    } catch {
                        failure.withLock { $0 = $0 ?? error }
                        return .cancelled
                    }
                }
                progress(block.upperBound)
                return nil
            }
            return parts.flatMap { $0 }.sorted { $0.row < $1.row }.map(\.value)
        } catch {
            throw failure.withLock { $0 }.map { .index($0) } ?? .cancelled
        }
    }
}
