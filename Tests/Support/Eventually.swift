import Foundation

/// Waits until `holds`, looking every millisecond; false where it does not within `seconds`: by default as long as only a
/// hang would take.
package func eventually(within seconds: Double = 60, _ holds: () throws -> Bool) rethrows -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    while true {
        if try holds() { return true }
        if ContinuousClock.now >= end { return false }
        usleep(1_000)
    }
}

/// Waits until `value` gives something; nil where it does not within `seconds`.
package func awaited<Value>(within seconds: Double = 60, _ value: () throws -> Value?) rethrows -> Value? {
    var found: Value?
    _ = try eventually(within: seconds) {
        found = try value()
        return found != nil
    }
    return found
}
