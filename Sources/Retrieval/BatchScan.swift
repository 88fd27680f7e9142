import Distributions
import Indexing
import Synchronization

/// What is wanted of a scan for one query.
package struct RankingGoal: Sendable {
    package var query: ScanQuery
    /// As many nearest rows, and those exactly as near as the last.
    package var limit: Int
    /// No rows farther away.
    package var maximumDistance: Double
    /// True for a row to leave out; called for few rows, from any thread.
    package var isExcluded: @Sendable (Int) -> Bool

    package init(
        _ query: ScanQuery, limit: Int, maximumDistance: Double = .infinity,
        isExcluded: @escaping @Sendable (Int) -> Bool = { _ in false }
    ) {
        self.query = query
        self.limit = limit
        self.maximumDistance = maximumDistance
        self.isExcluded = isExcluded
    }
}

/// Exact nearest rows of one query or of many, which share what is read of the library.
///
/// Three passes, each over what the one before leaves. Sums of bytes, looked up by the rows' coarse codes, bound
/// the distances from below; a float32 scan with a known error finds the rows that can be among the nearest; those are
/// evaluated in double precision. What comes out is what sorting every row by its double-precision distance would
/// give, whatever the instruction set, the number of threads and the company of other queries.
package struct BatchScan: Sendable {
    private let goals: [RankingGoal]
    private let threads: Int?

    /// 512 KB of codes at 256 dimensions: enough to forget the cost of taking a block, and short enough to notice a
    /// cancellation soon.
    fileprivate static let rowsPerBlock = 4 * CoarseCodes.groupSize
    /// Rows that all queries are compared with in turn, so that they stay in the cache.
    fileprivate static let rowsInCache = 128
    /// Below this many float32 distances, or four times as many coarse ones (about a millisecond's work), threads cost
    /// more than they save.
    fileprivate static let distancesForThreads = 5_000
    /// Rows that are asked for as soon as they are chosen, the others while those before them are evaluated: many would
    /// not be in the cache any more.
    fileprivate static let rowsFetched = 16
    /// A query that wants a larger share of the rows than one in so many finds nothing to rule out.
    fileprivate static let rowsPerWanted = 16

    /// - Parameters:
    ///   - goals: all with queries of one width.
    ///   - threads: nil decides by the work.
    package init(_ goals: [RankingGoal], threads: Int? = nil) {
        self.goals = goals
        self.threads = threads
    }

    /// The rows for each goal, by distance and then row.
    ///
    /// - Parameter isCancelled: called now and then, from any thread.
    package func nearest(
        in rows: MomentsRows, isCancelled: @Sendable () -> Bool = { false }
    ) throws(ScanFailure) -> [[ScoredRow]] {
        var picked = 0
        return try nearest(in: rows, countingPicked: &picked, isCancelled: isCancelled)
    }

    /// The same; says how many rows were read one by one, of all queries.
    package func nearest(
        in rows: MomentsRows, countingPicked picked: inout Int, isCancelled: @Sendable () -> Bool
    ) throws(ScanFailure) -> [[ScoredRow]] {
        precondition(
            goals.allSatisfy { $0.query.moments.dimension == rows.dimension },
            "queries and rows differ in width")
        let wanting = goals.indices.filter { goals[$0].limit > 0 }
        guard !wanting.isEmpty, rows.count > 0 else { return goals.map { _ in [] } }
        let scan = LibraryScan(goals: wanting.map { goals[$0] }, rows: rows)
        let parts = try scan.progress(blocks(of: rows, scan.usesCodes), isCancelled)
        let candidates = wanting.indices.map { i in CandidateRows.merged(parts.map { $0.found[i] }) }
        picked = parts.reduce(0) { $0 + $1.found.reduce(0) { $0 + $1.picked } }
        var rankings = [[ScoredRow]](repeating: [], count: goals.count)
        let scored = try exactDistances(wanting, candidates, rows, isCancelled)
        for (goal, row) in scored where row.distance <= goals[goal].maximumDistance {
            rankings[goal].append(row)
        }
        for goal in wanting { rankings[goal] = rankings[goal].nearest(goals[goal].limit) }
        return rankings
    }

    /// How many threads a scan of these rows runs on.
    package func threadCount(for rows: MomentsRows) -> Int {
        blocks(of: rows, LibraryScan(goals: goals, rows: rows).usesCodes).threads
    }

    /// Whether rows are ruled out by their codes, where so many are wanted of them.
    package static func usesCodes(_ rows: MomentsRows, limit: Int) -> Bool {
        rows.codes != nil && limit <= rows.count / rowsPerWanted
    }

    private func blocks(of rows: MomentsRows, _ usesCodes: Bool) -> RowBlocks {
        let work = rows.count * goals.count / (usesCodes ? 4 : 1)
        return RowBlocks(
            count: rows.count, size: Self.rowsPerBlock,
            threads: threads ?? (work < Self.distancesForThreads ? 1 : nil), threshold: 0)
    }

    private func exactDistances(
        _ numbers: [Int], _ candidates: [[Int]], _ rows: MomentsRows, _ isCancelled: @Sendable () -> Bool
    ) throws(ScanFailure) -> [(goal: Int, row: ScoredRow)] {
        let pairs = zip(numbers, candidates).flatMap { number, rows in rows.map { (number, $0) } }
        let blocks = RowBlocks(count: pairs.count, size: 128, threads: threads, threshold: 1024)
        let parts = try blocks.accumulate([(goal: Int, row: ScoredRow)](), isCancelled: isCancelled) {
            scored, block in
            for (goal, row) in pairs[block] {
                let distance = goals[goal].query.exact(rows, row)
                guard distance.isFinite else { return .notFinite(row: row) }
                scored.append((goal, ScoredRow(row: row, distance: distance)))
            }
            return nil
        }
        return parts.flatMap { $0 }
    }

    /// The first two passes, over one library.
    fileprivate struct LibraryScan: Sendable {
        let goals: [RankingGoal]
        let rows: MomentsRows
        /// Of the goals' queries; empty where no codes are used.
        let bounds: [CellBounds]
        var usesCodes: Bool { !bounds.isEmpty }

        init(goals: [RankingGoal], rows: MomentsRows) {
            self.goals = goals
            self.rows = rows
            let largest = goals.map(\.limit).max() ?? 0
            if let codes = rows.codes, BatchScan.usesCodes(rows, limit: largest) {
                bounds = goals.map { CellBounds($0.query, codes) }
            } else {
                bounds = []
            }
        }
    }
}

