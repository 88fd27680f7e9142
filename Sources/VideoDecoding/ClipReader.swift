import Base

/// Reads one video file clip by clip; memory does not grow with the video's length.
///
/// Clips come in the order of time. Clip k covers [a + k·stride, a + k·stride + duration), where a is the start
/// of the range. A clip is given if the instants of all its frames lie before the end of the video and the range. What
/// is left behind the last such clip, where it holds half of min(stride, duration), gives one
/// more clip that reaches as near to the end as the clip's frame spacing allows, and overlaps the clip before it.
/// A video or range that is too short for one clip gives one clip of all it has. A picture that stands
/// for more than ten seconds gives one clip for all the time that it stands.
///
/// Broken packets are passed over; only a file without any frame is an error. Nothing but the file itself is ever
/// opened: no network, no files that a playlist or container names.
public final class ClipReader {
    /// What the file says of its video stream; the duration is measured once `next()` gave nil, unless
    /// the range ended before the video.
    public private(set) var facts: StreamFacts
    /// Frames decoded so far, those decoded again included.
    package private(set) var decodedFrames = 1
    /// Frames scaled and turned to RGB so far.
    package private(set) var convertedFrames = 0
    private let options: ReadingOptions
    private let file: RegularFile
    private let interruption: Interruption
    private let range: TimeRange
    private let converter: ViewsConverter
    private var frames: FrameReader
    private var assembler: ClipAssembler
    /// Time of the frame that waits for its successor, which says how long it is on screen.
    private var shownFrom = 0.0
    private var picture: ClipAssembler.Picture?
    /// Set by a seek: the instant at or before which the next frame must lie.
    private var landing: Double?
    /// Whether frames were left out between the shown one and the next.
    private var hasJumped = false
    private var seeks: Bool
    /// Seeks that landed at or before the shown frame.
    private var fruitlessSeeks = 0
    /// Whether the assembler makes one clip of all there is.
    private var isSingle = false
    /// The end that one clip was planned by before it was known.
    private var expectedEnd: Double?
    private var isFinished = false
    private var failure: VideoError?

    /// Opens the file and its video stream and decodes the first frame.
    ///
    /// Throws every reason of `VideoError` but `.emptyRange`, which shows only at the video's end.
    public init(path: String, options: ReadingOptions) throws(VideoError) {
        self.options = options
        let range = options.range ?? TimeRange(start: 0, stop: .infinity)
        self.range = TimeRange(start: max(0, range.start), stop: range.stop)
        guard range.start < range.stop, self.range.start < range.stop, self.range.start.isFinite else {
            throw VideoError(path: path, reason: .emptyRange, detail: "the range holds no time")
        }
        file = try RegularFile(path: path)
        let interruption = Interruption(
            timeLimit: options.timeLimit, growth: options.timeLimitGrowth, isCancelled: options.isCancelled)
        self.interruption = interruption
        interruption.resume()
        defer { interruption.pause() }
        converter = ViewsConverter(geometry: options.geometry, views: options.views)
        seeks = options.seeks
        frames = try FrameReader(
            file: file, interruption: interruption, threads: options.threads, stream: options.stream,
            admitsPictures: options.admitsPictures)
        assembler = Self.clips(options, range: self.range)
        shownFrom = try frames.advance() ?? 0
        frames.promote()
        facts = frames.facts()
        expectOneClip()
    }

    private static func clips(_ options: ReadingOptions, range: TimeRange) -> ClipAssembler {
        ClipAssembler(
            plan: options.plan, start: range.start, stop: range.stop, frameBytes: options.frameBytes)
    }

    private func makeSingle(until end: Double) {
        isSingle = true
        assembler = ClipAssembler(
            single: TimeRange(start: range.start, stop: end), frameCount: options.plan.framesPerClip,
            frameBytes: options.frameBytes)
    }

    /// Where the container says that the video is too short for a clip, takes it at its word, to be checked at the
    /// end: a right word saves decoding a short video twice.
    private func expectOneClip() {
        let end = min(facts.duration ?? .infinity, range.stop)
        let plan = options.plan
        let firstWhole = plan.clipDuration * (1 - 0.5 / Double(plan.framesPerClip))
        guard end > range.start, end - range.start < firstWhole else { return }
        expectedEnd = end
        makeSingle(until: end)
    }

    /// The next clip, or nil at the end.
    ///
    /// Throws `.timeLimit`, `.cancelled`, `.readFailed`, and `.emptyRange` where the video ends before the range.
    public func next() throws(VideoError) -> Clip? {
        if let failure { throw failure }
        interruption.resume()
        defer { interruption.pause() }
        do throws(VideoError) {
            while true {
                if let clip = assembler.takeReady() {
                    // One picture may give hundreds of clips, which take their user minutes.
                    try interruption.check(path: file.path)
                    return clip
                }
                if isFinished { return nil }
                try step()
            }
        } catch {
            failure = error
            throw error
        }
    }

