internal import CDistance
import Indexing

/// The rows that can be among the nearest to a query, as one thread has met them: those whose float32 distance is not
/// above what the nearest so far allow.
///
/// With |approximate − exact| ≤ c + r·exact, the exact k-th smallest distance is at most U = (t + c)/(1 − r), t
/// being the approximate one, and a row of exact distance ≤ U shows at most U(1 + r) + c.
struct CandidateRows: Sendable {
    private let c: Double
    private let r: Double
    private var smallest: SmallestFloats
    private var found: [(row: UInt32, distance: Float)] = []
    private var compactAt = 4096
    /// Rows that float32 can't tell the distance of.
    private(set) var broken: [Int] = []
    /// Rows that were read one by one, since their codes didn't rule them out.
    var picked = 0
    /// U: the exact distance beyond which no row is wanted.
    private(set) var bound: Double
    /// The float32 distance beyond which no row is wanted.
    private(set) var threshold: Float = .infinity

    init(_ query: ScanQuery, limit: Int, maximumDistance: Double, in rows: MomentsRows) {
        c = query.errorBound(at: 0, largestLogDeterminant: Double(rows.largestLogDeterminant))
        r = mixtape_scan_relative_error(query.moments.dimension)
        smallest = SmallestFloats(capacity: min(limit, rows.count))
        bound = max(maximumDistance, 0)
        setThreshold()
    }

    /// Whether `offer` does anything with a row at this distance.
    func canTake(_ distance: Float) -> Bool { !(distance > threshold) || distance == .infinity }

    /// A row that isn't excluded, or may not be: `isExcluded` is asked where it matters.
    mutating func offer(_ row: Int, at distance: Float, isExcluded: (Int) -> Bool) {
        if distance <= threshold, distance < .infinity {
            if isExcluded(row) { return }
            found.append((UInt32(row), distance))
            if distance < smallest.threshold {
                smallest.offer(distance)
                // At over ten million dimensions the error bound is useless, and all rows become candidates.
                if r < 0.5 { tighten((Double(smallest.threshold) + c) / (1 - r)) }
            }
            if found.count >= compactAt { compact() }
        } else if !distance.isFinite, !isExcluded(row) {
            broken.append(row)
        }
    }

    /// Learns that the wanted rows' exact distances are at most this.
    mutating func tighten(_ bound: Double) {
        if bound < self.bound {
            self.bound = bound
            setThreshold()
        }
    }

    private mutating func setThreshold() {
        let value = bound * (1 + r) + c
        // Not written as a minimum: a NaN must leave every row in.
        threshold = value < Double(Float.greatestFiniteMagnitude) ? Float(value).nextUp : .infinity
    }

    private mutating func compact() {
        found.removeAll { $0.distance > threshold }
        compactAt = max(4096, 2 * found.count)
    }

    /// What several threads have found, together: the rows left to be evaluated in double precision.
    static func merged(_ parts: [CandidateRows]) -> [Int] {
        var all = parts[0]
        for part in parts.dropFirst() {
            all.tighten(part.bound)
            all.found += part.found
            all.broken += part.broken
        }
        // Each part knows of its own rows; now of all of them.
        var nearest = SmallestFloats(capacity: all.smallest.capacity)
        for candidate in all.found { nearest.offer(candidate.distance) }
        if all.r < 0.5 { all.tighten((Double(nearest.threshold) + all.c) / (1 - all.r)) }
        all.compact()
        return all.found.map { Int($0.row) } + all.broken
    }
}
