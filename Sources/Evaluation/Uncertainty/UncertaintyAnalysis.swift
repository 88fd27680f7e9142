import Distributions

/// Recall@1 of the queries of one range of uncertainty.
public struct UncertaintyBin: Sendable, Equatable {
    /// Mean over the bin's queries of the mean log σ²_V, natural logarithm.
    public var uncertainty: Double
    /// Queries in the bin.
    public var count: Int
    /// Of them.
    public var recalls: ModelRecalls
}

/// Recall@1 with the queries' variances multiplied.
public struct InflationStep: Sendable, Equatable {
    /// What σ²_V of each query is multiplied by.
    public var factor: Double
    /// Mean over the queries of the mean log σ²_V after that.
    public var uncertainty: Double
    /// Recall@1 by the distribution's distance, queries inflated and gallery as it is.
    public var distribution: Double
    /// Recall@1 of samples z = μ_V + σ_V ⊙ ε drawn from the inflated query, by cosine to the gallery's μ_V; the
    /// mean over the samples.
    public var sampled: Double
}

/// One model's part of the paper's second analysis: recall as uncertainty is raised.
public struct UncertaintyResult: Sendable, Equatable {
    /// The model's name.
    public var model: String
    /// Queries in order of uncertainty, in bins of equal size.
    public var bins: [UncertaintyBin]
    /// Variances multiplied by powers of two.
    public var inflation: [InflationStep]
}

package enum UncertaintyAnalysis {
    /// What variances are multiplied by.
    package static let factors: [Double] = [1, 2, 4, 8, 16, 32, 64, 128]
    /// Samples of each query at each factor.
    package static let samples = 4

    /// Equal bins (their sizes differ by at most one), of at least five queries where there are so many.
    package static func bins(
        _ task: RetrievalTask, uncertainty: [Double], backbone: RankingScore, mean: RankingScore,
        distribution: RankingScore, count: Int = 10
    ) -> [UncertaintyBin] {
        let order = task.queries.indices.sorted {
            let (a, b) = (uncertainty[task.queries[$0]], uncertainty[task.queries[$1]])
            return a < b || (a == b && $0 < $1)
        }
        let bins = max(1, min(count, order.count / 5))
        return (0..<bins).compactMap { bin in
            let members = order[bin * order.count / bins..<(bin + 1) * order.count / bins]
            guard !members.isEmpty else { return nil }
            func share(_ score: RankingScore) -> Double {
                Double(members.count { score.firstRanks[$0] == 1 }) / Double(members.count)
            }
            return UncertaintyBin(
                uncertainty: members.reduce(0) { $0 + uncertainty[task.queries[$1]] } / Double(members.count),
                count: members.count,
                recalls: ModelRecalls(
                    backbone: share(backbone), mean: share(mean), distribution: share(distribution)))
        }
    }

    /// Recall@1 for each factor.
    package static func inflation(
        _ task: RetrievalTask, _ columns: FeatureColumns, seed: UInt64, threads: Int,
        isCancelled: @Sendable () -> Bool = { false }
    ) throws(EvaluationError) -> [InflationStep] {
        var steps: [InflationStep] = []
        for factor in factors {
            guard !isCancelled() else { throw .cancelled }
            let raised = columns.moments.map { moments in
                Moments(mean: moments.mean, variance: moments.variance.map { Float(Double($0) * factor) })
            }
            let distribution = FeatureColumns.bhattacharyya(
                task, queries: raised, gallery: columns.moments, threads)
            var sampled = 0.0
            for sample in 0..<samples {
                sampled += score(task, columns, raised, seed: seed &+ UInt64(sample), threads).recall(at: 1)
            }
            let total = task.queries.reduce(0) { $0 + raised[$1].uncertainty }
            steps.append(
                InflationStep(
                    factor: factor, uncertainty: total / Double(max(1, task.queries.count)),
                    distribution: distribution.recall(at: 1), sampled: sampled / Double(samples)))
        }
        return steps
    }

    /// One sample a query; the same noise at every factor, so that steps differ by the factor alone.
    private static func score(
        _ task: RetrievalTask, _ columns: FeatureColumns, _ raised: [Moments], seed: UInt64, _ threads: Int
    ) -> RankingScore {
        var rows = columns.means
        var placeOf: [Int: Int] = [:]
        for query in task.queries {
            var generator = SeededGenerator(seed: "\(seed) \(query)")
            let moments = raised[query]
            placeOf[query] = rows.count
            rows.append(
                moments.mean.indices.map { d in
                    Float(
                        Double(moments.mean[d]) + Double(moments.variance[d]).squareRoot()
                            * generator.nextNormal())
                })
        }
        let vectors = UnitVectors(rows)
        return RankingScore(task, threads: threads) { [placeOf] query, out in
            vectors.distances(from: placeOf[query] ?? query, to: task.gallery, into: out)
        }
    }
}
