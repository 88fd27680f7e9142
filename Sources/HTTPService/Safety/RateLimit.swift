import Synchronization

/// So many requests a second of one address, and twice as many at once (a token bucket).
final class RateLimit: Sendable {
    private struct Bucket {
        var tokens: Double
        var filled: ContinuousClock.Instant
    }

    private let rate: Double
    private let burst: Double
    private let buckets = Mutex<[String: Bucket]>([:])
    private static let mostAddresses = 4096
    /// Seconds, however small the rate is.
    private static let longestWait = 86_400.0

    /// - Parameter rate: requests a second; 0 for any number.
    init(rate: Double) {
        self.rate = rate
        burst = max(1, rate * 2)
    }

    /// Takes one request of an address. Nil where it may go on; else the whole seconds to wait.
    func refusal(of address: String, now: ContinuousClock.Instant = .now) -> Int? {
        guard rate > 0 else { return nil }
        return buckets.withLock { buckets in
            var bucket = buckets[address] ?? Bucket(tokens: burst, filled: now)
            bucket.tokens = min(burst, bucket.tokens + (now - bucket.filled).seconds * rate)
            bucket.filled = now
            defer { buckets[address] = bucket }
            if buckets.count >= Self.mostAddresses { forgetFull(&buckets, now) }
            guard bucket.tokens >= 1 else {
                return Int(min(max(1, ((1 - bucket.tokens) / rate).rounded(.up)), Self.longestWait))
            }
            bucket.tokens -= 1
            return nil
        }
    }

    /// A full bucket is the same as none.
    private func forgetFull(_ buckets: inout [String: Bucket], _ now: ContinuousClock.Instant) {
        buckets = buckets.filter { $0.value.tokens + (now - $0.value.filled).seconds * rate < burst }
        // This many addresses are an attack; their counts are not worth the memory.
        if buckets.count >= Self.mostAddresses { buckets = [:] }
    }
}
