import Synchronization

/// Allows one call per `interval`.
public final class Throttle: Sendable {
    private let interval: Duration
    private let last: Mutex<ContinuousClock.Instant?>

    /// The first call is let through at once, or only when the first interval has passed.
    public init(secondsBetween seconds: Double, admitsFirst: Bool = true) {
        interval = .seconds(seconds)
        last = Mutex(admitsFirst ? nil : .now)
    }

    /// Whether this call may go through.
    public func admits() -> Bool {
        let now = ContinuousClock.now
        return last.withLock { last in
            if let last, now - last < interval { return false }
            last = now
            return true
        }
    }
}
