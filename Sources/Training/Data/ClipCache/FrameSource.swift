import VideoDecoding

/// Where the frames of the cache come from: decoded files, or made-up ones in tests.
public protocol FrameSource: Sendable {
    /// Hands out the frames of a video on a regular grid of time, the k-th being the one on screen at
    /// (k + ½)·interval: `width` × `height` RGB bytes each. `take` returns false when it has enough.
    func readFrames(
        path: String, interval: Double, geometry: FrameGeometry, timeLimit: Double,
        isCancelled: @escaping @Sendable () -> Bool, take: (UnsafeBufferPointer<UInt8>) throws -> Bool
    ) throws

    /// A still picture at the geometry's size.
    func readStill(path: String, geometry: FrameGeometry, timeLimit: Double) throws -> [UInt8]

    /// The file's identity by content, in hexadecimal.
    func fingerprint(path: String) throws -> String
}

/// Reads still pictures. `VideoDecoding` refuses them, rightly, as videos; a reader for them is given here.
public protocol StillReader: Sendable {
    /// The picture at the geometry's size: height × width × 3 bytes.
    func readStill(path: String, geometry: FrameGeometry, timeLimit: Double) throws(VideoError) -> [UInt8]
}

/// Decodes with FFmpeg.
public struct DecodedFrames: FrameSource {
    private let stills: (any StillReader)?

    /// - Parameter stills: without one, every still picture is skipped with its reason.
    public init(stills: (any StillReader)? = nil) { self.stills = stills }

    /// By `ClipReader`, a clip a frame.
    public func readFrames(
        path: String, interval: Double, geometry: FrameGeometry, timeLimit: Double,
        isCancelled: @escaping @Sendable () -> Bool, take: (UnsafeBufferPointer<UInt8>) throws -> Bool
    ) throws {
        let plan = ClipPlan(framesPerClip: 1, clipDuration: interval, clipStride: interval)
        let options = ReadingOptions(
            plan: plan, geometry: geometry, timeLimit: timeLimit, isCancelled: isCancelled)
        var reader = try ClipReader(path: path, options: options)
        while let clip = try reader.next() {
            if try !clip.frames.withUnsafeBufferPointer(take) { return }
        }
    }

    /// By the reader that was given.
    public func readStill(path: String, geometry: FrameGeometry, timeLimit: Double) throws -> [UInt8] {
        guard let stills else {
            throw VideoError(
                path: path, reason: .unsupportedCodec, detail: "still pictures cannot be read by this build")
        }
        return try stills.readStill(path: path, geometry: geometry, timeLimit: timeLimit)
    }

    /// `ContentFingerprint`.
    public func fingerprint(path: String) throws -> String {
        try ContentFingerprint.of(path: path)
    }
}
