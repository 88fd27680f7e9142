import Base

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

    /// The clip in each of several views that were read together.
    ///
    /// - Parameters:
    ///   - count: of views.
    ///   - frameBytes: of a picture.
    public func views(_ count: Int, frameBytes: Int) -> [Clip] {
        guard count > 1 else { return [self] }
        return (0..<count).map { view in
            var clip = self
            clip.frames = []
            clip.frames.reserveCapacity(frames.count / count)
            for first in Swift.stride(from: view * frameBytes, to: frames.count, by: count * frameBytes) {
                clip.frames.append(contentsOf: frames[first..<first + frameBytes])
            }
            return clip
        }
    }
}
