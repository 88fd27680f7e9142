import Foundation

/// Waits until `holds`, looking again and again; whether it did within `seconds`: by default as long as only a hang would
/// take.
package func eventually(
    within seconds: Double = 60, every pause: Double = 0.001, _ holds: () throws -> Bool
) rethrows -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    while true {
        if try holds() { return true }
        if ContinuousClock.now >= end { return false }
        usleep(UInt32(pause * 1e6))
    }
}

/// The same in a task, for what is asked of a service that needs the threads of Swift's tasks.
package func eventuallyInTask(
    within seconds: Double = 60, every pause: Double = 0.001, _ holds: () async throws -> Bool
) async throws -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    while true {
        if try await holds() { return true }
        if ContinuousClock.now >= end { return false }
        try await Task.sleep(for: .seconds(pause))
    }
}

/// Waits until `value` gives something; nil where it does not within `seconds`.
package func awaited<Value>(
    within seconds: Double = 60, every pause: Double = 0.001, _ value: () throws -> Value?
) rethrows -> Value? {
    var found: Value?
    _ = try eventually(within: seconds, every: pause) {
        found = try value()
        return found != nil
    }
    return found
}
