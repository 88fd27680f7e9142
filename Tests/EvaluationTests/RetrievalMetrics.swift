/// How good a ranking is, given which of its items are relevant.
enum RetrievalMetrics {
    /// 1 if a relevant item is among the first `k` of the ranking, else 0: what retrieval papers average into
    /// "recall@k" (or R@k, hit rate). `k` ≥ 1.
    static func recall(at k: Int, ranking: some Sequence<Bool>) -> Double {
        precondition(k >= 1, "recall needs a rank")
        return ranking.prefix(k).contains(true) ? 1 : 0
    }

    /// The share of all relevant items that are among the first `k`; nil where none is relevant.
    ///
    /// - Parameters:
    ///   - ranking: for each rank, whether its item is relevant.
    ///   - relevantCount: all that are relevant, also those that the ranking doesn't reach.
    static func coverage(at k: Int, ranking: some Sequence<Bool>, relevantCount: Int) -> Double? {
        precondition(k >= 1, "coverage needs a rank")
        guard relevantCount > 0 else { return nil }
        return Double(ranking.prefix(k).count { $0 }) / Double(relevantCount)
    }

    /// Average precision: the mean, over all relevant items, of the precision at the item's rank, which is 0 for
    /// one that the ranking doesn't reach. Nil where none is relevant.
    ///
    /// - Parameters:
    ///   - ranking: for each rank, whether its item is relevant.
    ///   - relevantCount: all that are relevant; nil counts those in the ranking.
    static func averagePrecision(ranking: some Sequence<Bool>, relevantCount: Int? = nil) -> Double? {
        var hits = 0
        var sum = 0.0
        for (position, isRelevant) in ranking.enumerated() where isRelevant {
            hits += 1
            sum += Double(hits) / Double(position + 1)
        }
        let relevant = relevantCount ?? hits
        precondition(relevant >= hits, "more relevant items ranked than exist")
        return relevant > 0 ? sum / Double(relevant) : nil
    }

    /// Mean over queries, those without a relevant item (nil) left out; nil where no query is left.
    static func mean(_ values: some Sequence<Double?>) -> Double? {
        var sum = 0.0
        var count = 0
        for case let value? in values {
            sum += value
            count += 1
        }
        return count > 0 ? sum / Double(count) : nil
    }
}
