import Base
import Distributions
import Foundation
import Indexing
import Isolation
import Service
import Testing
import VideoEncoding

/// Lists of videos, their plane, and queries that were encoded elsewhere.
@Suite struct ListingTests {
    @Test func pagesHoldEveryVideoOnce() throws {
        let synthetic = try SyntheticLibrary(videos: 7)
        var paths: [String] = []
        for offset in stride(from: 0, to: 9, by: 3) {
            let page = try synthetic.handler.run(.videos, ["limit": 3, "offset": .number(offset)])
            #expect(problems(page, as: "videos_result") == [])
            #expect(page["total"] == 7)
            paths += page["videos"]?.arrayValue?.compactMap { $0["path"]?.stringValue } ?? []
        }
        #expect(paths == (0..<7).map(synthetic.path))
    }

    @Test func filtersAndOrders() throws {
        let synthetic = try SyntheticLibrary(videos: 4)
        func ask(_ parameters: JSONValue) throws -> [String] {
            try synthetic.handler.run(.videos, parameters)["videos"]?.arrayValue?
                .compactMap { $0["path"]?.stringValue } ?? []
        }
        #expect(try ask(["text": "V2.mp"]) == [synthetic.path(2)])
        // LIKE's own signs are letters like any others.
        #expect(try ask(["text": "v_.mp4"]) == [])
        #expect(try ask(["text": "%"]) == [])
        #expect(try ask(["descending": true]) == [3, 2, 1, 0].map(synthetic.path))
        #expect(try ask(["max_duration": .number(3.9)]) == [])
        #expect(try ask(["min_duration": 4]).count == 4)
        #expect(throws: RPCError.self) { try ask(["limit": 1001]) }
        #expect(throws: RPCError.self) { try ask(["order": "id"]) }
    }

    @Test func videosAreLaidOutTogether() throws {
        let synthetic = try SyntheticLibrary(videos: 3)
        let result = try synthetic.handler.run(.projection, ["videos": [1, 3]])
        #expect(problems(result, as: "projection_result") == [])
        #expect(result["videos"]?.arrayValue?.map { $0["id"] } == [1, 3])
        #expect(throws: RPCError.self) { try synthetic.handler.run(.projection, ["videos": [9]]) }
        #expect(throws: RPCError.self) { try synthetic.handler.run(.projection, ["videos": []]) }
    }
}

/// What a worker process writes, and what the service makes of it.
@Suite struct EncodedAnswerTests {
    private var video: EncodedVideo {
        EncodedVideo(
            facts: StreamFacts(
                container: "mov,mp4", codec: "h264", width: 640, height: 360, duration: 3.5, frameRate: nil),
            intervals: [TimeRange(start: 0, stop: 2), TimeRange(start: 1.5, stop: 3.5)],
            mixture: GaussianMixture(components: [
                Gaussian(mean: [0, 1, -0.5], logVariance: [-10, 4, -0.099975586]),
                Gaussian(mean: [6.1035156e-05, -0.33325195, 5.9604645e-08], logVariance: [-7, -6.5, 0]),
            ]))
    }

    private func bytes(_ outcome: EncodedAnswer.Outcome) -> [UInt8] {
        EncodedAnswer.write(outcome).flatMap(\.encoded)
    }

    private func read(_ bytes: [UInt8], dimension: Int = 3) -> EncodedAnswer.Outcome? {
        EncodedAnswer.read(bytes, dimension: dimension)
    }

