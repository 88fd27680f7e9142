import Base
import Foundation
import Synchronization
import TestSupport
import Training
import VideoDecoding

/// Frames without files: a path such as `…/3x20` is video 3 with 20 frames. Each video has its own colours and a
/// brightness that rises with time.
final class MadeUpFrames: FrameSource {
    let decodings = Mutex<[String]>([])

    func parts(_ path: String) -> (video: Int, frames: Int)? {
        let numbers = (path.split(separator: "/").last ?? "").split(separator: "x").compactMap { Int($0) }
        return numbers.count == 2 ? (numbers[0], numbers[1]) : nil
    }

    static func pixel(video: Int, frame: Int, x: Int, y: Int, channel: Int) -> UInt8 {
        let phase = (video &* 2_654_435_761 >> (channel * 4)) & 127
        return UInt8((phase + frame + (x * (1 + video % 3) + y * (1 + channel)) / 4) & 255)
    }

    func picture(_ video: Int, _ frame: Int, _ geometry: FrameGeometry) -> [UInt8] {
        (0..<(geometry.width * geometry.height * 3)).map { i in
            Self.pixel(
                video: video, frame: frame, x: i / 3 % geometry.width, y: i / 3 / geometry.width,
                channel: i % 3)
        }
    }

    func readFrames(
        path: String, grid: FrameGrid, isCancelled: @escaping @Sendable () -> Bool,
        take: (UnsafeBufferPointer<UInt8>) throws -> Void
    ) throws {
        decodings.withLock { $0.append(path) }
        if path.hasSuffix("killer") {
            throw VideoError(path: path, reason: .decoderFailed, detail: "the decoder did not survive it")
        }
        guard let (video, frames) = parts(path) else {
            throw VideoError(path: path, reason: .unrecognised, detail: "not a video")
        }
        for frame in 0..<min(frames, grid.most) {
            if isCancelled() { throw VideoError(path: path, reason: .cancelled, detail: "cancelled") }
            try picture(video, frame, grid.geometry).withUnsafeBufferPointer(take)
        }
    }

    func readStill(path: String, geometry: FrameGeometry, timeLimit: Double) throws -> [UInt8] {
        picture(parts(path)?.video ?? 0, 0, geometry)
    }

    func fingerprint(path: String) throws -> String {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let digits = text.utf8.map { String($0, radix: 16) }.joined()
        return digits + String(repeating: "0", count: max(0, 64 - digits.count))
    }
}

extension TemporaryFolder {
    /// Empty made-up videos of these numbers of frames; the content is what the fingerprint is made of.
    func videos(_ frameCounts: [Int]) throws -> [String] {
        try frameCounts.enumerated().map { index, frames in try write("\(index)", to: "\(index)x\(frames)") }
    }

    /// Videos in a cache, opened.
    func cached(_ frameCounts: [Int], side: Int = 24, interval: Double = 0.25) throws -> [CachedVideo] {
        let cache = ClipCache(
            folder: path + "/cache", choice: .small(side), clipInterval: interval, source: MadeUpFrames())
        return try cache.build(videos: videos(frameCounts), threads: 2).videos
    }
}

extension CacheChoice {
    static func small(_ side: Int) -> CacheChoice {
        var choice = CacheChoice()
        choice.width = side
        choice.height = side
        choice.stillSize = 2 * side
        return choice
    }
}
