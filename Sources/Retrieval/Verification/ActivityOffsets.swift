/// Finds when and how fast a query may be shown in a target by how much moves when, whatever it is that moves: crops,
/// mirroring and colours leave that nearly as it is. Where all clips look alike, an alignment by their Gaussians can be
/// seconds beside the place, and miss the speed.
enum ActivityOffsets {
    /// Where a query may lie.
    struct Place {
        /// The target's time of the query's second 0.
        var offset: Double
        /// Seconds of the target that pass in a second of the query.
        var speed: Double
        fileprivate var score: Double
    }

    /// Places that are handed on.
    private static let most = 4
    /// Fewer pictures in common say nothing.
    private static let fewest = 6
    /// Pictures of a query that are looked at, spread evenly; and as many that differ the most from the one before, such as the
    /// few at which a slide changes.
    private static let mostPictures = 60
    /// Seconds before and after where the alignment says, that are looked at.
    private static let reach = 45.0
    /// Seconds from one place to the next, at least.
    private static let leastStep = 0.05
    /// Speeds that are looked at, by the alignment's.
    private static let speeds = [1, 0.8, 1.25, 0.9, 1.11, 0.67, 1.5]

    /// The likeliest first; none of the same speed closer than a second to a likelier one.
    static func best(_ query: PictureTrack, _ target: PictureTrack, along segment: AlignedSegment) -> [Place]
    {
        let range = segment.query
        var pictures = query.times.indices.filter {
            $0 > 0 && query.times[$0] >= range.start && query.times[$0] < range.stop
        }
        if pictures.count > 2 * mostPictures {
            let even = (0..<mostPictures).map { pictures[$0 * pictures.count / mostPictures] }
            let active = pictures.sorted { query.activity[$0] > query.activity[$1] }.prefix(mostPictures)
            pictures = Set(even).union(active).sorted()
        }
        guard pictures.count >= fewest, let end = target.times.last else { return [] }
        let middle = range.start + range.duration / 2
        let expected = segment.target.start + segment.target.duration / 2
        let other = EvenActivity(target)
        // An imported signature may have any spacing.
        let step = max(query.spacing, Self.leastStep)
        var scored: [Place] = []
        for factor in speeds {
            let speed = segment.speed * factor
            let own = pictures.map { (time: speed * query.times[$0], activity: query.activity[$0]) }
            let latest = min(end - (own.first?.time ?? 0), expected - speed * middle + reach)
            var offset = max(-(own.last?.time ?? 0), expected - speed * middle - reach)
            while offset <= latest {
                if let score = correlation(own, other, offset) {
                    scored.append(Place(offset: offset, speed: speed, score: score))
                }
                offset += step
            }
        }
        scored.sort { $0.score > $1.score }
        var best: [Place] = []
        for place in scored
        where best.allSatisfy({ abs($0.offset - place.offset) >= 1 || $0.speed != place.speed }) {
            best.append(place)
            if best.count == most { break }
        }
        return best
    }

    /// Weighted by how many pictures the two have in common; nil for too few.
    private static func correlation(
        _ own: [(time: Double, activity: Double)], _ other: EvenActivity, _ offset: Double
    ) -> Double? {
        var (n, a, b, aa, bb, ab) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        for (time, activity) in own {
            let value = other.value(at: offset + time)
            if value.isNaN { continue }
            n += 1
            a += activity
            b += value
            aa += activity * activity
            bb += value * value
            ab += activity * value
        }
        guard n >= Double(fewest), 2 * n >= Double(own.count) else { return nil }
        let spread = ((aa - a * a / n) * (bb - b * b / n)).squareRoot()
        return (ab - a * b / n) / (spread + 0.1 * n) * n.squareRoot()
    }
}

/// How much moves in a video, at times of even distance.
private struct EvenActivity {
    private let start: Double
    private let spacing: Double
    private static let most = 100_000
    /// Not a number where there is no picture.
    private let values: [Double]

    init(_ track: PictureTrack) {
        let start = track.times.first ?? 0
        let duration = (track.times.last ?? 0) - start
        // Times may jump by years.
        let spacing = max(track.spacing, duration / Double(Self.most), 1e-3)
        let count = Int(duration / spacing) + 1
        self.start = start
        self.spacing = spacing
        values = (0..<count).map { step in
            guard let found = track.place(of: start + Double(step) * spacing), found.index > 0 else {
                return .nan
            }
            let own = track.activity[found.index]
            guard found.share > 0 else { return own }
            return own + Double(found.share) * (track.activity[found.index + 1] - own)
        }
    }

    /// Between the two nearest times.
    func value(at time: Double) -> Double {
        let place = (time - start) / spacing
        guard place >= 0, place < Double(values.count - 1) else { return .nan }
        let low = Int(place)
        return values[low] + (place - Double(low)) * (values[low + 1] - values[low])
    }
}
