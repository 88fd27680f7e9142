import Base

/// A small still picture of a video.
public struct Thumbnail: Sendable {
    /// A JPEG file.
    public var bytes: [UInt8]
    /// Pixels.
    public var width: Int
    /// Pixels.
    public var height: Int
    /// Where the picture came on screen, in seconds from the first frame.
    public var time: Double

    /// What the bytes are, for whoever shows them.
    public static let mediaType = "image/jpeg"
    /// The widths that may be asked for, in pixels.
    public static let widths = 16...1920

    /// What is asked of a picture.
    public struct Options: Sendable {
        /// Of the picture, at most; smaller videos are not made larger, and tall ones get at most twice as high as wide.
        public var width: Int
        /// Seconds of reading and decoding after which the file is given up with `.timeLimit`.
        public var timeLimit: Double
        /// The number of the stream to look at, as `VideoStream` has it; nil for the file's main one.
        public var stream: Int?
        /// Asked now and then; true ends the reading with `.cancelled`.
        public var isCancelled: @Sendable () -> Bool

        /// A picture of 320 pixels unless told otherwise.
        public init(
            width: Int = 320, timeLimit: Double = 60, stream: Int? = nil,
            isCancelled: @escaping @Sendable () -> Bool = { false }
        ) {
            precondition(Thumbnail.widths.contains(width), "too small or too large for a thumbnail")
            self.width = width
            self.timeLimit = timeLimit
            self.stream = stream
            self.isCancelled = isCancelled
        }
    }

    /// A picture that was made elsewhere.
    package init(bytes: [UInt8], width: Int, height: Int, time: Double) {
        self.bytes = bytes
        self.width = width
        self.height = height
        self.time = time
    }

    /// The picture on screen at an instant, as it is displayed (turned, with square pixels, before black); the last one where
    /// the video ends before. Decodes from the nearest keyframe where the file's index tells of it.
    ///
    /// - Parameter time: seconds from the first frame.
    /// - Throws: every reason of `VideoError` but `.emptyRange`.
    public init(path: String, at time: Double, options: Options = Options()) throws(VideoError) {
        let file = try RegularFile(path: path)
        let interruption = Interruption(
            timeLimit: options.timeLimit, growth: 0, isCancelled: options.isCancelled)
        interruption.resume()
        let reader = try FrameSearch(
            file: file, interruption: interruption, stream: options.stream
        ).find(at: time)
        self.time = reader.time
        let facts = reader.frames.facts()
        (width, height) = Self.size(facts.width, facts.height, within: options.width)
        let converter = PictureConverter(geometry: FrameGeometry(width: width, height: height))
        let picture = converter.convert(
            reader.frames.shown.pointer, orientation: reader.frames.orientation,
            sampleAspect: reader.frames.sampleAspect)
        guard let picture, let bytes = JPEGWriter.encode(picture, width: width, height: height) else {
            throw VideoError(path: path, reason: .damaged, detail: "its pictures cannot be converted to JPEG")
        }
        self.bytes = bytes
    }

    /// The size at which a displayed picture fits `width` × twice that, its shape kept as far as whole pixels go.
    static func size(_ displayedWidth: Int, _ displayedHeight: Int, within width: Int) -> (
        width: Int, height: Int
    ) {
        let (w, h) = (Double(max(1, displayedWidth)), Double(max(1, displayedHeight)))
        let scale = min(1, Double(width) / w, Double(2 * width) / h)
        return (max(1, Int((w * scale).rounded())), max(1, Int((h * scale).rounded())))
    }
}

/// Looks for the frame that is on screen at an instant.
private struct FrameSearch {
    let file: RegularFile
    let interruption: Interruption
    let stream: Int?

    struct Found {
        /// The frame is the shown one.
        var frames: FrameReader
        var time: Double
    }

    /// A seek that may have missed the frame, or come upon a damaged one, is taken back by reading straight through.
    func find(at instant: Double) throws(VideoError) -> Found {
        if let found = try find(at: instant, seeks: true) { return found }
        guard let found = try find(at: instant, seeks: false) else {
            throw VideoError(path: file.path, reason: .damaged, detail: "no frame could be decoded")
        }
        return found
    }

    /// Nil where a seek went wrong.
    private func find(at instant: Double, seeks: Bool) throws(VideoError) -> Found? {
        let frames = try FrameReader(
            file: file, interruption: interruption, threads: 1, stream: stream)
        var shown = try frames.advance() ?? 0
        frames.promote()
        while true {
            var hasJumped = false
            if seeks {
                switch frames.skip(from: shown, toward: instant) {
                case .stayed: break
                case .moved: hasJumped = true
                case .lost: return nil
                }
            }
            let next = try frames.advance()
            if hasJumped {
                guard let next, next <= instant, frames.isUpcomingSound, !frames.clock.hasGuessed else {
                    return nil
                }
            }
            guard let next, next <= instant else { return Found(frames: frames, time: shown) }
            frames.promote()
            shown = next
        }
    }
}
