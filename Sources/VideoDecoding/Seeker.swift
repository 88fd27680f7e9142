internal import CFFmpeg

/// Decides from a file's index whether seeking pays.
///
/// Only MP4 and Matroska are asked: they store presentation times and an index of keyframes. Reading straight
/// through decodes every frame up to the instant wanted, seeking those from the nearest keyframe before it;
/// so seeking pays where that keyframe lies well ahead, and never where groups of pictures are longer than the gaps
/// between the instants wanted.
struct Seeker {
    private var isPossible: Bool
    /// Matroska's index is read at the first seek, so that one is a try.
    private var loadsIndexLate: Bool
    /// Where the last seek was to lead: one that landed short of it is not tried again.
    private var lastTarget = -Double.infinity

    /// Less ahead than this does not pay for flushing the decoder and reading elsewhere.
    private static let leastSeconds = 0.5
    private static let leastFrames = 16.0

    init(isPossible: Bool, loadsIndexLate: Bool) {
        self.isPossible = isPossible
        self.loadsIndexLate = loadsIndexLate
    }

    /// The index does not say where seeks land.
    mutating func giveUp() { isPossible = false }

    /// The time stamp to seek to, or nil to read on.
    ///
    /// An index may hold decoding times, which run ahead of presentation by up to `delay` seconds.
    mutating func keyframeStamp(
        of stream: UnsafeMutablePointer<AVStream>, clock: FrameClock, from time: Double,
        toward target: Double,
        delay: Double, threads: Int
    ) -> Int64? {
        let least = max(Self.leastSeconds, (Self.leastFrames + Double(threads)) * clock.nominalDuration)
        guard isPossible, target - delay - time > least, target > lastTarget else { return nil }
        guard let stamp = Int64(exactly: clock.stamp(of: target).rounded(.down)),
            let indexed = Int64(exactly: clock.stamp(of: target - delay).rounded(.down))
        else { return nil }
        if loadsIndexLate {
            loadsIndexLate = false
        } else {
            let entry = avformat_index_get_entry_from_timestamp(stream, indexed, AVSEEK_FLAG_BACKWARD)
            guard let entry, clock.time(of: entry.pointee.timestamp) - time > least else { return nil }
        }
        lastTarget = target
        return stamp
    }
}
