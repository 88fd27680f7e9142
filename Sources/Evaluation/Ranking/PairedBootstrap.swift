import Distributions

/// Whether one row's recall@1 is above another's by more than the choice of queries explains.
public struct Significance: Sendable, Equatable {
    /// The row that is asked about.
    public var row: String
    /// The row that it is compared with.
    public var baseline: String
    /// Recall@1 of the row minus that of the baseline.
    public var difference: Double
    /// The 2.5 % point of the difference over the resampled sets of queries.
    public var low: Double
    /// The 97.5 % point.
    public var high: Double
    /// Two-sided: twice the share of resampled sets whose difference has not the sign of the observed one
    /// (no difference counts against it), at most 1.
    public var probability: Double

    package init(
        row: String, baseline: String, difference: Double, low: Double, high: Double, probability: Double
    ) {
        self.row = row
        self.baseline = baseline
        self.difference = difference
        self.low = low
        self.high = high
        self.probability = probability
    }

    /// Whether the difference is above 0 at the level of 5 %.
    public var isAbove: Bool { difference > 0 && probability < 0.05 }
}

/// The paired bootstrap (Efron 1979): sets of queries are drawn with replacement, both rows on the same set.
package enum PairedBootstrap {
    /// - Parameters:
    ///   - differences: of each pair of rows, a value per query: 1 where only the first row hits, −1 where only the
    ///     second does, else 0.
    /// - Returns: of each pair, difference, low, high and probability.
    package static func run(
        _ differences: [[Int8]], draws: Int, seed: UInt64
    ) -> [(difference: Double, low: Double, high: Double, probability: Double)] {
        guard let count = differences.first?.count, count > 0, draws > 0 else { return [] }
        precondition(differences.allSatisfy { $0.count == count })
        var generator = SeededGenerator(seed: seed)
        var sums = [[Int]](repeating: [Int](repeating: 0, count: draws), count: differences.count)
        var picks = [Int](repeating: 0, count: count)
        for draw in 0..<draws {
            for index in 0..<count {
                // The upper half of a product of 128 bits: uniform but for 2⁻⁵⁰.
                picks[index] = Int(generator.next().multipliedFullWidth(by: UInt64(count)).high)
            }
            for (pair, values) in differences.enumerated() {
                sums[pair][draw] = values.withUnsafeBufferPointer { values in
                    picks.withUnsafeBufferPointer { picks in
                        var sum = 0
                        for pick in picks { sum += Int(values[pick]) }
                        return sum
                    }
                }
            }
        }
        return differences.indices.map { pair in
            let observed = differences[pair].reduce(0) { $0 + Int($1) }
            let sorted = sums[pair].sorted()
            let against = sorted.count { observed >= 0 ? $0 <= 0 : $0 >= 0 }
            let scale = 1 / Double(count)
            func quantile(_ share: Double) -> Double {
                Double(sorted[min(draws - 1, Int((share * Double(draws)).rounded(.down)))]) * scale
            }
            return (
                Double(observed) * scale, quantile(0.025), quantile(0.975),
                min(1, 2 * Double(against + 1) / Double(draws + 1))
            )
        }
    }
}
