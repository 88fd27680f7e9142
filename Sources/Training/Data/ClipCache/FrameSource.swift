import Base
import VideoDecoding

/// Where the frames of the cache come from: decoded files, or made-up ones in tests.
public protocol FrameSource: Sendable {
    /// Hands out the frames of a video on a regular grid of time, the k-th being the one on screen at
    /// (k + ½)·interval: `width` × `height` RGB bytes each, `most` at most.
    func readFrames(
        path: String, grid: FrameGrid, isCancelled: @escaping @Sendable () -> Bool,
        take: (UnsafeBufferPointer<UInt8>) throws -> Void
    ) throws

    /// A still picture at the geometry's size.
    func readStill(path: String, geometry: FrameGeometry, timeLimit: Double) throws -> [UInt8]

    /// The file's identity by content, in hexadecimal.
    func fingerprint(path: String) throws -> String
}

/// Which frames of a video are kept.
public struct FrameGrid: Sendable, Equatable {
    /// Seconds from one frame to the next.
    public var interval: Double
    /// Their size.
    public var geometry: FrameGeometry
    /// No more are read.
    public var most: Int
    /// Seconds of reading after which the file is given up.
    public var timeLimit: Double
}

/// Decoded files.
public struct DecodedFrames: FrameSource {
    private let clips: any ClipSource

    /// - Parameter clips: which process decodes.
    public init(clips: any ClipSource = DecodedClips()) { self.clips = clips }

    /// A clip a frame.
    public func readFrames(
        path: String, grid: FrameGrid, isCancelled: @escaping @Sendable () -> Bool,
        take: (UnsafeBufferPointer<UInt8>) throws -> Void
    ) throws {
        let options = ReadingOptions(
            plan: ClipPlan(framesPerClip: 1, clipDuration: grid.interval, clipStride: grid.interval),
            geometry: grid.geometry, timeLimit: grid.timeLimit, isCancelled: isCancelled)
        var failure: (any Error)?
        try clips.read(path: path, options: options, most: grid.most) { clip in
            do { try clip.frames.withUnsafeBufferPointer(take) } catch { failure = error }
            return failure == nil
        }
        if let failure { throw failure }
    }

    /// JPEG and PNG.
    public func readStill(path: String, geometry: FrameGeometry, timeLimit: Double) throws -> [UInt8] {
        try clips.still(path: path, geometry: geometry, timeLimit: timeLimit)
    }

    /// `ContentFingerprint`.
    public func fingerprint(path: String) throws -> String {
        try ContentFingerprint.of(path: path)
    }
}
