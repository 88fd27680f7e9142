/// Which videos a step trains on, where a share of them shall be still pictures.
///
/// Videos and pictures have epochs of their own, each a seeded permutation; a step takes its share of both. With
/// a share of 0, or without one of the two kinds, all are one collection.
public struct BatchSampler: Sendable {
    /// Indices of what is drawn from, each with its own epochs.
    private let pools: [(members: [Int], sampler: EpochSampler)]

    /// - Parameters:
    ///   - isStill: of every video, in its order.
    ///   - batchSize: B.
    ///   - stillShare: 0 … 1; rounded to whole videos, and to as many as there are of each kind.
    /// - Precondition: 1 ≤ batchSize ≤ isStill.count.
    public init(isStill: [Bool], batchSize: Int, stillShare: Double, seed: UInt64) {
        precondition(batchSize >= 1 && batchSize <= isStill.count)
        let stills = isStill.indices.filter { isStill[$0] }
        let moving = isStill.indices.filter { !isStill[$0] }
        if stillShare <= 0 || stills.isEmpty || moving.isEmpty {
            let all = EpochSampler(videoCount: isStill.count, batchSize: batchSize, seed: seed)
            pools = [(Array(isStill.indices), all)]
            return
        }
        let wanted = Int((Double(batchSize) * stillShare).rounded())
        let still = min(max(wanted, batchSize - moving.count), stills.count, batchSize)
        // Another seed, or two pools of one size would be permuted alike.
        pools = [(moving, batchSize - still, seed), (stills, still, seed ^ 0x5354_494C_4C53)].compactMap {
            $1 == 0 ? nil : ($0, EpochSampler(videoCount: $0.count, batchSize: $1, seed: $2))
        }
    }

    /// Indices of the videos of a step, all different.
    public func videos(step: Int) -> [Int] {
        pools.flatMap { pool in pool.sampler.videos(step: step).map { pool.members[$0] } }
    }
}
