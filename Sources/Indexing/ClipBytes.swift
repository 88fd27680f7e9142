internal import Foundation

import Base
import Distributions

/// A video's clips in the bytes that every index keeps them in (`index/README.md`): intervals, and Gaussians in float16.
package struct ClipBytes: Sendable, Equatable {
    package var intervals: [UInt8]
    package var gaussians: [UInt8]
    /// `ClipSignature.byteCount` per clip, or none.
    package var signatures: [UInt8]

    package init(intervals: [UInt8], gaussians: [UInt8], signatures: [UInt8] = []) {
        self.intervals = intervals
        self.gaussians = gaussians
        self.signatures = signatures
    }

    /// Nil where a value is not finite in float16.
    package init?(_ intervals: [TimeRange], _ mixture: GaussianMixture, _ signatures: [ClipSignature] = []) {
        guard let gaussians = Blobs.encode(mixture) else { return nil }
        self.init(
            intervals: Array(Blobs.encode(intervals)), gaussians: Array(gaussians),
            signatures: signatures.flatMap(\.bytes))
    }

    /// Intervals, Gaussians and signatures, one behind the other.
    package var joined: [UInt8] { intervals + gaussians + signatures }

    /// Bytes that so many clips have in `joined`.
    package static func joinedCount(clipCount: Int, dimension: Int, hasSignatures: Bool) -> Int {
        clipCount * (16 + 4 * dimension + (hasSignatures ? ClipSignature.byteCount : 0))
    }

    /// Nil where `joined` has another count for so many clips.
    package init?(joined bytes: [UInt8], clipCount: Int, dimension: Int) {
        let count = { Self.joinedCount(clipCount: clipCount, dimension: dimension, hasSignatures: $0) }
        guard bytes.count == count(false) || bytes.count == count(true) else { return nil }
        let gaussians = 16 * clipCount
        self.init(
            intervals: Array(bytes[..<gaussians]), gaussians: Array(bytes[gaussians..<count(false)]),
            signatures: Array(bytes[count(false)...]))
    }

    /// Nil where the bytes are not those of so many clips.
    package func decoded(clipCount: Int, dimension: Int) -> (
        intervals: [TimeRange], mixture: GaussianMixture, signatures: [ClipSignature]
    )? {
        guard let ranges = Blobs.intervals(Data(intervals), count: clipCount),
            let mixture = Blobs.mixture(Data(gaussians), count: clipCount, dimension: dimension),
            let signatures = ClipSignature.list(signatures, clipCount: clipCount)
        else { return nil }
        return (ranges, mixture, signatures)
    }

    /// The same of bytes that come from elsewhere: nil, too, where the clips could not be those of a video that was read, or
    /// could not be compared with others.
    package func believable(clipCount: Int, dimension: Int) -> (
        intervals: [TimeRange], mixture: GaussianMixture, signatures: [ClipSignature]
    )? {
        guard let decoded = decoded(clipCount: clipCount, dimension: dimension),
            zip(decoded.intervals, [nil] + decoded.intervals.dropLast()).allSatisfy(BelievableVideo.follows),
            decoded.mixture.components.allSatisfy({ gaussian in
                gaussian.mean.allSatisfy(\.isFinite)
                    && gaussian.logVariance.allSatisfy { abs($0) <= Self.largestLogVariance }
            })
        else { return nil }
        return decoded
    }

    /// Twice that of any model (`log_variance_range`).
    package static let largestLogVariance: Float = 64

    /// For damage, not for malice.
    package var checksum: Int64 {
        var sum = Checksum()
        intervals.withUnsafeBytes { sum.add($0) }
        gaussians.withUnsafeBytes { sum.add($0) }
        if !signatures.isEmpty { signatures.withUnsafeBytes { sum.add($0) } }
        return sum.signed
    }
}
