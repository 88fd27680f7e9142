import Base

/// Where the clips and pictures of files come from: this process decodes them (`DecodedClips`), or one that a file may
/// take down does.
public protocol ClipSource: Sendable {
    /// Hands out the clips that `ClipReader` gives, in order, until `take` returns false.
    ///
    /// Throws what `ClipReader` throws, and `.decoderFailed`.
    ///
    /// - Parameter most: further clips are not read.
    func read(
        path: String, options: ReadingOptions, most: Int, take: (Clip) -> Bool
    ) throws(VideoError)

    /// Seconds that the video lasts: by what the container says if its packets bear it out, else by reading to the end; 0 where
    /// neither tells.
    ///
    /// Throws what `ClipReader` throws, and `.decoderFailed`.
    func duration(path: String, options: ReadingOptions) throws(VideoError) -> Double

    /// A still picture at the geometry's size: height × width × 3 RGB bytes.
    ///
    /// Throws what `PictureReader` throws, and `.decoderFailed`.
    func still(path: String, geometry: FrameGeometry, timeLimit: Double) throws(VideoError) -> [UInt8]
}

/// Decodes with FFmpeg, in this process.
public struct DecodedClips: ClipSource {
    /// Without choices.
    public init() {}

    /// By `ClipReader`.
    public func read(
        path: String, options: ReadingOptions, most: Int, take: (Clip) -> Bool
    ) throws(VideoError) {
        let reader = try ClipReader(path: path, options: options)
        var taken = 0
        while taken < most, let clip = try reader.next() {
            taken += 1
            if !take(clip) { return }
        }
    }

    /// By `ClipReader`.
    public func duration(path: String, options: ReadingOptions) throws(VideoError) -> Double {
        let reader = try ClipReader(path: path, options: options)
        if let duration = reader.facts.duration, duration > 0 {
            let counted = try ClipReader.packetSeconds(path: path, options: options, upTo: .infinity)
            if abs(counted - duration) <= max(1, 0.02 * duration) { return duration }
        }
        while try reader.next() != nil {}
        return reader.facts.duration ?? 0
    }

    /// By `PictureReader`.
    public func still(
        path: String, geometry: FrameGeometry, timeLimit: Double
    ) throws(VideoError) -> [UInt8] {
        try PictureReader().readStill(path: path, geometry: geometry, timeLimit: timeLimit)
    }
}
