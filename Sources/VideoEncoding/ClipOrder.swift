import VideoDecoding

/// The clips of a file as they came, of which those that repeat the one before are encoded once.
struct ClipOrder: Sendable {
    private var intervals: [TimeRange] = []
    /// Of each, its place among the encoded ones.
    private var places: [Int] = []

    /// Notes the next clip; false where the one before it stands for it.
    mutating func mustEncode(_ clip: Clip) -> Bool {
        let isNew = !clip.isRepeat || places.isEmpty
        places.append((places.last ?? -1) + (isNew ? 1 : 0))
        intervals.append(clip.interval)
        return isNew
    }

    /// All clips, from what the encoded ones became, in their order.
    func all(_ encoded: [EncodedClip]) -> [EncodedClip] {
        guard encoded.count < places.count else { return encoded }
        return zip(intervals, places).map { interval, place in
            var clip = encoded[place]
            clip.interval = interval
            return clip
        }
    }
}
