import Distributions

/// How the frames of a clip are taken out of a video, whose frames lie on a regular grid of time.
public struct TemporalSampling: Codable, Sendable, Equatable {
    /// Where the clips of one view begin.
    public enum Placement: String, Codable, Sendable {
        /// Anywhere, independent of each other.
        case random
        /// Clip n somewhere in the n-th of N equal parts of the video.
        case spread
    }
    /// What happens where a video is shorter than a clip.
    public enum ShortVideo: String, Codable, Sendable {
        /// The frames are spread over what there is, as at inference.
        case stretch
        /// The last frame stays.
        case hold
        /// It begins again.
        case loop
    }
    /// Where clips begin.
    public var placement = Placement.random
    /// What happens where a video is shorter than a clip.
    public var shortVideo = ShortVideo.stretch
    /// A clip is played at a speed between 1/(1 + jitter) and 1 + jitter, uniform in its logarithm; 0 is off.
    public var speedJitter: Double = 0
    /// All defaults.
    public init() {}

    func validate() throws(TrainingError) {
        try require(speedJitter, in: 0...3, "sampling.speed_jitter")
    }

    /// Grid indices of a clip's frames.
    ///
    /// - Parameters:
    ///   - frameCount: frames of the video, at least 1.
    ///   - step: grid frames from one frame of the clip to the next at speed 1.
    ///   - clip: n of `clips` in its view.
    ///   - key: stands for seed, step, video and clip.
    package func frameIndices(
        frameCount: Int, frames: Int, step: Double, clip: Int, clips: Int, key: UInt64
    ) -> [Int] {
        var generator = SeededGenerator(seed: key)
        // Both numbers are drawn in any case, so that a switch does not move what is drawn after it.
        let (place, pace) = (generator.nextUniform(), generator.nextUniform())
        let stride = step * exponential((2 * pace - 1) * logarithm(1 + speedJitter))
        let span = stride * Double(frames)
        let last = frameCount - 1
        guard span <= Double(frameCount) else {
            return (0..<frames).map { k in
                switch shortVideo {
                case .stretch: return min(last, Int((Double(k) + 0.5) * Double(frameCount) / Double(frames)))
                case .hold: return min(last, Int((Double(k) + 0.5) * stride))
                case .loop: return Int((Double(k) + 0.5) * stride) % frameCount
                }
            }
        }
        let free = Double(frameCount) - span
        let start: Double
        switch placement {
        case .random: start = place * free
        case .spread: start = (Double(clip) + place) / Double(clips) * free
        }
        return (0..<frames).map { min(last, Int(start + (Double($0) + 0.5) * stride)) }
    }
}
