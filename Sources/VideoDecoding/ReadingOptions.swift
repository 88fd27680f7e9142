import Base

/// Settings of one reading.
public struct ReadingOptions: Sendable {
    /// How the video is cut into clips.
    public var plan: ClipPlan
    /// The size of the frames, and how they are brought to it.
    public var geometry: FrameGeometry
    /// The part of the video to read; nil reads it all.
    public var range: TimeRange?
    /// How the pictures are looked at; at least one way. Of several, every frame of a clip has one picture per view, one behind the
    /// other (`Clip.views`).
    public var views = [PictureView.plain]
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
    /// Whether a still picture is read as a video of one frame, and not refused.
    public var admitsPictures = false
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

    /// Bytes of a frame, in all views.
    var frameBytes: Int { views.count * geometry.frameBytes }
}
