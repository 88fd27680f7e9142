import Base
import VideoDecoding

/// Containers and pictures: the first byte says which, and from when on; the rest is the file.
enum VideoFuzzing {
    static let target = FuzzTarget(
        name: "video",
        seeds: {
            // A raw stream needs no encoder. Others are drawn by the script that runs the fuzzer.
            var bytes = Array("YUV4MPEG2 W16 H16 F8:1 Ip A1:1 C420jpeg\n".utf8)
            for frame in 0..<9 {
                bytes += Array("FRAME\n".utf8) + [UInt8](repeating: UInt8(20 * frame), count: 384)
            }
            let (head, frames) = (bytes.prefix { $0 != 10 }, bytes.drop { $0 != 10 })
            let edges = Edges.variants(
                of: String(decoding: head, as: UTF8.self), behind: ["W", "H", "F", ":", "A"])
            let plain: [[UInt8]] = [
                [0] + bytes, [3] + bytes, [1, 0xFF, 0xD8, 0xFF], [1] + Array("\u{89}PNG".utf8),
            ]
            return plain + edges.map { edge -> [UInt8] in [0] + edge + frames }
        },
        run: { bytes in
            guard let kind = bytes.first else { return }
            let path = Scratch.write(Array(bytes.dropFirst()), to: "input.video")
            let geometry = FrameGeometry(width: 16, height: 16)
            if kind % 4 == 1 {
                guard
                    let picture = try? PictureReader().readStill(path: path, geometry: geometry, timeLimit: 5)
                else {
                    return
                }
                try must(picture.count == 16 * 16 * 3, "a picture of \(picture.count) bytes")
            } else if kind % 4 == 3 {
                let options = Thumbnail.Options(width: 32, timeLimit: 5)
                guard let picture = try? Thumbnail(path: path, at: Double(kind / 4), options: options) else {
                    return
                }
                try must(
                    picture.width <= 32 && picture.height <= 64 && picture.time.isFinite, "no such picture")
            } else {
                let range = kind < 4 ? nil : TimeRange(start: Double(kind / 4), stop: Double(kind / 4) + 2)
                try clips(path, geometry, range)
            }
        })

    private static func clips(_ path: String, _ geometry: FrameGeometry, _ range: TimeRange?) throws {
        let plan = ClipPlan(framesPerClip: 4, clipDuration: 0.5, clipStride: 0.5)
        let options = ReadingOptions(plan: plan, geometry: geometry, range: range, timeLimit: 5)
        guard let reader = try? ClipReader(path: path, options: options) else { return }
        var last = -1.0
        for _ in 0..<40 {
            guard let clip = try? reader.next() else { return }
            let bytes = plan.framesPerClip * geometry.frameBytes
            try must(clip.frames.count == bytes, "a clip of \(clip.frames.count) bytes")
            try must(clip.interval.start > last, "clips are out of order")
            try must(
                clip.interval.start.isFinite && clip.interval.stop > clip.interval.start
                    && clip.interval.stop.isFinite,
                "a clip from \(clip.interval.start) to \(clip.interval.stop)")
            last = clip.interval.start
        }
        let facts = reader.facts
        try must(facts.width > 0 && facts.height > 0, "a video of \(facts.width) × \(facts.height)")
    }
}
