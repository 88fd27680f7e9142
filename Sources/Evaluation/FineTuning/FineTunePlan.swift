import Distributions

/// Which clips make which step of a fine-tuning: a function of the seed and the step alone.
///
/// An epoch is the training videos in a new order, one clip of each, drawn evenly among its clips. Epochs follow one
/// another without a gap, so that every step has the same number of clips; the last clips that fill no step are left out.
package struct FineTunePlan: Sendable {
    /// One clip of a step.
    package struct Example: Sendable, Equatable {
        package var video: Int
        package var clip: Int
        /// From 0.
        package var epoch: Int
        /// Pixels by which all of its frames are shifted, right and down.
        package var shift: SIMD2<Int>
    }
    package let steps: Int
    package let batch: Int
    private let train: [Int]
    private let clipCounts: [Int]
    private let reach: SIMD2<Int>
    private let seed: String

    /// - Parameters:
    ///   - train: videos, not none.
    ///   - clipCounts: of every video.
    ///   - batch: clips a step, at most as many as there are training videos.
    ///   - reach: pixels by which a clip may be shifted either way, across and down.
    ///   - seed: names the run and its fold.
    package init(
        train: [Int], clipCounts: [Int], epochs: Int, batch: Int, reach: SIMD2<Int>, seed: String
    ) {
        precondition((1...max(1, train.count)).contains(batch) && epochs > 0 && !train.isEmpty)
        steps = epochs * train.count / batch
        self.batch = batch
        self.train = train
        self.clipCounts = clipCounts
        self.reach = reach
        self.seed = seed
    }

    /// The clips of a step, counted from 0.
    package func examples(step: Int) -> [Example] {
        precondition((0..<steps).contains(step))
        var order: (epoch: Int, videos: [Int]) = (-1, [])
        return (step * batch..<(step + 1) * batch).map { number in
            let (epoch, place) = number.quotientAndRemainder(dividingBy: train.count)
            if order.epoch != epoch {
                var generator = SeededGenerator(seed: "\(seed), epoch \(epoch)")
                order = (epoch, train.shuffled(using: &generator))
            }
            let video = order.videos[place]
            var generator = SeededGenerator(seed: "\(seed), clip \(number)")
            let clip = Int.random(in: 0..<max(1, clipCounts[video]), using: &generator)
            let across = Int.random(in: -reach.x...reach.x, using: &generator)
            let down = Int.random(in: -reach.y...reach.y, using: &generator)
            return Example(video: video, clip: clip, epoch: epoch, shift: SIMD2(across, down))
        }
    }

    /// Shifts every frame of a clip, the edges repeated; `source` and `target` are T × height × width × 3 bytes.
    package static func shift(
        _ source: UnsafeBufferPointer<UInt8>, by shift: SIMD2<Int>, width: Int, height: Int,
        into target: UnsafeMutableBufferPointer<UInt8>
    ) {
        precondition(source.count == target.count && source.count % (3 * width * height) == 0)
        precondition(abs(shift.x) < width && abs(shift.y) < height)
        for frame in stride(from: 0, to: source.count, by: 3 * width * height) {
            for y in 0..<height {
                let from = frame + 3 * width * min(max(y - shift.y, 0), height - 1)
                let to = frame + 3 * width * y
                for x in 0..<width {
                    let other = from + 3 * min(max(x - shift.x, 0), width - 1)
                    for color in 0..<3 { target[to + 3 * x + color] = source[other + color] }
                }
            }
        }
    }
}
