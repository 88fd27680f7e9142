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

/// A file's claims about its video stream, after rotation and sample aspect ratio.
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

    /// Further films that the file holds, beside the stream that was read; an index does not keep the number.
    public var otherStreams: Int

    /// Whether the file is a still picture, by FFmpeg's names of such formats.
    public var isPicture: Bool { container.hasSuffix(Self.pictureEnding) }
    package static let pictureEnding = "_pipe"

    /// Whether more is missing than a broken frame here or there.
    public var isDamaged: Bool { decodedShare < 0.99 }

    /// Width by height, as displayed; nil where the file does not say.
    public var shape: Double? { width > 0 && height > 0 ? Double(width) / Double(height) : nil }

    /// All facts at once.
    public init(
        container: String, codec: String, width: Int, height: Int, duration: Double?, frameRate: Double?,
        areTimesMended: Bool = false, decodedShare: Double = 1, otherStreams: Int = 0
    ) {
        self.container = container
        self.codec = codec
        self.width = width
        self.height = height
        self.duration = duration
        self.frameRate = frameRate
        self.areTimesMended = areTimesMended
        self.decodedShare = decodedShare
        self.otherStreams = otherStreams
    }
}
