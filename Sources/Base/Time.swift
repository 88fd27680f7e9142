import Glibc

/// Clocks, in seconds.
package enum Time {
    /// On a clock that only goes forward.
    package static var monotonic: Double { now(CLOCK_MONOTONIC) }

    /// Since 1970.
    package static var sinceEpoch: Double { now(CLOCK_REALTIME) }

    private static func now(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

extension timespec {
    /// Since 1970; wraps for years beyond 2262.
    package var nanoseconds: Int64 { Int64(tv_sec) &* 1_000_000_000 &+ Int64(tv_nsec) }
}
