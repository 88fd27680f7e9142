import Foundation
import TestSupport

/// A video file whose time stamps can be changed in place, whatever a muxer would say to that.
struct StampedVideo {
    enum Container: String, CaseIterable {
        case mp4, mkv, ts, mpg, flv
    }

    let container: Container
    let bytes: [UInt8]

    /// Frames at 25 a second, with B-frames.
    init(_ container: Container, in folder: TemporaryFolder, count: Int) throws {
        self.container = container
        let h264 = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "20", "-pix_fmt", "yuv420p"]
        let arguments =
            switch container {
            // FFmpeg leaves out frames that lie beyond an edit list.
            case .mp4: h264 + ["-video_track_timescale", "1000", "-use_editlist", "0"]
            // A cluster for each frame, since a cluster's time reaches farther than a block's. Such large ones have four bytes.
            case .mkv: h264 + ["-cluster_time_limit", "1", "-output_ts_offset", "100000"]
            case .ts, .mpg:
                ["-c:v", "mpeg2video", "-q:v", "1", "-bf", "2", "-g", "20", "-pix_fmt", "yuv420p"]
                    + ["-output_ts_offset", "20000"]
                    + (container == .mpg ? ["-f", "vob", "-packetsize", "512"] : [])
            case .flv: h264 + ["-output_ts_offset", "20000", "-flvflags", "no_duration_filesize"]
            }
        let path = try NumberedVideo.make(
            in: folder, "plain.\(container.rawValue)", count: count, arguments)
        bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// The file with every frame's time t, in seconds from the first frame, changed to `change(t)`.
    func changed(_ change: @escaping (Double) -> Double) -> [UInt8] {
        var file = StampedBytes(bytes: bytes)
        switch container {
        case .mp4: file.changeCompositionOffsets(change)
        case .mkv: file.changeClusters(change)
        case .ts, .mpg: file.changePackets(change)
        case .flv: file.changeTags(change)
        }
        return file.bytes
    }
}

/// Where the containers keep their time stamps.
private struct StampedBytes {
    var bytes: [UInt8]

    private func number(_ place: Int, _ count: Int) -> Int {
        bytes[place..<(place + count)].reduce(0) { $0 << 8 | Int($1) }
    }

    private mutating func set(_ value: Int, _ place: Int, _ count: Int) {
        for index in 0..<count {
            bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - index)))
        }
    }

    private func places(of pattern: [UInt8]) -> [Int] {
        (0..<(bytes.count - pattern.count)).filter {
            bytes[$0] == pattern[0] && bytes[$0...].starts(with: pattern)
        }
    }

    /// MPEG's packets: 33 bits at 90 kHz, for presentation and, if it differs, for decoding.
    mutating func changePackets(_ change: (Double) -> Double) {
        let heads = places(of: [0, 0, 1, 0xE0]).filter {
            bytes[$0 + 6] & 0xC0 == 0x80 && bytes[$0 + 7] & 0x80 != 0
        }
        let zero = heads.map { stamp($0 + 9) }.min() ?? 0
        for head in heads {
            let old = stamp(head + 9)
            let new = zero + Int((change(Double(old - zero) / 90_000) * 90_000).rounded())
            if bytes[head + 7] & 0x40 != 0 { setStamp(stamp(head + 14) + new - old, head + 14) }
            setStamp(new, head + 9)
        }
    }

    private func stamp(_ place: Int) -> Int {
        Int(bytes[place] >> 1 & 7) << 30 | (number(place + 1, 2) >> 1) << 15 | (number(place + 3, 2) >> 1)
    }

    private mutating func setStamp(_ value: Int, _ place: Int) {
        bytes[place] = bytes[place] & 0xF1 | UInt8(value >> 30 & 7) << 1
        set((value >> 15) << 1 & 0xFFFE | 1, place + 1, 2)
        set((value << 1) & 0xFFFE | 1, place + 3, 2)
    }

    /// Flash: milliseconds for decoding, and presentation as an offset to it.
    mutating func changeTags(_ change: (Double) -> Double) {
        var tags: [(place: Int, stamp: Int)] = []
        var place = 13
        while place + 16 < bytes.count {
            if bytes[place] == 9, bytes[place + 12] == 1 {
                let offset = number(place + 13, 3)
                let decoding = number(place + 4, 3) | Int(bytes[place + 7]) << 24
                tags.append((place, decoding + (offset >= 1 << 23 ? offset - (1 << 24) : offset)))
            }
            place += 15 + number(place + 1, 3)
        }
        let zero = tags.map(\.stamp).min() ?? 0
        for tag in tags {
            let decoding = number(tag.place + 4, 3) | Int(bytes[tag.place + 7]) << 24
            let new = zero + Int((change(Double(tag.stamp - zero) / 1000) * 1000).rounded())
            set(decoding + new - tag.stamp, tag.place + 4, 3)
            bytes[tag.place + 7] = UInt8(truncatingIfNeeded: (decoding + new - tag.stamp) >> 24)
        }
    }

    /// Matroska: milliseconds of a cluster, which holds one frame.
    mutating func changeClusters(_ change: (Double) -> Double) {
        let clusters = places(of: [0xE7, 0x84])
        let zero = clusters.map { number($0 + 2, 4) }.min() ?? 0
        for cluster in clusters {
            let old = Double(number(cluster + 2, 4) - zero) / 1000
            set(zero + Int((change(old) * 1000).rounded()), cluster + 2, 4)
        }
    }

    /// MP4: an offset from decoding to presentation for each frame, in milliseconds here. The table gets an entry for each; the
    /// index that it is in stands at the file's end, so nothing else moves.
    mutating func changeCompositionOffsets(_ change: (Double) -> Double) {
        guard let box = places(of: Array("ctts".utf8)).last.map({ $0 - 4 }),
            let times = places(of: Array("stts".utf8)).last,
            let index = places(of: Array("moov".utf8)).last.map({ $0 - 4 })
        else { return }
        var offsets: [Int] = []
        for entry in 0..<number(box + 12, 4) {
            let place = box + 16 + 8 * entry
            offsets += Array(repeating: number(place + 4, 4), count: number(place, 4))
        }
        let step = number(times + 16, 4)
        let zero = offsets.first ?? 0
        var table: [UInt8] = Array("ctts".utf8) + [1, 0, 0, 0]
        func append(_ value: Int) {
            for shift in [24, 16, 8, 0] { table.append(UInt8(truncatingIfNeeded: value >> shift)) }
        }
        append(offsets.count)
        for (frame, offset) in offsets.enumerated() {
            let old = Double(frame * step + offset - zero) / 1000
            append(1)
            append(zero + Int((change(old) * 1000).rounded()) - frame * step)
        }
        let size = table.count + 4
        table = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) } + table
        let growth = table.count - number(box, 4)
        // Every box around the table grows.
        var around = index
        var inside = [index]
        while around != box {
            around += 8
            while around + number(around, 4) <= box { around += number(around, 4) }
            inside.append(around)
        }
        for outer in inside.dropLast() { set(number(outer, 4) + growth, outer, 4) }
        bytes.replaceSubrange(box..<(box + number(box, 4)), with: table)
    }
}
