import Base
import VideoDecoding
import VideoEncoding

/// How fast clips become Gaussians, decoding left out.
public enum EncodingBenchmark {
    /// What was measured.
    public struct Result: Sendable {
        /// Clips of one run.
        public var clips: Int
        /// Threads of the session.
        public var threads: Int
        /// "bfloat16" or "float32".
        public var precision: String
        /// Of one run, median over the runs.
        public var seconds: Double
        /// Median over the runs.
        public var clipsPerSecond: Double
        /// Seconds of video encoded in a second of time, at one clip a stride.
        public var timesRealTime: Double
    }

    /// Encodes made-up clips `repeats` times, after one run that is not counted.
    ///
    /// The clips are seeded noise: a network's time does not depend on what it sees.
    public static func run(
        encoder: VideoEncoder, threads: Int, clips count: Int, repeats: Int
    ) throws(ModelError) -> Result {
        let plan = encoder.configuration.plan
        let session = try encoder.makeSession(threads: threads)
        let bytes = plan.framesPerClip * encoder.configuration.geometry.frameBytes
        var state: UInt64 = 1
        let clips = (0..<count).map { number in
            Clip(
                interval: TimeRange(start: Double(number), stop: Double(number) + 1),
                frames: (0..<bytes).map { _ in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return UInt8(truncatingIfNeeded: state >> 56)
                })
        }
        _ = try session.encode(clips)
        var times: [Double] = []
        for _ in 0..<repeats {
            times.append(try seconds { () throws(ModelError) in _ = try session.encode(clips) })
        }
        let rate = Double(count) / median(times)
        return Result(
            clips: count, threads: threads, precision: "\(encoder.precision)", seconds: median(times),
            clipsPerSecond: rate, timesRealTime: rate * plan.clipStride)
    }
}
