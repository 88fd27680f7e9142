import Dispatch
import Foundation

/// Runs `body` on `count` threads of its own and, on this one, `tick` ten times a second until all have ended.
///
/// Threads rather than tasks: each is busy for hours, in C code that knows nothing of suspension.
package func onThreads(_ count: Int, tick: () -> Void, _ body: @escaping @Sendable () -> Void) {
    let ended = DispatchSemaphore(value: 0)
    for number in 0..<count {
        let thread = Thread {
            body()
            ended.signal()
        }
        thread.name = "mixtape.index.\(number)"
        thread.stackSize = 16 << 20
        thread.start()
    }
    var running = count
    while running > 0 {
        if ended.wait(timeout: .now() + .milliseconds(100)) == .success { running -= 1 } else { tick() }
    }
}

/// The processors this process may use.
var processorCount: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }

/// Seconds on a clock that only goes forward.
func monotonicSeconds() -> Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }
