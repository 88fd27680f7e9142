import Base
import Foundation
import TestSupport
import VideoDecoding

/// Videos whose frames carry their own number: three stripes of grey are its digits to the base 16.
enum NumberedVideo {
    static let width = 96
    static let height = 64

    private static func level(_ digit: Int) -> UInt8 { UInt8(8 + 15 * digit) }

    /// One grey picture, width × height.
    static func picture(_ number: Int) -> [UInt8] {
        let row = (0..<width).map { x in
            level(number >> (8 - 4 * (x / (width / 3))) & 15)
        }
        return (0..<height).flatMap { _ in row }
    }

    /// The number that a clip's frame shows.
    static func number(in frame: ArraySlice<UInt8>, geometry: FrameGeometry = .numbered) -> Int {
        (0..<3).reduce(0) { sum, stripe in
            let x = geometry.width * (2 * stripe + 1) / 6
            let offset = (geometry.height / 2 * geometry.width + x) * 3
            return sum << 4 | (Int(frame[frame.startIndex + offset]) - 8 + 7) / 15
        }
    }

    /// Numbers of all frames of a clip.
    static func numbers(_ clip: Clip, geometry: FrameGeometry = .numbered) -> [Int] {
        let size = geometry.frameBytes
        return (0..<(clip.frames.count / size)).map {
            number(in: clip.frames[($0 * size)..<(($0 + 1) * size)], geometry: geometry)
        }
    }

    /// Writes frames 0..<count at `rate` a second; `arguments` name the codec and whatever else.
    @discardableResult
    static func make(
        in folder: TemporaryFolder, _ name: String, count: Int, rate: String = "25",
        _ arguments: [String] = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    ) throws -> String {
        let raw = folder.file(name + ".gray")
        try folder.write((0..<count).flatMap(picture), to: name + ".gray")
        try FFmpeg.run(
            ["-f", "rawvideo", "-pix_fmt", "gray", "-s", "\(width)x\(height)", "-r", rate, "-i", raw]
                + arguments + [folder.file(name)])
        return folder.file(name)
    }
}

/// A video of one still picture in colour.
enum PictureVideo {
    /// `pixels` are RGB or RGBA.
    static func make(
        in folder: TemporaryFolder, _ name: String, width: Int, height: Int, format: String = "rgb24",
        frames: Int = 3, arguments: [String], _ pixels: (Int, Int) -> [UInt8]
    ) throws -> String {
        var picture: [UInt8] = []
        for y in 0..<height { for x in 0..<width { picture += pixels(x, y) } }
        try folder.write((0..<frames).flatMap { _ in picture }, to: name + ".raw")
        try FFmpeg.run(
            ["-f", "rawvideo", "-pix_fmt", format, "-s", "\(width)x\(height)", "-r", "25"]
                + ["-i", folder.file(name + ".raw")] + arguments + [folder.file(name)])
        return folder.file(name)
    }

    /// Red and green above blue and white.
    static func quadrants(width: Int, height: Int) -> (Int, Int) -> [UInt8] {
        { x, y in
            switch (x < width / 2, y < height / 2) {
            case (true, true): [255, 0, 0]
            case (false, true): [0, 255, 0]
            case (true, false): [0, 0, 255]
            case (false, false): [255, 255, 255]
            }
        }
    }
}

extension FrameGeometry {
    static let numbered = FrameGeometry(width: 24, height: 16)
}

/// All clips of a file, its facts at the end, and what it cost.
func readAll(
    _ path: String, plan: ClipPlan = ClipPlan(framesPerClip: 4, clipDuration: 1, clipStride: 1),
    geometry: FrameGeometry = .numbered, range: TimeRange? = nil, seeks: Bool = true, threads: Int = 1
) throws -> (clips: [Clip], facts: StreamFacts, work: (decoded: Int, converted: Int)) {
    let options = ReadingOptions(
        plan: plan, geometry: geometry, range: range, timeLimit: 60, threads: threads, seeks: seeks)
    let reader = try ClipReader(path: path, options: options)
    var clips: [Clip] = []
    while let clip = try reader.next() { clips.append(clip) }
    return (clips, reader.facts, (reader.decodedFrames, reader.convertedFrames))
}

/// The colour at a place of a clip's frame, given as fractions of width and height.
func colour(_ clip: Clip, _ geometry: FrameGeometry, x: Double, y: Double, frame: Int = 0) -> [Int] {
    let column = Int(x * Double(geometry.width))
    let row = Int(y * Double(geometry.height))
    let offset = frame * geometry.frameBytes + (row * geometry.width + column) * 3
    return clip.frames[offset..<(offset + 3)].map(Int.init)
}

/// Whether two colours differ by no more than `tolerance` in each channel.
func close(_ first: [Int], _ second: [Int], _ tolerance: Int = 4) -> Bool {
    zip(first, second).allSatisfy { abs($0 - $1) <= tolerance }
}
