internal import HeapModule

/// The coherent parts of a video, at every scale.
///
/// Of the clips in the order of time, the two neighbours that are nearest to each other (Bhattacharyya, closed form) become one
/// part, and so on, until one part is left: the whole video. Each part is a mixture of its clips (paper eq. 3) of its own,
/// so a long video of many things can be near to an example by the one part that shows it. No threshold says where a
/// shot ends: cuts are simply what is bridged last.
public enum SceneTree {
    /// A part of more than one clip.
    public struct Scene: Sendable, Equatable {
        /// Which clips, in the order of time.
        public var clips: Range<Int>
        /// Of the mixture of these clips.
        public var moments: Moments
    }

    /// The n − 1 parts of more than one clip of a video of n clips, in the order in which they form; the whole is the last.
    /// The same clips always give the same parts. Takes O(n log n) distances.
    public static func scenes(of mixture: GaussianMixture) -> [Scene] {
        let count = mixture.components.count
        // Parts by number: first the clips, then what forms.
        var parts = mixture.components.indices.map { clip in
            Part(clips: clip..<clip + 1, moments: mixture.components[clip].moments)
        }
        var before = (0..<count).map { $0 - 1 }
        var after = (0..<count).map { $0 + 1 < count ? $0 + 1 : -1 }
        var isOpen = [Bool](repeating: true, count: count)
        func bridge(_ left: Int, _ right: Int) -> Bridge {
            Bridge(
                distance: Bhattacharyya.closedForm(parts[left].moments, parts[right].moments),
                place: parts[right].clips.lowerBound, left: left, right: right)
        }
        var bridges = Heap((0..<max(0, count - 1)).map { bridge($0, $0 + 1) })
        while let nearest = bridges.popMin() {
            // One whose sides have become parts of others since.
            guard isOpen[nearest.left], isOpen[nearest.right] else { continue }
            let new = parts.count
            parts.append(parts[nearest.left].joined(with: parts[nearest.right]))
            (isOpen[nearest.left], isOpen[nearest.right]) = (false, false)
            isOpen.append(true)
            before.append(before[nearest.left])
            after.append(after[nearest.right])
            if before[new] >= 0 {
                after[before[new]] = new
                bridges.insert(bridge(before[new], new))
            }
            if after[new] >= 0 {
                before[after[new]] = new
                bridges.insert(bridge(new, after[new]))
            }
        }
        return parts[count...].map { Scene(clips: $0.clips, moments: $0.moments) }
    }
}

/// A part while the tree grows.
private struct Part {
    var clips: Range<Int>
    var moments: Moments

    /// The moments of both sides' clips together, each clip with the same weight: the variance about the common mean, which
    /// can't become negative by cancellation.
    func joined(with other: Part) -> Part {
        let (own, others) = (Double(clips.count), Double(other.clips.count))
        let (share, otherShare) = (own / (own + others), others / (own + others))
        var joined = moments
        for d in 0..<moments.dimension {
            let (a, b) = (Double(moments.mean[d]), Double(other.moments.mean[d]))
            let mean = share * a + otherShare * b
            joined.mean[d] = Float(mean)
            joined.variance[d] = Float(
                share * (Double(moments.variance[d]) + (a - mean) * (a - mean))
                    + otherShare * (Double(other.moments.variance[d]) + (b - mean) * (b - mean)))
        }
        return Part(clips: clips.lowerBound..<other.clips.upperBound, moments: joined)
    }
}

/// Two parts that are neighbours.
private struct Bridge: Comparable {
    var distance: Double
    /// The first clip of the right one: of equal distances the earlier is bridged first.
    var place: Int
    var left: Int
    var right: Int

    static func < (a: Bridge, b: Bridge) -> Bool { (a.distance, a.place) < (b.distance, b.place) }
}
