import Base
import Distributions
import VideoDecoding
import VideoEncoding

extension EncoderSession {
    /// What the model makes of clips that show nothing: black, and television noise (seeded).
    package func emptyClips() throws(ModelError) -> [Gaussian] {
        let configuration = encoder.configuration
        let count = configuration.plan.framesPerClip * configuration.geometry.frameBytes
        var generator = SeededGenerator(seed: 1)
        // A grey value for each pixel's three channels.
        let noise = (0..<count / 3).flatMap { _ in
            let value = UInt8(truncatingIfNeeded: generator.next() >> 40)
            return [value, value, value]
        }
        let interval = TimeRange(start: 0, stop: configuration.plan.clipDuration)
        return try encode([
            Clip(interval: interval, frames: Array(repeating: 0, count: count)),
            Clip(interval: interval, frames: noise),
        ])
    }
}
