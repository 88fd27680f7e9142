import Base

/// Settings of one reading.
public struct ReadingOptions: Sendable {
    /// How the video is cut into clips.
    public var plan: ClipPlan
    /// The size of the frames, and how they are brought to it.
    public var geometry: FrameGeometry
    /// The part of the video to read; nil reads it all.
    public var range: TimeRange?
    /// The number of the stream to read, as `VideoStream` has it; nil for the file's main one.
    public var stream: Int?
    /// Seconds of reading and decoding after which the file is given up with `.timeLimit`. Only time inside
    /// `ClipReader` counts, not what its user does between two clips.
    public var timeLimit: Double
    /// Seconds that the time limit grows for each second of video that was decoded: with 1, a film of hours is
    /// given up only if it is read slower than it plays, and a file that hangs as soon as before. A frame counts for a quarter of
    /// a second at most, whatever the file claims.
    public var timeLimitGrowth: Double
    /// Decoder threads; 1 where files are decoded in parallel.
    public var threads: Int
    /// Whether parts that no clip needs may be skipped by seeking, where a file's index shows that it pays.
    /// The clips are the same either way.
    public var seeks: Bool
    /// Asked now and then; true ends the reading with `.cancelled`.
    public var isCancelled: @Sendable () -> Bool

    /// Settings with the defaults that suit indexing.
    public init(
        plan: ClipPlan, geometry: FrameGeometry, range: TimeRange? = nil, stream: Int? = nil,
        timeLimit: Double = 600, timeLimitGrowth: Double = 0, threads: Int = 1, seeks: Bool = true,
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        precondition(plan.framesPerClip > 0 && plan.framesPerClip <= 1 << 16)
        precondition(plan.clipDuration >= 1e-3 && plan.clipDuration < 1e6)
        precondition(plan.clipStride >= 1e-3 && plan.clipStride < 1e6)
        precondition(geometry.width > 0 && geometry.width <= 8192)
        precondition(geometry.height > 0 && geometry.height <= 8192)
        self.plan = plan
        self.geometry = geometry
        self.range = range
        self.stream = stream
        self.timeLimit = timeLimit
        self.timeLimitGrowth = timeLimitGrowth
        self.threads = threads
        self.seeks = seeks
        self.isCancelled = isCancelled
    }
}

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
public struct ClipReader: ~Copyable {
    /// What the file says of its video stream; the duration is measured once `next()` gave nil, unless
    /// the range ended before the video.
    public var facts: StreamFacts { session.facts }

    /// Frames decoded so far, and how many of them were converted to RGB.
    package var work: (decoded: Int, converted: Int) { (session.decodedFrames, session.convertedFrames) }

    private let session: ReadingSession

    /// Opens the file and its video stream and decodes the first frame.
    ///
    /// Throws every reason of `VideoError` but `.emptyRange`, which shows only at the video's end.
    public init(path: String, options: ReadingOptions) throws(VideoError) {
        session = try ReadingSession(path: path, options: options)
    }

    /// The next clip, or nil at the end.
    ///
    /// Throws `.timeLimit`, `.cancelled`, `.readFailed`, and `.emptyRange` where the video ends before the range.
    public mutating func next() throws(VideoError) -> Clip? { try session.next() }
}
