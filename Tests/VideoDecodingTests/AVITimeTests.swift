import Foundation
import Testing
import TestSupport
import VideoDecoding

/// AVI files number their frames and have no other times: what may be wrong is the numbering, the index, and the header.
@Suite struct AVITimeTests {
    let folder: TemporaryFolder
    private static let count = 200

    init() throws { folder = try TemporaryFolder() }

    private func video(_ coder: String) throws -> ChunkedVideo {
        let arguments =
            switch coder {
            case "h264":
                ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "20", "-pix_fmt", "yuv420p"]
            case "mjpeg": ["-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p"]
            default: ["-c:v", "mpeg4", "-q:v", "1", "-bf", coder == "packed" ? "1" : "0", "-g", "20"]
            }
        let path = try NumberedVideo.make(in: folder, "\(coder).avi", count: Self.count, arguments)
        return ChunkedVideo([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    }

    private func expectWhole(_ bytes: [UInt8], _ name: String, extra: Double = 0) throws {
        let plan = ClipPlan(framesPerClip: 25, clipDuration: 1, clipStride: 1)
        let (clips, facts, _) = try readAll(try folder.write(bytes, to: "bent.avi"), plan: plan)
        let numbers = clips.flatMap { NumberedVideo.numbers($0) }
        #expect(Set(numbers).count * 100 >= 95 * Self.count, "\(name): \(Set(numbers).count) frames")
        #expect(numbers == numbers.sorted(), "\(name)")
        #expect(abs((facts.duration ?? 0) - 8 - extra) <= 0.0415, "\(name): \(facts.duration ?? 0) s")
        #expect(!facts.isDamaged, "\(name): \(facts.decodedShare)")
    }

    @Test(arguments: ["h264", "mjpeg", "mpeg4"]) func everyFrameIsSeen(_ coder: String) throws {
        let video = try video(coder)
        try #require(video.chunks.count == Self.count)
        for place in [0, 1, 40, 73, 100, 190, 199] {
            // Frames that a camera dropped are empty chunks. Those behind the first frame cannot be told from its delay.
            for dropped in [1, 25, 500] where place > 1 {
                var gap = video
                gap.chunks.insert(contentsOf: Array(repeating: ChunkedVideo.empty, count: dropped), at: place)
                let extra = Double(dropped) / 25
                try expectWhole(
                    gap.bytes(), "\(coder) \(dropped) dropped before frame \(place)", extra: extra)
                try expectWhole(
                    gap.bytes { _ in nil }, "\(coder) \(dropped) dropped, no index", extra: extra)
            }
            for (name, change) in [
                ("an index that lacks 30 from", { Array($0[..<place]) + Array($0[place...].dropFirst(30)) }),
                ("an index that ends at", { Array($0[..<place]) }),
                ("an index that repeats 30 from", { Array($0[..<place]) + Array($0[max(0, place - 30)...]) }),
                ("an index that goes backward from", { Array($0[..<place]) + $0[place...].reversed() }),
                (
                    "an index that names one place from",
                    { entries in
                        entries.indices.map { entries[min($0, place)] }
                    }
                ),
                ("an index in another order from", { Array($0[place...]) + Array($0[..<place]) }),
                (
                    "an index that is wrong from",
                    { $0.enumerated().map { $0 < place ? $1 : $1.moved(by: 2_000_000) } }
                ),
            ] as [(String, ([ChunkedVideo.Entry]) -> [ChunkedVideo.Entry])] {
                // An index whose first entry is wrong moves them all.
                if place == 0, name.contains("lacks") || name.contains("wrong") { continue }
                try expectWhole(video.bytes { change($0) }, "\(coder) \(name) frame \(place)")
            }
            if place > 0 {
                // Files joined as they are, the second without the headers that only a first frame has.
                try expectWhole(
                    video.bytes(of: 0..<place) + video.bytes(of: place..<Self.count),
                    "\(coder) joined at \(place)")
            }
        }
    }

    /// Chunks that were dropped, and an index with anything wrong in it, up to three times in a film.
    @Test(arguments: ["h264", "mjpeg", "mpeg4"]) func anyTrouble(_ coder: String) throws {
        let plain = try video(coder)
        for seed in RandomTroubleTests.seeds {
            var generator = Mixing(state: seed &* 0x9E37_79B9_7F4A_7C15)
            func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
            var (video, troubles, extra) = (plain, [String](), 0)
            for _ in 0..<number(0...2) {
                let (place, count) = (number(2...video.chunks.count - 1), 25 * number(1...12))
                video.chunks.insert(contentsOf: Array(repeating: ChunkedVideo.empty, count: count), at: place)
                extra += count
                troubles.append("\(count) dropped at \(place)")
            }
            let (kind, first) = (number(0...6), number(1...video.chunks.count - 1))
            let count = number(1...60)
            troubles.append("index \(kind) at \(first), \(count)")
            let bytes = video.bytes { entries in
                switch kind {
                case 0: entries
                case 1: nil
                case 2: Array(entries[..<first]) + entries[first...].dropFirst(count)
                case 3: Array(entries[..<first])
                case 4: Array(entries[..<first]) + entries[max(0, first - count)...]
                case 5: Array(entries[..<first]) + entries[first...].reversed()
                default: Array(entries[first...]) + entries[..<first]
                }
            }
            try expectWhole(
                bytes, "\(coder), seed \(seed): \(troubles.joined(separator: "; "))",
                extra: Double(extra) / 25)
        }
    }

    /// What the header says of rate and length is a claim, but where frames have no other time.
    @Test(arguments: ["h264", "mjpeg", "mpeg4"]) func headersThatAreWrong(_ coder: String) throws {
        let video = try video(coder)
        let wrong: [(String, [ChunkedVideo.Field: UInt32])] = [
            ("no rate", [.rate: 0]), ("no scale", [.scale: 0]), ("neither", [.rate: 0, .scale: 0]),
            ("no length", [.length: 0]), ("ten frames", [.length: 10]), ("a year", [.length: 1 << 30]),
            ("starts late", [.start: 1000]), ("starts before itself", [.start: .max - 50]),
            ("starts after days", [.start: 25 * 90_000]), ("samples of a byte", [.sampleSize: 1]),
            ("a frame each 40 ns", [.rate: 25_000_000]),
        ]
        for (name, fields) in wrong { try expectWhole(video.bytes(fields: fields), "\(coder) \(name)") }
    }

    /// DivX keeps two frames in one chunk, and a word that says nothing in the next.
    @Test func packedFrames() throws {
        var video = try video("packed")
        var packed: [[UInt8]] = []
        for chunk in video.chunks {
            if ChunkedVideo.isBidirectional(chunk) {
                packed[packed.count - 1] += chunk
                packed.append(ChunkedVideo.nothingCoded)
            } else {
                packed.append(ChunkedVideo.markedAsPacked(chunk))
            }
        }
        try #require(packed.contains(ChunkedVideo.nothingCoded))
        video.chunks = packed
        try expectWhole(video.bytes(), "packed")
    }

    /// A download that broke off is marked; a recorder's wrong word on its length is not.
    @Test func aFileThatBreaksOff() throws {
        let bytes = try video("mjpeg").bytes()
        let half = try folder.write(Array(bytes.prefix(bytes.count / 2)), to: "half.avi")
        let facts = try readAll(half).facts
        #expect(facts.isDamaged && (0.4...0.6).contains(facts.decodedShare), "\(facts.decodedShare)")
    }
}

/// An AVI file of one stream, taken apart.
private struct ChunkedVideo {
    struct Entry {
        var flags: UInt32
        var offset: UInt32
        var size: UInt32

