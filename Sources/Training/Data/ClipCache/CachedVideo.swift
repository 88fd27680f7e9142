import Base

/// A decoded video in the cache: frames on a regular grid of time, mapped into memory.
public final class CachedVideo: Sendable {
    /// The file it was decoded from.
    public let path: String
    /// The identity of that file's content.
    public let fingerprint: String
    /// Pixels.
    public let width: Int
    /// Pixels.
    public let height: Int
    /// At least 1.
    public let frameCount: Int
    /// Seconds from one frame to the next.
    public let interval: Double
    /// Whether it is one picture, to be seen through a moving crop.
    public let isStill: Bool
    private let file: MappedFile

    init(path: String, header: CacheEntryHeader, file: MappedFile) {
        self.path = path
        fingerprint = header.fingerprint
        width = header.width
        height = header.height
        frameCount = header.frameCount
        interval = header.interval
        isStill = header.isStill
        self.file = file
    }

    /// The frame's height × width × 3 bytes.
    func withFrame<Result>(_ index: Int, _ body: (UnsafePointer<UInt8>) -> Result) -> Result {
        precondition(index >= 0 && index < frameCount)
        let size = width * height * 3
        let start = CacheEntryHeader.size + index * size
        return file.bytes[start..<(start + size)].withMemoryRebound(to: UInt8.self) { frame in
            guard let pixels = frame.baseAddress else { preconditionFailure("a mapped file has an address") }
            return body(pixels)
        }
    }
}
