import Distributions
import Indexing

/// Exact nearest rows to a query that are not nearer to something unwanted.
///
/// A row's distance d⁺ to the query grows by as much as its distance d⁻ to the nearest of the unwanted falls short of it:
///
///     penalised = d⁺ + max(0, d⁺ − d⁻)
///
/// So rows on the query's side keep their distance, and the others lose at most as much again: d⁺ ≤ penalised ≤ 2·d⁺.
/// By that no row whose d⁺ is above the limit-th penalised distance can be among the nearest, and few rows need d⁻.
struct PenalisedRanking: Sendable {
    /// A row, its penalised distance, and the part of it that is penalty.
    struct Row: Sendable {
        var scored: ScoredRow
        var penalty: Double
    }

    private let goal: RankingGoal
    /// Never empty.
    private let unwanted: [Moments]

    /// The rows for each goal, ranked by its unwanted moments; goals without any are scanned for together.
    static func nearest(
        _ goals: [(goal: RankingGoal, unwanted: [Moments])], in rows: MomentsRows,
        isCancelled: @Sendable () -> Bool = { false }
    ) throws(ScanFailure) -> [[Row]] {
        var rankings = [[Row]](repeating: [], count: goals.count)
        let plain = goals.indices.filter { goals[$0].unwanted.isEmpty }
        let together = try BatchScan(plain.map { goals[$0].goal }).nearest(in: rows, isCancelled: isCancelled)
        for (place, ranking) in zip(plain, together) {
            rankings[place] = ranking.map { Row(scored: $0, penalty: 0) }
        }
        for (place, goal) in goals.enumerated() where !goal.unwanted.isEmpty && goal.goal.limit > 0 {
            rankings[place] = try PenalisedRanking(goal: goal.goal, unwanted: goal.unwanted)
                .nearest(in: rows, isCancelled: isCancelled)
        }
        return rankings
    }

    /// The `goal.limit` nearest by penalised distance, and those exactly as near as the last, by distance and then row.
    /// The goal's largest distance bounds the penalised one.
    private func nearest(
        in rows: MomentsRows, isCancelled: @Sendable () -> Bool
    ) throws(ScanFailure) -> [Row] {
        var wanted = min(max(2 * goal.limit, 64), rows.count)
        while true {
            var wider = goal
            wider.limit = wanted
            let near = try BatchScan([wider]).nearest(in: rows, isCancelled: isCancelled)[0]
            let penalised = try near.map { (row) throws(ScanFailure) in try penalise(row, rows) }
                .filter { $0.scored.distance <= goal.maximumDistance }
            let nearest = Self.nearest(penalised, goal.limit)
            // What was not looked at is farther than the last that was, and stays so.
            let isWhole = near.count < wanted || wanted == rows.count
            if isWhole
                || nearest.count >= goal.limit
                    && nearest[goal.limit - 1].scored.distance <= near[near.count - 1].distance
            {
                return nearest
            }
            wanted = min(4 * wanted, rows.count)
        }
    }

    private func penalise(_ row: ScoredRow, _ rows: MomentsRows) throws(ScanFailure) -> Row {
        var nearest = Double.infinity
        for moments in unwanted {
            let distance = Bhattacharyya.closedForm(
                moments, mean: rows.mean(row.row), variance: rows.variance(row.row), lambda: goal.query.lambda
            )
            guard distance.isFinite else { throw .notFinite(row: row.row) }
            nearest = min(nearest, distance)
        }
        let penalty = max(0, row.distance - nearest)
        return Row(scored: ScoredRow(row: row.row, distance: row.distance + penalty), penalty: penalty)
    }

    private static func nearest(_ rows: [Row], _ limit: Int) -> [Row] {
        let sorted = rows.sorted { ($0.scored.distance, $0.scored.row) < ($1.scored.distance, $1.scored.row) }
        guard sorted.count > limit else { return sorted }
        let last = sorted[limit - 1].scored.distance
        return Array(sorted.prefix { $0.scored.distance <= last })
    }
}
