internal import CDistance
import Distributions
import Indexing
import Synchronization

/// Two rows and their distance, in double precision.
package struct RowPair: Sendable, Equatable {
    /// The smaller number.
    package var first: UInt32
    package var second: UInt32
    package var distance: Double

    package init(first: UInt32, second: UInt32, distance: Double) {
        self.first = first
        self.second = second
        self.distance = distance
    }
}

/// Why a join ended without a result.
package enum PairFailure: Error, Equatable {
    case cancelled
    /// The row has no finite distance: it holds no distribution.
    case notFinite(row: Int)
    /// More pairs than were asked for at most.
    case tooMany
}

/// Every pair of rows that lie within a distance of each other: exactly those that comparing each with each, in double
/// precision, would give.
///
/// Leaves of neighbours whose boxes are too far apart are passed over together; of the rest, pairs are ruled out by
/// their projections (`PairBounds`), then by a float32 distance with a known error; what is left is evaluated in
/// double precision.
package struct PairJoin: Sendable {
    private let maximumDistance: Double
    private let limit: Int
    private let threads: Int?
    private let variant: ScanVariant

    /// What a join did, for measurements.
    package struct Effort: Sendable, Equatable {
        /// Pairs whose projections were compared, and those that were left.
        package var compared = 0
        package var evaluated = 0

        package init() {}
    }

    /// - Parameters:
    ///   - maximumDistance: of a pair that is wanted; at least 0 and finite.
    ///   - limit: pairs that memory is spent on.
    package init(
        maximumDistance: Double, limit: Int = 20_000_000, threads: Int? = nil, variant: ScanVariant = .best
    ) {
        precondition(maximumDistance >= 0 && maximumDistance.isFinite, "a distance is a number from 0 on")
        self.maximumDistance = maximumDistance
        self.limit = limit
        self.threads = threads
        self.variant = variant
    }

    /// The pairs among the chosen rows, by first and then second row.
    ///
    /// - Parameters:
    ///   - chosen: rows, each once.
    ///   - progress: called now and then, from any thread, with the share that is done.
    ///   - isCancelled: called now and then, from any thread.
    package func pairs(
        in rows: MomentsRows, among chosen: [UInt32], progress: @Sendable (Double) -> Void = { _ in },
        isCancelled: @Sendable () -> Bool = { false }
    ) throws(PairFailure) -> [RowPair] {
        var effort = Effort()
        return try pairs(
            in: rows, among: chosen, effort: &effort, progress: progress, isCancelled: isCancelled)
    }

    /// The pairs of owners of which one has a row within the distance of a row of the other, by first and then second;
    /// the distance is that of such rows, not always the nearest.
    ///
    /// - Parameter owners: of each row of `rows`, 0 or more for a chosen one.
    package func ownerPairs(
        in rows: MomentsRows, among chosen: [UInt32], owners: [Int32],
        progress: @Sendable (Double) -> Void = { _ in }, isCancelled: @Sendable () -> Bool = { false }
    ) throws(PairFailure) -> [RowPair] {
        precondition(owners.count == rows.count, "a row has an owner")
        var effort = Effort()
        let found = try pairs(
            in: rows, among: chosen, dropping: .eachPairOfOwners(owners), effort: &effort, progress: progress,
            isCancelled: isCancelled)
        // Two threads may have met the same two owners.
        var last: RowPair?
        return found.filter { pair in
            defer { last = pair }
            return last.map { $0.first != pair.first || $0.second != pair.second } ?? true
        }
    }

    /// For each row of `rows`, how many owners other than its own have a chosen row within the distance of it; 0 for a row that
    /// isn't chosen.
    ///
    /// - Parameter owners: of each row of `rows`, 0 or more for a chosen one. The rows of an owner stand together.
    package func otherOwners(
        in rows: MomentsRows, among chosen: [UInt32], owners: [Int32],
        progress: @Sendable (Double) -> Void = { _ in }, isCancelled: @Sendable () -> Bool = { false }
    ) throws(PairFailure) -> [Int] {
        precondition(owners.count == rows.count, "a row has an owner")
        var effort = Effort()
        let found = try pairs(
            in: rows, among: chosen, dropping: .eachRowAndOwner(owners), effort: &effort, progress: progress,
            isCancelled: isCancelled)
        var counts = [Int](repeating: 0, count: rows.count)
        // Pairs come by first and then second row, so that a row meets all rows of one owner before those of the next.
        var below = [Int32](repeating: -1, count: rows.count)
        var above = below
        for pair in found {
            let (first, second) = (Int(pair.first), Int(pair.second))
            if above[first] != owners[second] { counts[first] += 1 }
            if below[second] != owners[first] { counts[second] += 1 }
            (above[first], below[second]) = (owners[second], owners[first])
        }
        return counts
    }

    /// Which pairs to drop as redundant, given each row's video.
    package enum Redundancy: Sendable {
        /// Pairs within one video, and further pairs of two videos.
        case eachPairOfOwners([Int32])
        /// Pairs within one video, and pairs of rows that both have a pair with the other's video already.
        case eachRowAndOwner([Int32])
    }

    /// The same as `pairs`; says what it took.
    package func pairs(
        in rows: MomentsRows, among chosen: [UInt32], dropping redundancy: Redundancy? = nil,
        effort: inout Effort,
        progress: @Sendable (Double) -> Void = { _ in }, isCancelled: @Sendable () -> Bool = { false }
    ) throws(PairFailure) -> [RowPair] {
        guard chosen.count > 1 else { return [] }
        let found = Atomic(0)
        let done = Atomic(0)
        let parts: [Part]
        do throws(ScanFailure) {
            let tree = RowTree(
                try PairBounds(
                    rows, chosen, distance: maximumDistance, threads: threads, isCancelled: isCancelled))
            let search = Search(rows: rows, chosen: chosen, redundancy: redundancy, tree: tree, join: self)
            let blocks = RowBlocks(
                count: tree.leafCount, size: 4, threads: threads, threshold: 64)
            parts = try blocks.accumulate(
                Part(), isCancelled: { isCancelled() || found.load(ordering: .relaxed) > limit }
            ) { part, block in
                let before = part.pairs.count
                for leaf in block {
                    if let failure = search.compare(leaf, &part) { return failure }
                }
                found.wrappingAdd(part.pairs.count - before, ordering: .relaxed)
                let leaves = done.wrappingAdd(block.count, ordering: .relaxed).newValue
                progress(Double(leaves) / Double(tree.leafCount))
                return nil
            }
        } catch {
            if found.load(ordering: .relaxed) > limit { throw .tooMany }
            switch error {
            case .cancelled: throw .cancelled
            case .notFinite(let row), .damaged(let row): throw .notFinite(row: row)
            }
        }
        if found.load(ordering: .relaxed) > limit { throw .tooMany }
        for part in parts {
            effort.compared += part.effort.compared
            effort.evaluated += part.effort.evaluated
        }
        return parts.flatMap(\.pairs).sorted { ($0.first, $0.second) < ($1.first, $1.second) }
    }

    /// What one thread has found.
    private struct Part: Sendable {
        var pairs: [RowPair] = []
        /// Which pairs of owners, or of a row and an owner, are among them.
        var met: Set<UInt64> = []
        var effort = Effort()
        /// Room for a row's neighbours.
        var near: [UInt32] = []
        var distances: [Float] = []
    }
}

