import Base
import Foundation
import Retrieval
import VideoDecoding

/// A film of blobs that wander over a striped wall, as `change` alters the place and level of its pixels.
struct MovingPictures {
    var seed: Double
    var seconds = 8.0
    /// x, y in 0…1 of the altered picture → x, y of the film's.
    var place: (Double, Double) -> (Double, Double) = { ($0, $1) }
    var level: (Double) -> Double = { $0 }
    /// How much smaller the blobs are, in area.
    var sharpness = 1.0
    /// Seconds of the film at a second of the altered one.
    var time: (Double) -> Double = { $0 }

    private func grey(_ x: Double, _ y: Double, _ t: Double) -> Double {
        guard (0...1).contains(x), (0...1).contains(y) else { return 0 }
        var value = 110 + 50 * sin(9 * x) * cos(7 * y)
        for blob in 0..<3 {
            let phase = seed + 2.1 * Double(blob)
            let cx = 0.5 + 0.35 * sin(phase + 0.9 * t * (1 + 0.3 * Double(blob)))
            let cy = 0.5 + 0.3 * cos(1.7 * phase + 0.7 * t)
            value += 90 * exp(-sharpness * ((x - cx) * (x - cx) + (y - cy) * (y - cy)) / 0.01)
        }
        return value
    }

    /// Of its clips of two seconds.
    var intervals: [TimeRange] {
        (0..<Int(seconds / 2)).map { TimeRange(start: Double(2 * $0), stop: Double(2 * $0 + 2)) }
    }

    var signatures: [ClipSignature] {
        let geometry = FrameGeometry(width: 56, height: 56)
        return intervals.map { (interval: TimeRange) -> ClipSignature in
            var frames: [UInt8] = []
            for frame in 0..<8 {
                let t = time(interval.start + (Double(frame) + 0.5) * 0.25)
                for y in 0..<56 {
                    for x in 0..<56 {
                        let (u, v) = place((Double(x) + 0.5) / 56, (Double(y) + 0.5) / 56)
                        let byte = UInt8(min(max(level(grey(u, v, t)), 0), 255))
                        frames += [byte, byte, byte]
                    }
                }
            }
            return ClipSignature(
                Clip(interval: interval, frames: frames), plan: ClipPlan(), geometry: geometry)
        }
    }

    var track: PictureTrack { PictureTrack(intervals: intervals, signatures: signatures)! }
}
