import Base

/// Finds when and how fast a query may be shown in a target, by pictures of 4 × 4 blocks at all offsets: crops, bars and colours
/// leave these nearly as they are. Where all clips look alike, an alignment by their Gaussians can be seconds beside the
/// place, and miss the speed.
enum PictureOffsets {
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
    private static let fewest = 4
    /// Pictures of a query that are looked at, at most.
    private static let mostPictures = 12
    /// Seconds before and after where the alignment says, that are looked at.
    private static let reach = 45.0
    /// Seconds from one place to the next, at least.
    private static let leastStep = 0.05
    /// Speeds that are looked at, by the alignment's.
    private static let speeds = [1, 0.8, 1.25, 0.67, 1.5]
    /// Seconds between places of one speed.
    private static let leastDistance = 0.5

    /// The likeliest first.
    ///
    /// - Parameter chosen: pictures of the query, in order.
    static func best(
        _ query: PictureTrack, _ target: PictureTrack, along segment: AlignedSegment, chosen: [Int]
    ) -> [Place] {
        let thinned = max(1, chosen.count / mostPictures)
        let pictures = stride(from: 0, to: chosen.count, by: thinned).map {
            QueryBlocks(time: query.times[chosen[$0]], query.blocks[chosen[$0]])
        }
        guard pictures.count >= fewest, let end = target.times.last else { return [] }
        let middle = segment.query.start + segment.query.duration / 2
        let expected = segment.target.start + segment.target.duration / 2
        let (first, last) = (pictures[0].time, pictures[pictures.count - 1].time)
        let fastest = segment.speed * (speeds.max() ?? 1)
        let other = EvenBlocks(
            target,
            in: TimeRange(
                start: expected - fastest * (middle - first) - reach,
                stop: expected + fastest * (last - middle) + reach))
        // An imported signature may have any spacing.
        let step = max(query.spacing, leastStep)
        var scored: [Place] = []
        for factor in speeds {
            let speed = segment.speed * factor
            let latest = min(end - speed * first, expected - speed * middle + reach)
            var offset = max(-speed * last, expected - speed * middle - reach)
            while offset <= latest {
                if let score = correlation(pictures, other, offset, speed) {
                    scored.append(Place(offset: offset, speed: speed, score: score))
                }
                offset += step
            }
        }
        scored.sort { $0.score > $1.score }
        var best: [Place] = []
        for place in scored
        where best.allSatisfy({
            abs($0.offset - place.offset) >= leastDistance || $0.speed != place.speed
        }) {
            best.append(place)
            if best.count == most { break }
        }
        return best
    }

    /// Of what changes, as it is or mirrored, weighted by how many pictures the two have in common; nil for too few.
    private static func correlation(
        _ own: [QueryBlocks], _ other: EvenBlocks, _ offset: Double, _ speed: Double
    ) -> Double? {
        var n: Float = 0
        var (a, mirrored, b) = (SIMD16<Float>(), SIMD16<Float>(), SIMD16<Float>())
        var (aa, bb, ab, mb) = (SIMD16<Float>(), SIMD16<Float>(), SIMD16<Float>(), SIMD16<Float>())
        for picture in own {
            guard let found = other.blocks(at: offset + speed * picture.time) else { continue }
            n += 1
            a += picture.blocks
            mirrored += picture.mirrored
            b += found
            aa += picture.blocks * picture.blocks
            bb += found * found
            ab += picture.blocks * found
            mb += picture.mirrored * found
        }
        guard n >= Float(fewest), 2 * n >= Float(own.count) else { return nil }
        let spread = (aa - a * a / n).sum() * (bb - b * b / n).sum()
        let common = max((ab - a * b / n).sum(), (mb - mirrored * b / n).sum())
        return Double(common / (max(spread, 0).squareRoot() + 0.2 * n)) * Double(n).squareRoot()
    }
}

/// A picture of a query.
private struct QueryBlocks {
    let time: Double
    let blocks: SIMD16<Float>
    let mirrored: SIMD16<Float>

    init(time: Double, _ blocks: SIMD16<Float>) {
        (self.time, self.blocks) = (time, blocks)
        var mirrored = blocks
        for block in 0..<16 { mirrored[block] = blocks[block ^ 3] }
        self.mirrored = mirrored
    }
}

/// Pictures of a video at times of even distance.
private struct EvenBlocks {
    private let start: Double
    private let spacing: Double
    private static let most = 100_000
    /// Not numbers where there is no picture.
    private let values: [SIMD16<Float>]

    /// - Parameter range: outside of which no picture is asked for.
    init(_ track: PictureTrack, in range: TimeRange) {
        let begin = track.times.first ?? 0
        let end = track.times.last ?? 0
        // Times may jump by years.
        let duration = max(0, min(end, range.stop) - max(begin, range.start))
        let spacing = max(track.spacing, duration / Double(Self.most), 1e-3)
        let start = begin + max(0, ((range.start - begin) / spacing).rounded(.down)) * spacing
        self.start = start
        self.spacing = spacing
        values = (0...max(0, Int((min(end, range.stop + spacing) - start) / spacing))).map { step in
            guard let found = track.place(of: start + Double(step) * spacing) else {
                return SIMD16(repeating: .nan)
            }
            let own = track.blocks[found.index]
            guard found.share > 0 else { return own }
            return own + found.share * (track.blocks[found.index + 1] - own)
        }
    }

    /// Of the nearest time; nil where there is none.
    func blocks(at time: Double) -> SIMD16<Float>? {
        let place = (time - start) / spacing + 0.5
        guard place >= 0, place < Double(values.count) else { return nil }
        let found = values[Int(place)]
        return found[0].isNaN ? nil : found
    }
}