// MARK: - One leaf against those after it

extension PairJoin {
    private struct Search: Sendable {
        let rows: MomentsRows
        let chosen: [UInt32]
        let redundancy: Redundancy?
        let tree: RowTree
        let join: PairJoin

        func compare(_ leaf: Int, _ part: inout Part) -> ScanFailure? {
            var leaves: [Int] = []
            tree.visitLeaves(near: leaf) { leaves.append($0) }
            for place in tree.starts[leaf]..<tree.starts[leaf + 1] {
                part.near.removeAll(keepingCapacity: true)
                let lane = place - tree.starts[leaf]
                for other in leaves { addNear(leaf, lane, other, &part) }
                let row = Int(chosen[Int(tree.order[place])])
                if redundancy != nil {
                    var near: [UInt32] = []
                    swap(&near, &part.near)
                    near.removeAll { isTooMany(row, Int($0), part) }
                    swap(&near, &part.near)
                }
                if part.near.isEmpty { continue }
                part.effort.evaluated += part.near.count
                if let failure = evaluate(row, &part) { return failure }
            }
            return nil
        }

        /// The rows of a leaf, after the row's own lane where it is its own leaf, that its projection doesn't rule out.
        private func addNear(_ leaf: Int, _ lane: Int, _ other: Int, _ part: inout Part) {
            let size = RowTree.leafSize
            let runs = tree.width + 1
            part.effort.compared += tree.starts[other + 1] - tree.starts[other]
            var near = tree.lanes.withUnsafeBufferPointer { lanes in
                let start = lanes.baseAddress!
                return mixtape_within_reach(
                    join.variant.native, start + other * runs * size, tree.width,
                    start + leaf * runs * size + lane)
            }
            if other == leaf { near &= ~((2 << lane) &- 1) }
            while near != 0 {
                let place = tree.starts[other] + near.trailingZeroBitCount
                near &= near - 1
                part.near.append(chosen[Int(tree.order[place])])
            }
        }