// MARK: - One thread's work

extension BatchScan.LibraryScan {
    /// What one thread knows.
    fileprivate struct Progress: Sendable {
        var found: [CandidateRows]
        /// For each query, groups to take without their codes, which ruled nothing out of late.
        var pauses: [Int]
        var tables: CoarseTables?
        var distances = [Float](repeating: 0, count: CoarseCodes.groupSize)
        /// Those of the former group, the first of which have had time to arrive.
        var arriving = ChosenRows()
        /// This group's.
        var chosen = ChosenRows()
    }

    /// Rows that their codes didn't rule out, one query's after the other's.
    fileprivate struct ChosenRows: Sendable {
        var rows: [UInt32] = []
        var queries: [(number: Int, count: Int)] = []
        /// Some may be invalid distributions, which must not be missed; the codes do not show it.
        var mayBeBroken = false
    }

    /// What each thread has learned when every row has been looked at.
    func progress(
        _ blocks: RowBlocks, _ isCancelled: @Sendable () -> Bool
    ) throws(ScanFailure) -> [Progress] {
        let initial = Progress(
            found: goals.map {
                CandidateRows(
                    $0.query, limit: $0.limit, maximumDistance: $0.maximumDistance, in: rows)
            }, pauses: Array(repeating: 0, count: goals.count))
        // What any thread has found bounds every thread's search.
        let shared = Mutex(initial.found.map(\.bound))
        return try blocks.accumulate(initial, isCancelled: isCancelled) { progress, block in
            shared.withLock { shared in
                for i in goals.indices { progress.found[i].tighten(shared[i]) }
            }
            for start in stride(from: 0, to: goals.count, by: CoarseTables.queriesAtOnce) {
                let some = start..<min(start + CoarseTables.queriesAtOnce, goals.count)
                for first in stride(from: block.lowerBound, to: block.upperBound, by: CoarseCodes.groupSize) {
                    let group = first..<min(first + CoarseCodes.groupSize, block.upperBound)
                    if let failure = scan(group, some, &progress) { return failure }
                }
                if let failure = evaluateArrived(&progress) { return failure }
            }
            shared.withLock { shared in
                for i in goals.indices { shared[i] = min(shared[i], progress.found[i].bound) }
            }
            return nil
        }
    }

