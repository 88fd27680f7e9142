import Base
import Distributions
import Foundation
import Indexing
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
@Suite struct EncodedLinesTests {
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

    @Test func aVideoComesBackToTheBit() throws {
        let text = EncodedLines.write(.success(video))
        let back = try #require(EncodedLines.read(Array(text.utf8), dimension: 3)).get()
        #expect(
            back.facts == video.facts && back.intervals == video.intervals && back.mixture == video.mixture)
    }

    @Test func anErrorComesBack() throws {
        let error = LibraryError(.video, reason: "damaged", message: "it is damaged")
        let outcome = try #require(
            EncodedLines.read(Array(EncodedLines.write(.failure(error)).utf8), dimension: 3))
        #expect(throws: error) { try outcome.get() }
    }

    /// SQLite's texts end at a zero byte: a row that was read back would fail its checksum.
    @Test func aTextWithAZeroByteIsNoAnswer() {
        let error = LibraryError(.video, reason: "damaged", message: "it is\0damaged")
        #expect(EncodedLines.read(Array(EncodedLines.write(.failure(error)).utf8), dimension: 3) == nil)
    }

    /// Nothing that a worker says is believed for its looks.
    @Test func whatIsCutOrChangedIsNoAnswer() throws {
        let text = EncodedLines.write(.success(video))
        let bytes = Array(text.utf8)
        for end in 0..<(bytes.count - 1) {
            #expect(EncodedLines.read(Array(bytes[..<end]), dimension: 3) == nil)
        }
        #expect(EncodedLines.read(bytes, dimension: 4) == nil)
        for (part, other) in [
            ("\"codec\":\"h264\"", "\"codec\":\"h2\\u000064\""),
            ("\"clips\":2", "\"clips\":3"), ("\"from\":0.0", "\"from\":9.0"),
            ("\"width\":640", "\"width\":\"x\""),
            ("3c00", "7c00"), ("3c00", "zz00"), ("\"log_variance\":\"c900", "\"log_variance\":\"f900"),
        ] {
            #expect(text.contains(part), "\(part)")
            let changed = text.replacingOccurrences(of: part, with: other)
            #expect(EncodedLines.read(Array(changed.utf8), dimension: 3) == nil, "\(part)")
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
            let text = EncodedLines.write(.success(other))
            #expect(EncodedLines.read(Array(text.utf8), dimension: 3) == nil)
        }
    }
}
