import Distributions

/// Which videos a step trains on.
///
/// Each epoch is a seeded permutation of all videos, cut into batches of `batchSize`; what is left at the
/// end of an epoch, fewer than a batch, is dropped (another part every epoch), so that all batches are of
/// one size. A step's videos follow from seed and step alone: continuing needs no state.
public struct EpochSampler: Sendable {
    /// Videos there are.
    public let videoCount: Int
    /// B.
    public let batchSize: Int
    private let seed: UInt64

    /// - Precondition: 1 ≤ batchSize ≤ videoCount.
    public init(videoCount: Int, batchSize: Int, seed: UInt64) {
        precondition(batchSize >= 1 && batchSize <= videoCount)
        self.videoCount = videoCount
        self.batchSize = batchSize
        self.seed = seed
    }

    /// Whole batches in an epoch.
    public var stepsPerEpoch: Int { videoCount / batchSize }

    /// Indices of the videos of a step, all different.
    public func videos(step: Int) -> [Int] {
        let (epoch, batch) = step.quotientAndRemainder(dividingBy: stepsPerEpoch)
        var generator = SeededGenerator(seed: RandomKey.mix(seed, .order, UInt64(epoch)))
        // Fisher and Yates from the front: only as many places as this batch needs are settled.
        var order = Array(0..<videoCount)
        let end = (batch + 1) * batchSize
        for place in 0..<end {
            let other = place + Int(generator.next() % UInt64(videoCount - place))
            order.swapAt(place, other)
        }
        return Array(order[(end - batchSize)..<end])
    }
}

/// Keys that separate random streams from each other.
package enum RandomKey {
    package enum Purpose: UInt64 {
        case order = 1, time, crop, color, blur, copy, pixelNoise, objective
    }

    /// A 64-bit key from numbers, in their order (SplitMix64's finaliser after each).
    package static func mix(_ seed: UInt64, _ purpose: Purpose, _ numbers: UInt64...) -> UInt64 {
        var key = finalise(seed &+ 0x9E37_79B9_7F4A_7C15 &* purpose.rawValue)
        for number in numbers { key = finalise(key ^ (number &+ 0x9E37_79B9_7F4A_7C15)) }
        return key
    }

    private static func finalise(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
