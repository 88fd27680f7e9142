import Base
import Distributions
import Glibc
import Retrieval
import Testing

@Suite struct AlignerTests {
    /// The film's clips lie some 160 apart where they have nothing in common.
    let aligner = Aligner(AlignmentOptions(maximumClipDistance: 40))
    let film = Film(seconds: 600, seed: 1)

    @Test func anExcerptIsPlaced() throws {
        let target = film.track()
        for start in [0, 37.3, 211, 412.6, 595] {
            let query = film.track(start, start + 5, stride: 0.5)
            let best = try #require(aligner.segments(query: query, target: target).first)
            // Five seconds of few shots leave the speed in doubt.
            #expect(overlap(best.target, start, start + 5) > 0.8, "\(start): \(best)")
            #expect(overlap(best.query, 0, 5) > 0.9)
            #expect(abs(best.offset - start) < 1)
        }
    }

    @Test func aWholeVideoLiesOnItself() throws {
        let track = Film(seconds: 80, seed: 2).track()
        let best = try #require(aligner.segments(query: track, target: track).first)
        #expect(best.query == TimeRange(start: 0, stop: 80))
        #expect(best.target == TimeRange(start: 0, stop: 80))
        #expect(best.distance < 1e-3)
        #expect(best.speed == 1)
    }

    @Test(arguments: [0.5, 0.6, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2])
    func anySpeedIsFound(speed: Double) throws {
        // 40 s of the film, played `speed` times as fast.
        let query = film.track(200, 240, speed: speed, stride: 1)
        let best = try #require(aligner.segments(query: query, target: film.track()).first)
        #expect(overlap(best.target, 200, 240) > 0.9, "\(best)")
        #expect(abs(best.speed / speed - 1) < 0.05)
    }

    @Test func otherFootageHasNoSegment() {
        for seed in 10..<20 {
            let other = Film(seconds: 60, seed: UInt64(seed))
            let segments = aligner.segments(query: other.track(stride: 0.5), target: film.track())
            #expect(segments.isEmpty, "\(segments)")
        }
    }

    /// A damaged or hostile file may have times thirty years apart; a bin for each second of them would fill any memory.
    @Test func timesThatJumpByYearsTakeNoMemory() throws {
        let jump = film.track(100, 120) + film.track(200, 220, at: 9e8)
        let segments = aligner.segments(query: jump, target: jump)
        #expect(
            segments.allSatisfy { $0.distance.isFinite && $0.offset.isFinite && $0.partDistance.isFinite })
        let plain = aligner.segments(query: film.track(100, 120), target: jump)
        #expect(plain.allSatisfy { $0.target.start < 121 || $0.target.start > 8e8 })
    }

    @Test func aGapDoesNotEndASegment() throws {
        // 6 s of something else are cut into the query.
        let other = Film(seconds: 6, seed: 3)
        let query =
            film.track(100, 120) + other.track(at: 20) + film.track(126, 146, at: 26)
        let segments = aligner.segments(query: query, target: film.track())
        let best = try #require(segments.first)
        #expect(segments.count == 1, "\(segments)")
        #expect(overlap(best.target, 100, 146) > 0.9)
        #expect(overlap(best.query, 0, 46) > 0.9)
    }

    @Test func severalSegmentsAreToldApart() {
        // Ten excerpts, not in the film's order.
        let starts = (0..<10).map { (part: Int) -> Double in Double(part * 7 % 10 * 57 + 11) }
        var query: ClipTrack?
        for (place, start) in starts.enumerated() {
            let part = film.track(start, start + 8, at: Double(place) * 8)
            query = query.map { $0 + part } ?? part
        }
        guard let query else { return }
        let segments = aligner.segments(query: query, target: film.track())
        for (place, start) in starts.enumerated() {
            let found = segments.contains {
                overlap($0.target, start, start + 8) > 0.7
                    && overlap($0.query, Double(place) * 8, Double(place) * 8 + 8) > 0.7
            }
            #expect(found, "the excerpt from \(start): \(segments)")
        }
        #expect(segments.map(\.evidence) == segments.map(\.evidence).sorted(by: >))
    }

    @Test func bothPlacesOfARepeatedPartAreFound() {
        let part = film.track(50, 60)
        let target =
            Film(seconds: 40, seed: 4).track() + film.track(50, 60, at: 40)
            + Film(seconds: 30, seed: 5).track(at: 50) + film.track(50, 60, at: 80)
        let segments = aligner.segments(query: part, target: target)
        #expect(segments.count == 2, "\(segments)")
        #expect(segments.contains { overlap($0.target, 40, 50) > 0.9 })
        #expect(segments.contains { overlap($0.target, 80, 90) > 0.9 })
    }

    @Test func rolesCanBeReversed() throws {
        let excerpt = film.track(300.7, 330.7)
        let there = try #require(aligner.segments(query: excerpt, target: film.track()).first)
        let back = try #require(aligner.segments(query: film.track(), target: excerpt).first).reversed
        #expect(overlap(there.target, 300.7, 330.7) > 0.9)
        #expect(overlap(back.target, 300.7, 330.7) > 0.9)
        #expect(overlap(back.query, 0, 30) > 0.9)
    }

    @Test func clipsThatSayNothingMakeNoSegment() throws {
        let query = film.track(100, 110)
        let silent = query.weighted(Array(repeating: 0, count: query.gaussians.count))
        #expect(aligner.segments(query: silent, target: film.track()).isEmpty)
        let whispering = query.weighted(Array(repeating: 0.02, count: query.gaussians.count))
        #expect(aligner.segments(query: whispering, target: film.track()).isEmpty)
        #expect(!aligner.segments(query: query, target: film.track()).isEmpty)
    }

    @Test func shortVideosAlign() throws {
        let short = film.track(20, 20.8)
        let best = try #require(aligner.segments(query: short, target: short).first)
        #expect(overlap(best.query, 0, 0.8) > 0.999)
        #expect(aligner.segments(query: short, target: Film(seconds: 1, seed: 9).track()).isEmpty)
    }

    /// Every speed, every offset a twentieth of a second apart, every run of clips, each summed anew.
    @Test(arguments: 0..<6)
    func theBestSegmentIsTheBestThereIs(seed: Int) throws {
        let film = Film(seconds: 60, seed: UInt64(seed) + 30)
        let query = film.track(17.7, 27.7, speed: seed % 2 == 0 ? 1 : 1.25)
        let target = film.track()
        let best = try #require(aligner.segments(query: query, target: target).first)
        let oracle = Exhaustive(query: query, target: target, options: aligner.options).best()
        #expect(best.evidence > oracle.evidence - 0.1, "\(best) \(oracle)")
        #expect(overlap(best.target, oracle.target.start, oracle.target.stop) > 0.9, "\(best) \(oracle)")
    }
}

