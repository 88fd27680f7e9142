import Base
import VideoDecoding

/// The clips of a file as they came, of which those that repeat the one before are encoded once.
struct ClipOrder: Sendable {
    private var intervals: [TimeRange] = []
    /// Of each, its place among the encoded ones.
    private var places: [Int] = []
    /// Whether most of its frames are what the file holds.
    private var areSound: [Bool] = []

    /// Notes the next clip; false where the one before it stands for it.
    mutating func mustEncode(_ clip: Clip) -> Bool {
        let isNew = !clip.isRepeat || places.isEmpty
        places.append((places.last ?? -1) + (isNew ? 1 : 0))
        intervals.append(clip.interval)
        areSound.append(clip.soundShare >= 0.5)
        return isNew
    }

    /// Equal clips that last longer together are one, as a single frame that stands so long is.
    private static let longestStill = 10.0

    /// All clips, from what the encoded ones became, in their order. Those are left out that show little but what a decoder made up,
    /// unless there are no others.
    func all(_ encoded: [EncodedClip]) -> [EncodedClip] {
        guard areSound.contains(false) || encoded.count < places.count else { return encoded }
        let takesAll = !areSound.contains(true)
        var clips: [EncodedClip] = []
        var first = 0
        while first < places.count {
            let next = places[first...].firstIndex { $0 != places[first] } ?? places.count
            var run = (first..<next).filter { takesAll || areSound[$0] }.map { intervals[$0] }
            if let start = run.first?.start, let stop = run.last?.stop, stop - start > Self.longestStill {
                run = [TimeRange(start: start, stop: stop)]
            }
            for interval in run {
                var clip = encoded[places[first]]
                clip.interval = interval
                clips.append(clip)
            }
            first = next
        }
        return clips
    }
}
