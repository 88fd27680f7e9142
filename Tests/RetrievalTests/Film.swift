import Base
import Distributions
import Glibc
import Retrieval

/// A made-up film: shots of a few seconds, each at a place of its own in the space of features, through which it moves.
/// Clips are what an encoder would give: means over their frames.
struct Film {
    static let dimension = 24
    static let logVariance: Float = -6.5

    private struct Shot {
        var start: Double
        var from: [Double]
        var to: [Double]
    }

    let duration: Double
    private let shots: [Shot]

    init(seconds: Double, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        func direction() -> [Double] {
            let values = (0..<Self.dimension).map { _ in generator.nextNormal() }
            let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return values.map { $0 / length }
        }
        var shots: [Shot] = []
        var start = 0.0
        while start < seconds {
            let from = direction()
            let drift = direction()
            shots.append(Shot(start: start, from: from, to: zip(from, drift).map { $0 + 0.3 * $1 }))
            start += 2 + 5 * generator.nextUniform()
        }
        self.shots = shots
        duration = seconds
    }

    /// What is on screen at a time.
    private func frame(at time: Double) -> [Double] {
        let number = (shots.lastIndex { $0.start <= time }) ?? 0
        let stop = number + 1 < shots.count ? shots[number + 1].start : duration
        let share = min(1, max(0, (time - shots[number].start) / (stop - shots[number].start)))
        return zip(shots[number].from, shots[number].to).map { $0 + share * ($1 - $0) }
    }

    /// The clip of the film's times `start`…`stop`.
    func gaussian(_ start: Double, _ stop: Double) -> Gaussian {
        var mean = [Double](repeating: 0, count: Self.dimension)
        for i in 0..<8 {
            let frame = frame(at: start + (Double(i) + 0.5) / 8 * (stop - start))
            for d in 0..<Self.dimension { mean[d] += frame[d] / 8 }
        }
        return Gaussian(
            mean: mean.map { Float($0) },
            logVariance: Array(repeating: Self.logVariance, count: Self.dimension))
    }

    /// A part of the film as a video of its own, played at a speed, cut into clips of 2 s.
    func track(
        _ start: Double = 0, _ stop: Double? = nil, speed: Double = 1, stride: Double = 2,
        at place: Double = 0
    ) -> ClipTrack {
        let seconds = ((stop ?? duration) - start) / speed
        let count = max(1, Int((seconds - 2) / stride + 1e-9) + 1)
        let intervals = (0..<count).map {
            TimeRange(start: Double($0) * stride, stop: Double($0) * stride + min(2, seconds))
        }
        return ClipTrack(
            intervals: intervals.map { TimeRange(start: place + $0.start, stop: place + $0.stop) },
            gaussians: intervals.map { gaussian(start + $0.start * speed, start + $0.stop * speed) })
    }
}

extension ClipTrack {
    /// One after the other; the second one's times are those that it has.
    static func + (a: ClipTrack, b: ClipTrack) -> ClipTrack {
        ClipTrack(
            intervals: a.intervals + b.intervals, gaussians: a.gaussians + b.gaussians,
            weights: a.weights + b.weights)
    }
}

/// Length of the intersection by length of the union.
func overlap(_ a: TimeRange, _ start: Double, _ stop: Double) -> Double {
    max(0, min(a.stop, stop) - max(a.start, start)) / (max(a.stop, stop) - min(a.start, start))
}
