import Dispatch
import Foundation
import Glibc

/// A thread of its own for blocking work, joined before its maker goes on.
///
/// Neither Swift's tasks nor a dispatch queue: both have a pool that is meant for work that does not block.
package final class JoinedThread {
    private final class Work: Sendable {
        let name: String?
        let body: @Sendable () -> Void
        let ended = DispatchSemaphore(value: 0)

        init(_ name: String?, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        func run() {
            if let name { Thread.current.name = name }
            body()
            ended.signal()
        }
    }
    private let work: Work
    private var thread = pthread_t()
    private var isRunning = false

    /// Runs `body` on a new thread with a stack of 16 MiB, or at once on this one where the system gives no thread.
    ///
    /// - Parameter name: at most 15 bytes; none in a worker process, which may not ask for one.
    package init(name: String? = nil, _ body: @escaping @Sendable () -> Void) {
        work = Work(name, body)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, 16 << 20)
        let argument = Unmanaged.passRetained(work)
        let status = pthread_create(
            &thread, &attributes,
            { argument in
                if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, argument.toOpaque())
        isRunning = status == 0
        if !isRunning {
            argument.release()
            body()
            work.ended.signal()
        }
    }

    /// Waits for its end, calling `tick` ten times a second meanwhile. To be called once.
    package func join(tick: () -> Void = {}) {
        while work.ended.wait(timeout: .now() + .milliseconds(100)) != .success { tick() }
        if isRunning { pthread_join(thread, nil) }
        isRunning = false
    }
}

/// Runs `body` on `count` threads of its own and, on this one, `tick` ten times a second until all have ended.
///
/// Threads rather than tasks: each is busy for hours, in C code that knows nothing of suspension.
///
/// - Parameter name: at most 11 bytes; each thread's number follows.
package func onThreads(
    _ count: Int, name: String, tick: () -> Void = {}, _ body: @escaping @Sendable () -> Void
) {
    let threads = (0..<count).map { JoinedThread(name: "\(name).\($0)", body) }
    for thread in threads { thread.join(tick: tick) }
}

/// The processors this process may use.
package var processorCount: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }
