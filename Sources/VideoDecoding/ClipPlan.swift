/// A half-open interval of presentation time, [start, stop), in seconds from the video's first frame.
public struct TimeRange: Sendable, Hashable, Codable {
    /// The first second inside.
    public var start: Double
    /// The first second outside; may be infinite.
    public var stop: Double
    /// Seconds.
    public var duration: Double { stop - start }

    /// From `start` to just before `stop`.
    public init(start: Double, stop: Double) {
        self.start = start
        self.stop = stop
    }
}

/// How a video is cut into clips and each clip into frames, by presentation time.
public struct ClipPlan: Sendable, Hashable, Codable {
    /// Frames of one clip (T).
    public var framesPerClip: Int
    /// Length of one clip in seconds; frame k is the one on screen at start + (k + ½)·duration/T.
    public var clipDuration: Double
    /// Seconds from the start of one clip to the start of the next.
    public var clipStride: Double

    /// Defaults as the default model wants them.
    public init(framesPerClip: Int = 8, clipDuration: Double = 2, clipStride: Double = 2) {
        self.framesPerClip = framesPerClip
        self.clipDuration = clipDuration
        self.clipStride = clipStride
    }
}

/// The size of the frames a clip holds and how a picture is brought to it.
public struct FrameGeometry: Sendable, Hashable, Codable {
    /// How a picture of another shape is brought to the size.
    public enum Fit: Sendable, Hashable, Codable {
        /// The whole picture, its aspect ratio given up.
        case stretch
        /// Scaled to `resizeWidth` × `resizeHeight` (or, where the width is nil, to a short side of
        /// `resizeHeight` with the aspect ratio kept), then the centre cut out.
        case centerCrop(resizeWidth: Int?, resizeHeight: Int)
    }
    /// Pixels.
    public var width: Int
    /// Pixels.
    public var height: Int
    /// What becomes of another aspect ratio.
    public var fit: Fit

    /// Frames of `width` × `height` pixels.
    public init(width: Int, height: Int, fit: Fit = .stretch) {
        self.width = width
        self.height = height
        self.fit = fit
    }

    /// Bytes of one RGB frame.
    public var frameBytes: Int { width * height * 3 }
}

/// A few seconds of video as the encoder wants them.
public struct Clip: Sendable {
    /// The part of the video that the clip stands for.
    public var interval: TimeRange
    /// RGB, 8 bits a channel, T × height × width × 3, row-major.
    public var frames: [UInt8]
    /// Whether the frames are those of the clip before it, byte by byte: what is made of one holds for both.
    public var isRepeat = false
    /// How many of the frames are what the file holds, 0…1: the others are broken, concealed, or build on such ones.
    public var soundShare: Double

    /// `frames` holds T × height × width × 3 bytes.
    public init(interval: TimeRange, frames: [UInt8], soundShare: Double = 1) {
        self.interval = interval
        self.frames = frames
        self.soundShare = soundShare
    }
}

/// What a file says of its video stream, after rotation and sample aspect ratio.
public struct StreamFacts: Sendable, Hashable, Codable {
    /// FFmpeg's name of the container format, such as "matroska,webm".
    public var container: String
    /// FFmpeg's name of the codec, such as "h264".
    public var codec: String
    /// Pixels as displayed.
    public var width: Int
    /// Pixels as displayed.
    public var height: Int
    /// Seconds; from the container at first, measured once the file was read to its end.
    public var duration: Double?
    /// Average frames a second, where known.
    public var frameRate: Double?
    /// Whether time stamps were wrong and put right.
    public var areTimesMended: Bool
    /// How much of what the file says it holds could be decoded soundly, 0…1: frames that are broken, concealed or cut off are
    /// not. 1 until the file was read to its end.
    public var decodedShare: Double

    /// Whether more is missing than a broken frame here or there.
    public var isDamaged: Bool { decodedShare < 0.99 }

    /// All facts at once.
    public init(
        container: String, codec: String, width: Int, height: Int, duration: Double?, frameRate: Double?,
        areTimesMended: Bool = false, decodedShare: Double = 1
    ) {
        self.container = container
        self.codec = codec
        self.width = width
        self.height = height
        self.duration = duration
        self.frameRate = frameRate
        self.areTimesMended = areTimesMended
        self.decodedShare = decodedShare
    }
}
