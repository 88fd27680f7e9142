internal import Dispatch

/// Prepares the next batch on other threads while the network works on this one.
///
/// Two buffers take turns. One thread asks for batches, in the order of the steps.
public final class BatchLoader {
    private let plan: BatchPlan
    private let threads: Int
    private let lastStep: Int
    private let buffers: [Buffer]
    private var pending: (step: Int, buffer: Int, done: DispatchSemaphore)?
    private let queue = DispatchQueue(label: "mixtape.batches", qos: .userInitiated)

    /// - Parameter lastStep: no batch is prepared beyond this step.
    public init(plan: BatchPlan, threads: Int, lastStep: Int) {
        self.plan = plan
        self.threads = threads
        self.lastStep = lastStep
        buffers = [Buffer(count: plan.batchBytes), Buffer(count: plan.batchBytes)]
    }

    deinit {
        // The buffer that is being written must outlive the writing.
        pending?.done.wait()
    }

    /// The batch of a step, valid until the next call; starts to prepare the one after it.
    public func batch(step: Int) -> UnsafeBufferPointer<UInt8> {
        let ready: Int
        if let pending, pending.step == step {
            pending.done.wait()
            ready = pending.buffer
        } else {
            // The first step, or a leap.
            pending?.done.wait()
            ready = 0
            plan.fill(step: step, into: buffers[0].bytes, threads: threads)
        }
        pending = nil
        if step < lastStep { prepare(step: step + 1, buffer: 1 - ready) }
        return UnsafeBufferPointer(buffers[ready].bytes)
    }

    private func prepare(step: Int, buffer index: Int) {
        let done = DispatchSemaphore(value: 0)
        pending = (step, index, done)
        let (plan, buffer, threads) = (plan, buffers[index], threads)
        queue.async {
            plan.fill(step: step, into: buffer.bytes, threads: threads)
            done.signal()
        }
    }

    /// Written by the loader's queue until the semaphore is signalled, read by the asking thread after it.
    private final class Buffer: @unchecked Sendable {
        let bytes: UnsafeMutableBufferPointer<UInt8>

        init(count: Int) {
            bytes = .allocate(capacity: count)
            bytes.initialize(repeating: 0)
        }

        deinit { bytes.deallocate() }
    }
}