        func moved(by bytes: UInt32) -> Entry { Entry(flags: flags, offset: offset + bytes, size: size) }
    }

    /// Numbers of the stream's header, by their offset in it.
    enum Field: Int {
        case scale = 20
        case rate = 24
        case start = 28
        case length = 32
        case sampleSize = 44
    }

    static let empty: [UInt8] = []
    private let header: [UInt8]
    var chunks: [[UInt8]] = []

    init(_ bytes: [UInt8]) {
        func size(_ place: Int) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[place + 4 + $1]) << (8 * $1) } }
        func name(_ place: Int) -> ArraySlice<UInt8> { bytes[place..<(place + 4)] }
        var header: [UInt8] = []
        var place = 12
        while place + 12 <= bytes.count {
            let next = place + 8 + size(place) + size(place) % 2
            if name(place + 8).elementsEqual("hdrl".utf8) { header = Array(bytes[place..<next]) }
            if name(place + 8).elementsEqual("movi".utf8) {
                var chunk = place + 12
                while chunk < next {
                    if name(chunk).elementsEqual("00dc".utf8) {
                        chunks.append(Array(bytes[(chunk + 8)..<(chunk + 8 + size(chunk))]))
                    }
                    chunk += 8 + size(chunk) + size(chunk) % 2
                }
            }
            place = next
        }
        self.header = header
    }

    private static func number(_ value: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static func chunk(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
        Array(name.utf8) + number(bytes.count) + bytes + (bytes.count % 2 == 0 ? [] : [0])
    }

    /// The file put together again; `index` changes the index, or leaves it out.
    func bytes(
        of range: Range<Int>? = nil, fields: [Field: UInt32] = [:],
        index change: ([Entry]) -> [Entry]? = { $0 }
    ) -> [UInt8] {
        var header = header
        let stream = header.indices.first { header[$0...].starts(with: "strh".utf8) } ?? 0
        for (field, value) in fields {
            let place = stream + 8 + field.rawValue
            header.replaceSubrange(place..<(place + 4), with: Self.number(Int(value)))
        }
        var film = Array("movi".utf8)
        var entries: [Entry] = []
        for chunk in chunks[range ?? chunks.indices] {
            // Keyframes are marked; for the rest of what is done here that makes no difference.
            entries.append(
                Entry(flags: 16, offset: UInt32(film.count), size: UInt32(chunk.count)))
            film += Self.chunk("00dc", chunk)
        }
        var file = Array("AVI ".utf8) + header + Self.chunk("LIST", film)
        if let entries = change(entries) {
            let index = entries.flatMap {
                Array("00dc".utf8) + Self.number(Int($0.flags)) + Self.number(Int($0.offset))
                    + Self.number(Int($0.size))
            }
            file += Self.chunk("idx1", index)
        }
        return Self.chunk("RIFF", file)
    }

    // MARK: - MPEG-4

    private static let picture: [UInt8] = [0, 0, 1, 0xB6]
    private static let userData: [UInt8] = [0, 0, 1, 0xB2]

    private static func place(of pattern: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= pattern.count else { return nil }
        return (0...(bytes.count - pattern.count)).first { bytes[$0...].starts(with: pattern) }
    }

    static func isBidirectional(_ chunk: [UInt8]) -> Bool {
        place(of: picture, in: chunk).map { chunk[$0 + 4] >> 6 == 2 } ?? false
    }

    /// A picture that is not coded: type P, no second passed, a marker, five bits of time, a marker, and "not coded".
    static let nothingCoded: [UInt8] = picture + [0b0101_0000, 0b0100_1111]

    /// Names the encoder that packed frames.
    static func markedAsPacked(_ chunk: [UInt8]) -> [UInt8] {
        guard let start = place(of: picture, in: chunk), chunk[start + 4] >> 6 == 0 else { return chunk }
        let words = userData + Array("DivX503b1393p".utf8)
        guard let old = place(of: userData, in: chunk) else {
            return Array(chunk[..<start]) + words + Array(chunk[start...])
        }
        let next = old + 4 + (place(of: [0, 0, 1], in: Array(chunk[(old + 4)...])) ?? 0)
        return Array(chunk[..<old]) + words + Array(chunk[next...])
    }
}