    /// Compares the rows of a group with some of the queries.
    private func scan(_ group: Range<Int>, _ some: Range<Int>, _ progress: inout Progress) -> ScanFailure? {
        var plain: [Int] = []
        var coded: [(number: Int, bound: Double)] = []
        for i in some {
            let bound = progress.found[i].bound
            if !usesCodes || progress.pauses[i] > 0 || !CoarseTables.canTell(bound) {
                progress.pauses[i] = max(0, progress.pauses[i] - 1)
                plain.append(i)
            } else {
                coded.append((i, bound))
            }
        }
        if !coded.isEmpty, let codes = rows.codes {
            let tables =
                progress.tables
                ?? CoarseTables(
                    queries: goals.count, dimension: rows.dimension, variant: goals[0].query.variant)
            progress.tables = tables
            tables.scan(group: group.lowerBound / CoarseCodes.groupSize, of: codes, coded, bounds: bounds) {
                marks in
                for (place, query) in coded.enumerated() {
                    let marks = marks + place * CoarseCodes.wordsPerGroup
                    if !progress.chosen.add(marks, query.number, group, atMost: group.count / 2) {
                        progress.pauses[query.number] = 7
                        plain.append(query.number)
                    }
                }
            }
            progress.chosen.mayBeBroken = codes.hasUnbounded(group: group.lowerBound / CoarseCodes.groupSize)
            rows.fetch(progress.chosen.rows, atMost: BatchScan.rowsFetched)
            if let failure = evaluateArrived(&progress) { return failure }
            swap(&progress.arriving, &progress.chosen)
        }
        return plain.isEmpty ? nil : evaluateAll(group, plain, &progress)
    }

    /// Every row of a group, by every one of these queries.
    private func evaluateAll(_ group: Range<Int>, _ queries: [Int], _ progress: inout Progress)
        -> ScanFailure?
    {
        if let isWhole = rows.isWhole, let row = group.first(where: { !isWhole($0) }) {
            return .damaged(row: row)
        }
        for first in stride(from: group.lowerBound, to: group.upperBound, by: BatchScan.rowsInCache) {
            let block = first..<min(first + BatchScan.rowsInCache, group.upperBound)
            for i in queries {
                progress.distances.withUnsafeMutableBufferPointer {
                    if let start = $0.baseAddress { goals[i].query.approximate(rows, block, into: start) }
                }
                for row in block {
                    progress.found[i].offer(
                        row, at: progress.distances[row - first], isExcluded: goals[i].isExcluded)
                }
            }
        }
        return nil
    }

    /// The rows that were chosen a group ago, each by the query that it was chosen for.
    private func evaluateArrived(_ progress: inout Progress) -> ScanFailure? {
        if let isWhole = rows.isWhole, let row = progress.arriving.rows.first(where: { !isWhole(Int($0)) }) {
            return .damaged(row: Int(row))
        }
        let isLimited = !progress.arriving.mayBeBroken
        var first = 0
        for (i, count) in progress.arriving.queries where count > 0 {
            progress.found[i].picked += count
            progress.arriving.rows.withUnsafeBufferPointer { chosen in
                progress.distances.withUnsafeMutableBufferPointer {
                    if let start = $0.baseAddress {
                        let some = UnsafeBufferPointer(rebasing: chosen[first..<first + count])
                        goals[i].query.approximate(
                            rows, some, coming: chosen.count - first - count,
                            limit: isLimited ? progress.found[i].threshold : .infinity, into: start)
                    }
                }
            }
            for place in 0..<count where progress.found[i].canTake(progress.distances[place]) {
                progress.found[i].offer(
                    Int(progress.arriving.rows[first + place]), at: progress.distances[place],
                    isExcluded: goals[i].isExcluded)
            }
            first += count
        }
        progress.arriving.clear()
        return nil
    }
}

extension BatchScan.LibraryScan.ChosenRows {
    fileprivate mutating func clear() {
        rows.removeAll(keepingCapacity: true)
        queries.removeAll(keepingCapacity: true)
        mayBeBroken = false
    }

    /// Lists the marked rows of a group for a query; none, and false, where they are more than `limit`.
    fileprivate mutating func add(
        _ marks: UnsafePointer<UInt64>, _ query: Int, _ group: Range<Int>, atMost limit: Int
    ) -> Bool {
        let before = rows.count
        for word in 0..<CoarseCodes.wordsPerGroup {
            var bits = marks[word]
            while bits != 0 {
                let row = group.lowerBound + word * 64 + bits.trailingZeroBitCount
                bits &= bits - 1
                // Beyond the last row there are codes, but no rows.
                if row < group.upperBound { rows.append(UInt32(row)) }
            }
        }
        let count = rows.count - before
        if count > limit {
            rows.removeLast(count)
            return false
        }
        queries.append((query, count))
        return true
    }
}

extension [ScoredRow] {
    /// Sorted by distance and then row, cut after the `limit`-th and those exactly as near as it.
    func nearest(_ limit: Int) -> [ScoredRow] {
        let sorted = self.sorted { ($0.distance, $0.row) < ($1.distance, $1.row) }
        guard limit > 0, sorted.count > limit else { return limit > 0 ? sorted : [] }
        let last = sorted[limit - 1].distance
        return Array(sorted[..<(sorted[limit...].firstIndex { $0.distance > last } ?? sorted.count)])
    }
}