        /// Whether the pair would be redundant; reads no vectors.
        private func isTooMany(_ first: Int, _ second: Int, _ part: Part) -> Bool {
            switch redundancy {
            case nil: false
            case .eachPairOfOwners(let owners):
                owners[first] == owners[second]
                    || part.met.contains(Self.key(owners[first], owners[second]))
            case .eachRowAndOwner(let owners):
                owners[first] == owners[second]
                    || part.met.contains(Self.key(row: first, owners[second]))
                        && part.met.contains(Self.key(row: second, owners[first]))
            }
        }

        /// Takes a pair that is not too many, by its first row.
        private func take(_ pair: RowPair, _ part: inout Part) {
            var pair = pair
            let (first, second) = (Int(pair.first), Int(pair.second))
            switch redundancy {
            case nil: break
            case .eachPairOfOwners(let owners):
                part.met.insert(Self.key(owners[first], owners[second]))
                pair.first = UInt32(min(owners[first], owners[second]))
                pair.second = UInt32(max(owners[first], owners[second]))
            case .eachRowAndOwner(let owners):
                part.met.insert(Self.key(row: first, owners[second]))
                part.met.insert(Self.key(row: second, owners[first]))
            }
            part.pairs.append(pair)
        }

        /// Of two owners, the smaller one on top.
        private static func key(_ a: Int32, _ b: Int32) -> UInt64 {
            UInt64(UInt32(min(a, b))) << 32 | UInt64(UInt32(max(a, b)))
        }

        private static func key(row: Int, _ owner: Int32) -> UInt64 {
            UInt64(UInt32(row)) << 32 | UInt64(UInt32(owner))
        }

        /// The rows near one, by their float32 and, where it matters, their exact distance.
        private func evaluate(_ row: Int, _ part: inout Part) -> ScanFailure? {
            let query = ScanQuery(rows.moments(row), variant: join.variant)
            let count = part.near.count
            if part.distances.count < count { part.distances = [Float](repeating: 0, count: 2 * count) }
            let largest = Double(rows.largestLogDeterminant)
            let farthest =
                join.maximumDistance
                + query.errorBound(at: join.maximumDistance, largestLogDeterminant: largest)
            part.distances.withUnsafeMutableBufferPointer { distances in
                part.near.withUnsafeBufferPointer {
                    query.approximate(
                        rows, $0, limit: Float(farthest).nextUp, into: distances.baseAddress!)
                }
            }
            for place in 0..<count {
                // Not written the other way round: what float32 can't tell must stay in.
                if Double(part.distances[place]) > farthest, part.distances[place].isFinite { continue }
                let other = Int(part.near[place])
                let (first, second) = (min(row, other), max(row, other))
                let distance = Bhattacharyya.closedForm(
                    rows.moments(first), mean: rows.mean(second), variance: rows.variance(second), lambda: 1)
                guard distance.isFinite else { return .notFinite(row: row) }
                if distance > join.maximumDistance { continue }
                // The rows before this one may have brought what this one would.
                if isTooMany(first, second, part) { continue }
                take(RowPair(first: UInt32(first), second: UInt32(second), distance: distance), &part)
            }
            return nil
        }
    }
}