    /// Goes from the shown frame to the next one, which says how long the shown one stays on screen.
    private func step() throws(VideoError) {
        let wanted = assembler.nextInstant
        if seeks { try skip(toward: min(wanted, range.stop)) }
        hasJumped = false
        let next = try nextTime()
        let shownUntil = next ?? frames.end
        // A picture that stands for long must not become clips without end. After a seek nothing is known of
        // the time in between, but nothing is wanted there either.
        let isStill = !isSingle && !hasJumped && shownUntil > shownFrom + Self.longestStill
        if isStill {
            assembler.stretch(from: shownFrom, to: shownUntil, with: try converted())
        } else if wanted < shownUntil {
            assembler.fill(before: shownUntil, with: try converted())
        }
        let reached = min(shownUntil, range.stop)
        if let expectedEnd {
            if reached > expectedEnd + Self.tolerance {
                self.expectedEnd = nil
                isSingle = false
                assembler = Self.clips(options, range: range)
                return try restart(until: 0)
            }
        } else {
            assembler.release(until: shownUntil)
        }
        guard let next, next < range.stop else {
            if next == nil {
                facts.duration = shownUntil
                facts.areTimesMended = frames.clock.largestError > Self.leastMend
                facts.decodedShare = frames.decodedShare
            }
            return try finish(at: reached)
        }
        show(next)
    }

    /// A picture that stands for longer gives one clip for all the time that it stands.
    private static let longestStill = 10.0
    /// Seconds by which a stamp is wrong that is worth a word. Streams without a stamp for every frame are a few frames wrong.
    private static let leastMend = 0.5
    /// Ends that differ by no more than rounding.
    private static let tolerance = 1e-7

    private func show(_ time: Double) {
        frames.promote()
        interruption.noteFrame(seconds: time - shownFrom)
        shownFrom = time
        picture = nil
    }

    /// The shown frame as the clips hold it, converted when it is needed for the first time.
    private func converted() throws(VideoError) -> ClipAssembler.Picture {
        if let picture { return picture }
        let made = converter.convert(
            frames.shown.pointer, orientation: frames.orientation, sampleAspect: frames.sampleAspect)
        guard let made else {
            throw VideoError(
                path: file.path, reason: .damaged, detail: "its pictures cannot be converted to RGB")
        }
        let picture = ClipAssembler.Picture(pixels: made, isSound: frames.isShownWhole)
        self.picture = picture
        convertedFrames += 1
        return picture
    }

    private func finish(at end: Double) throws(VideoError) {
        guard end > range.start else {
            throw VideoError(
                path: file.path, reason: .emptyRange,
                detail: "the range starts at \(range.start) s, but the video ends at \(end) s")
        }
        let isTooLate = expectedEnd.map { end < $0 - Self.tolerance } ?? false
        expectedEnd = nil
        if isTooLate || (assembler.wholeClips == 0 && !isSingle) {
            // Only now is the length known by which the instants are spaced.
            makeSingle(until: end)
            if shownFrom > range.start { return try restart(until: 0) }
        }
        // One picture fills it all; or the file became shorter since the length was measured.
        if assembler.wholeClips == 0 { assembler.fill(before: .infinity, with: try converted()) }
        assembler.finish(at: end)
        isFinished = true
    }

    // MARK: - Seeking

    /// Seeks where that pays and remembers to verify it.
    private func skip(toward target: Double) throws(VideoError) {
        guard landing == nil, target.isFinite else { return }
        switch frames.skip(from: shownFrom, toward: target) {
        case .stayed: break
        case .moved: landing = target
        case .lost: try readStraight()
        }
    }

    /// The time of the next frame; after a seek, only once it is sure to be the one that reading straight through
    /// would give.
    private func nextTime() throws(VideoError) -> Double? {
        var landedBehind = false
        while true {
            let time = try frames.advance()
            if time != nil { decodedFrames += 1 }
            guard let target = landing else { return time }
            guard let time, frames.isUpcomingSound, !frames.clock.hasGuessed else {
                try readStraight()
                continue
            }
            if time <= shownFrom {
                if !landedBehind { fruitlessSeeks += 1 }
                landedBehind = true
                if fruitlessSeeks > 2 { frames.giveUpSeeking() }
                continue
            }
            if time > target {
                try readStraight()
                continue
            }
            landing = nil
            hasJumped = true
            return time
        }
    }

    /// After a seek that went wrong: from the start of the file to the shown frame, and no seeks any more.
    private func readStraight() throws(VideoError) {
        seeks = false
        try restart(until: shownFrom)
    }

    private func restart(until time: Double) throws(VideoError) {
        landing = nil
        frames = try FrameReader(
            file: file, interruption: interruption, threads: options.threads, stream: options.stream,
            admitsPictures: options.admitsPictures)
        repeat {
            guard let next = try frames.advance() else { return }
            decodedFrames += 1
            show(next)
        } while shownFrom < time
    }
}