/// The oracle: what `Aligner` climbs to, looked for everywhere.
private struct Exhaustive {
    let query: ClipTrack
    let target: ClipTrack
    let options: AlignmentOptions

    func best() -> (evidence: Double, target: TimeRange) {
        let middles = query.intervals.map { ($0.start + $0.stop) / 2 }
        let last = target.intervals[target.intervals.count - 1].stop
        var best = (evidence: -Double.infinity, target: TimeRange(start: 0, stop: 0))
        for step in -12...12 {
            let speed = pow(2, Double(step) / 12)
            for offset in stride(from: -speed * middles[middles.count - 1], through: last, by: 0.05) {
                let values = middles.map { value($0, offset + speed * $0) }
                for first in middles.indices {
                    for stop in first..<middles.count {
                        let run = values[first...stop]
                        guard run.allSatisfy({ $0 != nil }) else { continue }
                        let sum = run.reduce(0) { $0 + ($1 ?? 0) } - options.speedCost * abs(log2(speed))
                        if sum > best.evidence {
                            let start = query.intervals[first].start
                            best = (
                                sum,
                                TimeRange(
                                    start: offset + speed * start,
                                    stop: offset + speed * query.intervals[stop].stop)
                            )
                        }
                    }
                }
            }
        }
        return best
    }

    /// The evidence of the query's clip about `time`; nil outside the target.
    private func value(_ time: Double, _ place: Double) -> Double? {
        let index = query.intervals.firstIndex { abs(($0.start + $0.stop) / 2 - time) < 1e-9 } ?? 0
        let middles = target.intervals.map { ($0.start + $0.stop) / 2 }
        guard place >= target.intervals[0].start - 0.25,
            place <= target.intervals[target.intervals.count - 1].stop + 0.25
        else { return nil }
        let distance: Double
        var inside = 1.0
        if let after = middles.firstIndex(where: { $0 > place }), after > 0 {
            let share = (place - middles[after - 1]) / (middles[after] - middles[after - 1])
            let a = distanceOf(query.gaussians[index], target.gaussians[after - 1])
            let b = distanceOf(query.gaussians[index], target.gaussians[after])
            let c = distanceOf(target.gaussians[after - 1], target.gaussians[after])
            distance = max(0, (1 - share) * a + share * b - share * (1 - share) * c)
        } else {
            let end = place < middles[0] ? 0 : middles.count - 1
            distance = distanceOf(query.gaussians[index], target.gaussians[end])
            inside = 1 - abs(place - middles[end]) / 2
        }
        return inside
            * max(options.leastEvidence, log((1 + options.maximumClipDistance) / (1 + distance)))
    }

    private func distanceOf(_ a: Gaussian, _ b: Gaussian) -> Double {
        func moments(_ gaussian: Gaussian) -> Moments {
            Moments(mean: gaussian.mean, variance: gaussian.logVariance.map { exp($0) })
        }
        return Bhattacharyya.closedForm(moments(a), moments(b))
    }
}
