import Base
import Distributions
import Indexing
import Service
import Testing
import VideoEncoding

/// Matches by parts, in process.
@Suite struct PartTests {
    @Test func matchesListTheirSegments() throws {
        let synthetic = try SyntheticLibrary(videos: 6)
        let params: JSONValue = ["video": .string(synthetic.path(2)), "granularity": "clip"]
        let result = try synthetic.handler.run(.search, params)
        #expect(problems(result, as: "search_result") == [])
        let own = try #require(result["matches"]?.arrayValue?[0])
        let none = JSONValue.number(0.0)
        let segment: JSONValue = [
            "query": [none, .number(4.0)], "target": [none, .number(4.0)], "offset": none,
            "speed": .number(1.0), "distance": none, "score": .null,
        ]
        #expect(own["segments"] == [segment])
        // It is the default.
        let plain = try synthetic.handler.run(.search, ["video": .string(synthetic.path(2))])
        #expect(plain["matches"] == result["matches"])
    }

    @Test func wholeVideosHaveNone() throws {
        let synthetic = try SyntheticLibrary(videos: 3)
        for more: JSONValue in [["granularity": "video"], ["mode": "iid"], ["lambda": .number(0.5)]] {
            guard case .object(let members) = more else { continue }
            let params = JSONValue.object([.init("video", .string(synthetic.path(0)))] + members)
            let result = try synthetic.handler.run(.search, params)
            #expect(problems(result, as: "search_result") == [])
            let matches = try #require(result["matches"]?.arrayValue)
            #expect(matches.count == 3)
            #expect(matches.allSatisfy { $0["segments"] == [] })
        }
    }

    @Test func scenesNameThePartAndGiveNoScores() throws {
        let curve = ScoreCalibration(
            modelFingerprint: SyntheticLibrary.model.fingerprint, offset: 3, slope: 2)
        let synthetic = try SyntheticLibrary(videos: 6, calibration: curve)
        for like: [JSONValue.Member] in [[], [.init("like", .array([.string(synthetic.path(4))]))]] {
            let result = try synthetic.handler.run(
                .search,
                .object(
                    [.init("video", .string(synthetic.path(2))), .init("granularity", "scene")] + like))
            #expect(problems(result, as: "search_result") == [])
            let matches = try #require(result["matches"]?.arrayValue)
            #expect(matches.count == 6)
            #expect(matches.allSatisfy { $0["segments"]?.arrayValue?.count == 1 && $0["score"] == .null })
        }
        // Scores are of whole videos and of footage that is shared.
        #expect(throws: (any Error).self) {
            try synthetic.handler.run(
                .search,
                ["video": .string(synthetic.path(2)), "granularity": "scene", "min_score": .number(0.5)])
        }
    }

    @Test(arguments: ["clip", "scene"]) func partsGoWithTheDefaultDistanceAlone(granularity: String) throws {
        let synthetic = try SyntheticLibrary(videos: 1)
        let unlike = JSONValue.array([.string(synthetic.path(0))])
        for more: JSONValue in [["mode": "iid"], ["lambda": .number(2)], ["unlike": unlike]] {
            guard case .object(let members) = more else { continue }
            let params = JSONValue.object(
                [.init("video", .string(synthetic.path(0))), .init("granularity", .string(granularity))]
                    + members)
            #expect {
                try synthetic.handler.run(.search, params)
            } throws: { error in
                (error as? RPCError)?.code == .invalidParameters
                    && (error as? RPCError)?.data?["parameter"] == "granularity"
            }
        }
    }

    @Test func aQueryThatShowsNothingSaysSo() throws {
        let curve = ScoreCalibration(
            modelFingerprint: SyntheticLibrary.model.fingerprint, offset: 3, slope: 2)
        let synthetic = try SyntheticLibrary(videos: 60, calibration: curve)
        // What the model would make of black: the very first video.
        try synthetic.writing { index in
            let video = try #require(try index.video(atPath: synthetic.path(0)))
            index.store(emptyClips: try index.mixture(ofVideo: video.id).mixture.components)
        }
        for (number, isEmpty) in [(0, true), (50, false)] {
            let result = try synthetic.handler.run(.search, ["video": .string(synthetic.path(number))])
            #expect(problems(result, as: "search_result") == [])
            #expect(result["query"]?["low_information"] == .bool(isEmpty))
            let first = try #require(result["matches"]?.arrayValue?[0])
            #expect(first["path"] == .string(synthetic.path(number)))
            #expect((first["score"] == .null) == isEmpty)
            #expect((first["segments"] == []) == isEmpty)
        }
    }
}
