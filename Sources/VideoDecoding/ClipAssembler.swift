import Base
import Glibc

/// Decides which instants of a video are needed and puts the pictures seen there together to clips.
///
/// Pure bookkeeping in presentation time: it knows neither files nor FFmpeg. With T frames a clip, duration d,
/// stride s, δ = d/T, and a range [a, b) of a video that ends at E:
///
/// - Clip k is [a + k·s, a + k·s + d); its frame i is the picture on screen at a + k·s + (i + ½)·δ.
/// - A clip is whole when all its instants lie before min(b, E); its interval is cut off there.
/// - What is left behind the last whole clip, where it holds at least half of min(s, d), becomes one final clip:
///   the latest one on the last clip's grid of δ that is whole, so that it overlaps the clip before it.
///   Where clips leave gaps (s > d), what is left is one more gap.
/// - If not even one clip is whole, the caller makes one clip of [a, min(b, E)) with `init(single:…)`.
///
/// - Of clips that lie one behind the other in the time of one picture, `stretch` makes one that lasts as long as all.
///
/// A picture is needed only at an instant, and each is needed when it is on screen: memory is that of the
/// clips in progress.
struct ClipAssembler {
    /// One frame as the clips hold it.
    struct Picture {
        var pixels: UnsafeBufferPointer<UInt8>
        /// Whether it is what the file holds, nothing concealed or guessed.
        var isSound: Bool
    }

    private struct Pending {
        var start: Double
        var filled = 0
        var frames: [UInt8]
        var sound: [Bool] = []

        mutating func append(_ picture: Picture) {
            frames.append(contentsOf: picture.pixels)
            sound.append(picture.isSound)
            filled += 1
        }
    }

    /// The last whole clip and the pictures on its grid behind it.
    private struct Tail {
        var start: Double
        var frames: [UInt8]
        var sound: [Bool]
        var extra: [UInt8] = []
        var extraSound: [Bool] = []
        var extraCount: Int { extraSound.count }

        mutating func append(_ picture: Picture) {
            extra.append(contentsOf: picture.pixels)
            extraSound.append(picture.isSound)
        }
    }

    /// An instant on the border of two frames means the later one; rounding must not decide it.
    private static let rounding = 1e-6

    private let frameCount: Int
    private let frameBytes: Int
    private let duration: Double
    private let stride: Double
    private let spacing: Double
    private let start: Double
    private let stop: Double
    private let isSingle: Bool
    /// Pictures that can lie behind a whole clip before the next one is whole.
    private let extraLimit: Int
    /// A Double, since a damaged file may have times whose clip number is beyond Int.
    private var nextIndex = 0.0
    private var pending: [Pending] = []
    private var tail: Tail?
    /// Whole clips whose end has not been passed yet.
    private var waiting: [Clip] = []
    private var ready: [Clip] = []
    private(set) var wholeClips = 0
    /// The frames of the clip that was handed out last.
    private var lastFrames: [UInt8] = []

    init(plan: ClipPlan, start: Double, stop: Double, frameBytes: Int) {
        self.init(
            frameCount: plan.framesPerClip, duration: plan.clipDuration, stride: plan.clipStride,
            start: start,
            stop: stop, frameBytes: frameBytes, isSingle: false)
    }

    /// One clip of the whole interval, whatever its length.
    init(single interval: TimeRange, frameCount: Int, frameBytes: Int) {
        self.init(
            frameCount: frameCount, duration: interval.duration, stride: .infinity, start: interval.start,
            stop: interval.stop, frameBytes: frameBytes, isSingle: true)
    }

    private init(
        frameCount: Int, duration: Double, stride: Double, start: Double, stop: Double, frameBytes: Int,
        isSingle: Bool
    ) {
        self.frameCount = frameCount
        self.frameBytes = frameBytes
        self.duration = duration
        self.stride = stride
        self.spacing = duration / Double(frameCount)
        self.start = start
        self.stop = stop
        self.isSingle = isSingle
        // The factor keeps strides that are a multiple of δ but for rounding from asking one more.
        let extra = stride <= duration ? (stride / spacing * (1 - 1e-12)).rounded(.up) - 1 : 0
        self.extraLimit = max(0, min(Int(extra), frameCount))
    }

    /// The next instant whose picture is needed; infinite if none is left before the range ends.
    var nextInstant: Double {
        var instant = newClipInstant
        for clip in pending { instant = min(instant, self.instant(clip.filled, of: clip.start)) }
        instant = min(instant, tailInstant)
        return instant < stop ? instant : .infinity
    }

    private var newClipStart: Double { nextIndex == 0 ? start : start + nextIndex * stride }

    private var newClipInstant: Double {
        isSingle && nextIndex > 0 ? .infinity : instant(0, of: newClipStart)
    }