    @Test func aVideoComesBackToTheBit() throws {
        let back = try #require(read(bytes(.success(video)))).get()
        #expect(
            back.facts == video.facts && back.intervals == video.intervals && back.mixture == video.mixture)
    }

    @Test func whatClipsLookLikeComesBack() throws {
        var seen = video
        seen.signatures = (0..<2).compactMap { number -> ClipSignature? in
            // Detail and change, then cells.
            let head = [Float(0.25), 64].flatMap { value in
                withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
            }
            let cells = [UInt8](repeating: UInt8(number), count: ClipSignature.byteCount - head.count)
            return ClipSignature(bytes: head + cells)
        }
        try #require(seen.signatures.count == 2)
        let back = try #require(read(bytes(.success(seen)))).get()
        #expect(back.signatures.map(\.bytes) == seen.signatures.map(\.bytes))
    }

    /// More clips than a message has.
    @Test func aLongVideoComesBack() throws {
        var long = video
        long.intervals = (0..<600).map { TimeRange(start: Double($0), stop: Double($0) + 2) }
        long.mixture = GaussianMixture(
            components: (0..<600).map { Gaussian(mean: [Float($0), 1, 2], logVariance: [0, 1, 2]) })
        let messages = EncodedAnswer.write(.success(long))
        #expect(messages.map { $0.header["part"]?.intValue } == [nil, 256, 256, 88])
        let back = try #require(read(messages.flatMap(\.encoded))).get()
        #expect(back.intervals == long.intervals && back.mixture == long.mixture)
        for order in [[0, 2, 1, 3], [0, 1, 1, 3], [0, 1, 3], [1, 2, 3], [0, 0, 1, 2, 3]] {
            #expect(read(order.flatMap { messages[$0].encoded }) == nil, "\(order)")
        }
    }

    @Test func anErrorComesBack() throws {
        let error = WorkerFailure(reason: "damaged", message: "it is damaged")
        let outcome = try #require(read(bytes(.failure(error))))
        #expect(throws: error) { try outcome.get() }
    }

    /// The index could not hold it.
    @Test func whatIsBeyondFloat16IsAnError() throws {
        var other = video
        other.mixture.components[1].mean[0] = 70_000
        let outcome = try #require(read(bytes(.success(other))))
        guard case .failure(let failure) = outcome else { Issue.record("it was taken"); return }
        #expect(failure.reason == "encoding_failed")
    }

    /// SQLite's texts end at a zero byte: a row that was read back would fail its checksum.
    @Test func aTextWithAZeroByteIsNoAnswer() {
        let error = WorkerFailure(reason: "damaged", message: "it is\0damaged")
        #expect(read(bytes(.failure(error))) == nil)
    }

    /// Nothing that a worker says is believed for its looks.
    @Test func whatIsCutOrChangedIsNoAnswer() throws {
        let bytes = bytes(.success(video))
        for end in 0..<bytes.count { #expect(read(Array(bytes[..<end])) == nil) }
        #expect(read(bytes + [0]) == nil && read(bytes + bytes) == nil)
        #expect(read(bytes, dimension: 4) == nil && read(bytes, dimension: 2) == nil)
        let start = bytes.count - 2 * (16 + 2 * 3 * 2)
        let header = String(decoding: bytes[..<start], as: UTF8.self)
        for (part, other) in [
            ("\"codec\":\"h264\"", "\"codec\":\"h2\\u000064\""), ("\"clips\":2", "\"clips\":3"),
            ("\"clips\":2", "\"clips\":1"), ("\"clips\":2", "\"clips\":-2"),
            ("\"width\":640", "\"width\":\"x\""), ("\"video\":", "\"film\":"),
            ("\"part\":2", "\"part\":1"), ("\"part\":2", "\"clips\":2"), ("\"bytes\":56", "\"bytes\":28"),
        ] {
            #expect(header.contains(part), "\(part)")
            let changed = header.replacingOccurrences(of: part, with: other)
            #expect(read(Array(changed.utf8) + bytes[start...]) == nil, "\(part)")
        }
        // Two intervals of 16 bytes, then of each clip three means and three log variances, float16.
        for (name, place, half) in [
            ("a start of 1.5e308", 6, 0x7FE0), ("a mean that is infinite", 32, 0x7C00),
            ("a mean that is no number", 34, 0x7E00), ("a log variance of -40960", 38, 0xF900),
        ] as [(String, Int, UInt16)] {
            var changed = bytes
            changed[start + place] = UInt8(half & 255)
            changed[start + place + 1] = UInt8(half >> 8)
            #expect(read(changed) == nil, "\(name)")
        }
    }

    /// Clips that go backwards would end a later search of the library, which takes them to go by time.
    @Test func factsThatNoVideoHasAreNoAnswer() throws {
        var backwards = video
        backwards.intervals.swapAt(0, 1)
        var flat = video
        flat.facts.height = 0
        var endless = video
        endless.facts.codec = String(repeating: "x", count: 1000)
        for other in [backwards, flat, endless] {
            #expect(read(bytes(.success(other))) == nil)
        }
    }
}
