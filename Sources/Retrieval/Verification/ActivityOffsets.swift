import Glibc
import VideoDecoding

/// Finds when a query may be shown in a target by how much moves when, whatever it is that moves: crops, mirroring and colours
/// leave that nearly as it is. Where all clips look alike, an alignment by their Gaussians can be seconds beside the place.
enum ActivityOffsets {
    /// Places that are handed on.
    private static let most = 4
    /// Fewer pictures in common say nothing.
    private static let fewest = 6
    /// Pictures of a query, spread evenly, and places of a target, that are looked at.
    private static let mostPictures = 120
    private static let mostOffsets = 2_000

    /// The target's times of the query's second 0, the likeliest first; none closer than a second to a likelier one.
    static func best(
        _ query: PictureTrack, in range: TimeRange, _ target: PictureTrack, speed: Double
    ) -> [Double] {
        let (own, other) = (activity(query), activity(target))
        var places = query.times.indices.filter {
            query.times[$0] >= range.start && query.times[$0] < range.stop
        }
        if places.count > mostPictures {
            places = (0..<mostPictures).map { places[$0 * places.count / mostPictures] }
        }
        guard places.count >= fewest, let end = target.times.last, let first = places.first,
            let last = places.last
        else { return [] }
        let earliest = -speed * query.times[last]
        let latest = end - speed * query.times[first]
        let step = max(query.spacing, (latest - earliest) / Double(mostOffsets))
        var scored: [(offset: Double, score: Double)] = []
        var offset = earliest
        while offset <= latest {
            if let score = correlation(own, other, places, query, target, offset, speed) {
                scored.append((offset, score))
            }
            offset += step
        }
        scored.sort { $0.score > $1.score }
        var best: [Double] = []
        for (offset, _) in scored where best.allSatisfy({ abs($0 - offset) >= 1 }) {
            best.append(offset)
            if best.count == most { break }
        }
        return best
    }

    /// The logarithm of how much each picture differs from the one before.
    private static func activity(_ track: PictureTrack) -> [Double] {
        let side = PictureTrack.side
        return track.times.indices.map { picture in
            guard picture > 0 else { return 0 }
            var sum = SIMD16<Float>()
            for y in 0..<side {
                let difference = track.rows[picture * side + y] - track.rows[(picture - 1) * side + y]
                sum += difference * difference
            }
            return log(Double(sum.sum()) / Double(side * side) + 0.5)
        }
    }

    /// Weighted by how many pictures the two have in common; nil for too few.
    private static func correlation(
        _ own: [Double], _ other: [Double], _ places: [Int], _ query: PictureTrack, _ target: PictureTrack,
        _ offset: Double, _ speed: Double
    ) -> Double? {
        var (n, a, b, aa, bb, ab) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        for place in places where place > 0 {
            guard let found = target.place(of: offset + speed * query.times[place]), found.index > 0 else {
                continue
            }
            let next = min(found.index + 1, other.count - 1)
            let value = other[found.index] + Double(found.share) * (other[next] - other[found.index])
            n += 1
            a += own[place]
            b += value
            aa += own[place] * own[place]
            bb += value * value
            ab += own[place] * value
        }
        guard n >= Double(fewest), 2 * n >= Double(places.count) else { return nil }
        let spread = ((aa - a * a / n) * (bb - b * b / n)).squareRoot()
        return (ab - a * b / n) / (spread + 0.1 * n) * n.squareRoot()
    }
}