    private var tailInstant: Double {
        guard let tail, tail.extraCount < extraLimit else { return .infinity }
        return instant(frameCount + tail.extraCount, of: tail.start)
    }

    private func instant(_ index: Int, of start: Double) -> Double {
        start + (Double(index) + 0.5) * spacing + Self.rounding
    }

    /// Gives `picture` to every instant before `limit`; it must be the one on screen at them all.
    mutating func fill(before limit: Double, with picture: Picture) {
        let limit = min(limit, stop)
        while tailInstant < limit { tail?.append(picture) }
        while true {
            // All clips are equally long, so the first one in progress is the first to become whole.
            for index in pending.indices {
                while pending[index].filled < frameCount,
                    instant(pending[index].filled, of: pending[index].start) < limit
                {
                    pending[index].append(picture)
                }
            }
            while let first = pending.first, first.filled == frameCount {
                pending.removeFirst()
                complete(first)
                while tailInstant < limit { tail?.append(picture) }
            }
            guard newClipInstant < limit else { return }
            var clip = Pending(start: newClipStart, frames: [])
            clip.frames.reserveCapacity(frameCount * frameBytes)
            pending.append(clip)
            nextIndex += 1
        }
    }

    private mutating func complete(_ clip: Pending) {
        let interval = TimeRange(start: clip.start, stop: min(clip.start + duration, stop))
        waiting.append(
            Clip(interval: interval, frames: clip.frames, soundShare: Self.share(clip.sound)))
        wholeClips += 1
        if extraLimit > 0 { tail = Tail(start: clip.start, frames: clip.frames, sound: clip.sound) }
    }

    /// Releases the whole clips that end at or before `time`, which decoding has reached.
    mutating func release(until time: Double) {
        while let first = waiting.first, first.interval.stop <= time {
            ready.append(waiting.removeFirst())
        }
    }

    /// Gives `picture`, which is on screen from `begin` to `limit`, to every instant before `limit`, and makes one clip of
    /// all those that hold nothing else.
    mutating func stretch(from begin: Double, to limit: Double, with picture: Picture) {
        let limit = min(limit, stop)
        let first = max(0, ((begin - instant(0, of: start)) / stride).rounded(.up))
        let last = ((limit - instant(frameCount - 1, of: start)) / stride).rounded(.up) - 1
        guard !isSingle, last > first else { return fill(before: limit, with: picture) }
        let (firstStart, lastStart) = (start + first * stride, start + last * stride)
        fill(before: instant(frameCount - 1, of: firstStart).nextUp, with: picture)
        if let place = waiting.lastIndex(where: { $0.interval.start == firstStart }) {
            waiting[place].interval.stop = min(lastStart + duration, stop)
            pending.removeAll { $0.start <= lastStart }
            if let tail, extraLimit > 0 {
                self.tail = Tail(start: lastStart, frames: tail.frames, sound: tail.sound)
            }
            nextIndex = last + 1
        }
        fill(before: limit, with: picture)
    }

    /// Ends the last clips at `end`, the end of the video or of the range.
    mutating func finish(at end: Double) {
        let end = min(end, stop)
        for clip in waiting {
            var clip = clip
            clip.interval.stop = min(clip.interval.stop, end)
            ready.append(clip)
        }
        waiting.removeAll()
        if let tail, tail.extraCount > 0,
            end - (tail.start + duration) >= min(stride, duration) / 2 - Self.rounding
        {
            let begin = tail.start + Double(tail.extraCount) * spacing
            var frames: [UInt8] = []
            frames.reserveCapacity(frameCount * frameBytes)
            frames.append(contentsOf: tail.frames[(tail.extraCount * frameBytes)...])
            frames.append(contentsOf: tail.extra)
            let sound = tail.sound[tail.extraCount...] + tail.extraSound
            ready.append(
                Clip(
                    interval: TimeRange(start: begin, stop: min(begin + duration, end)), frames: frames,
                    soundShare: Self.share(sound)))
        }
        tail = nil
        pending.removeAll()
        nextIndex = .infinity
    }

    private static func share(_ sound: some Collection<Bool>) -> Double {
        Double(sound.count { $0 }) / Double(max(1, sound.count))
    }

    /// The next finished clip, in order of time.
    mutating func takeReady() -> Clip? {
        guard !ready.isEmpty else { return nil }
        var clip = ready.removeFirst()
        clip.isRepeat = clip.frames.isSame(as: lastFrames)
        lastFrames = clip.frames
        return clip
    }
}

extension [UInt8] {
    fileprivate func isSame(as other: [UInt8]) -> Bool {
        guard count == other.count, !isEmpty else { return false }
        return withUnsafeBytes { own in
            other.withUnsafeBytes { memcmp(own.baseAddress!, $0.baseAddress!, own.count) == 0 }
        }
    }
}
