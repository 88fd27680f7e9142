import Base
import Foundation
import Library
import Testing
import VideoEncoding

/// Filters, several queries and several examples, by the handler.
@Suite struct SearchBatchTests {
    func paths(_ result: JSONValue) -> [String] {
        result["matches"]?.arrayValue?.compactMap { $0["path"]?.stringValue } ?? []
    }

    @Test func eachVideoOfABatchGetsTheAnswerThatItGetsAlone() throws {
        let synthetic = try SyntheticLibrary(videos: 8)
        let numbers = [3, 0, 3, 7]
        let batch = try synthetic.handler.run(
            .search,
            ["videos": .array(numbers.map { .string(synthetic.path($0)) }), "limit": 4, "exclude_self": true])
        #expect(problems(batch, as: "search_batch_result") == [])
        let results = try #require(batch["results"]?.arrayValue)
        #expect(results.count == 4)
        for (number, result) in zip(numbers, results) {
            let alone = try synthetic.handler.run(
                .search, ["video": .string(synthetic.path(number)), "limit": 4, "exclude_self": true])
            #expect(result["matches"] == alone["matches"] && result["query"] == alone["query"])
            #expect(paths(result).count == 4 && !paths(result).contains(synthetic.path(number)))
        }
    }

    @Test func aFileThatIsNoVideoIsItsOwnAnswerOnly() throws {
        let synthetic = try SyntheticLibrary(videos: 3)
        // There is no model to encode others with, so a video of the index stands beside one that is no path at all.
        let missing = synthetic.folder.path + "/folder"
        try FileManager.default.createDirectory(atPath: missing, withIntermediateDirectories: true)
        let files: JSONValue = [.string(synthetic.path(1)), .string(missing), .string(synthetic.path(2))]
        // A library whose model is missing refuses as a whole: nothing else can be searched for either.
        #expect(rpcError { try synthetic.handler.run(.search, ["videos": files]) }?.code == .model)
        let answer = BatchResponse.Answer(
            video: missing,
            result: .failure(LibraryError(.video, reason: "not_a_file", path: missing, message: "a folder")))
        #expect(problems(answer.json, as: "search_failure") == [])
        #expect(answer.json["error"]?["data"]?["reason"] == "not_a_file")
    }

    @Test func filtersLeaveVideosOutBeforeTheRanking() throws {
        let synthetic = try SyntheticLibrary(videos: 6)
        func found(_ more: [String: JSONValue]) throws -> [String] {
            let members = [
                JSONValue.Member("video", .string(synthetic.path(0))), JSONValue.Member("limit", 2),
            ]
            let result = try synthetic.handler.run(
                .search, .object(members + more.map { JSONValue.Member($0.key, $0.value) }))
            #expect(problems(result, as: "search_result") == [])
            return paths(result)
        }
        #expect(try found(["paths": ["v[3-5].mp4"]]) == [3, 4].map(synthetic.path))
        #expect(try found(["not_paths": ["v0*", "/**/v1.mp4"]]) == [2, 3].map(synthetic.path))
        #expect(try found(["paths": [.string(synthetic.folder.path)]]) == [0, 1].map(synthetic.path))
        #expect(try found(["min_duration": 4]) == [0, 1].map(synthetic.path))
        #expect(try found(["min_duration": .number(4.1)]) == [])
        #expect(try found(["max_duration": .number(3.9)]) == [])
        #expect(try found(["max_size": 3]) == [])
        #expect(try found(["min_size": 3]).count == 2)
        let times: [timespec] = [timespec(tv_sec: 5_000, tv_nsec: 0), timespec(tv_sec: 5_000, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, synthetic.path(4), times, 0) == 0)
        try synthetic.writing { index in
            try index.update([.init(id: 5, identity: try synthetic.identity(4))])
        }
        #expect(try found(["modified_before": 5_001]) == [synthetic.path(4)])
        #expect(try found(["modified_before": 5_000]) == [])
        #expect(try found(["modified_after": 5_000]) == [0, 1].map(synthetic.path))
        #expect(try found(["modified_after": 5_001, "not_paths": ["v0.mp4"]]) == [1, 2].map(synthetic.path))
    }

    @Test func examplesJoinAndUnwantedOnesPushBack() throws {
        let synthetic = try SyntheticLibrary(videos: 9)
        let joined = try synthetic.handler.run(
            .search,
            [
                "video": .string(synthetic.path(2)), "like": [.string(synthetic.path(6))], "limit": 3,
                "exclude_self": true,
            ])
        #expect(problems(joined, as: "search_result") == [])
        // The middle of both, and its neighbours; the examples themselves are left out.
        #expect(paths(joined) == [4, 3, 5].map(synthetic.path))
        #expect(joined["query"]?["clips"] == 4)
        #expect(joined["query"]?["like"] == [.string(synthetic.path(6))])

        let pushed = try synthetic.handler.run(
            .search,
            ["video": .string(synthetic.path(4)), "unlike": [.string(synthetic.path(5))], "limit": 4])
        #expect(problems(pushed, as: "search_result") == [])
        // 5 would be as near as 3, and 6 as near as 2.
        #expect(paths(pushed) == [4, 3, 5, 2].map(synthetic.path))
        let penalties = pushed["matches"]?.arrayValue?.map { $0["penalty"]?.doubleValue ?? -1 } ?? []
        #expect(penalties[0] == 0 && penalties[1] == 0 && penalties[2] > 0 && penalties[3] == 0)
        let plain = try synthetic.handler.run(.search, ["video": .string(synthetic.path(4))])
        #expect(plain["matches"]?.arrayValue?.allSatisfy { $0["penalty"] == nil } == true)
    }

    @Test func thresholdsHoldForThePenalisedDistance() throws {
        let curve = ScoreCalibration(
            modelFingerprint: SyntheticLibrary.model.fingerprint, offset: 3, slope: 2)
        let synthetic = try SyntheticLibrary(videos: 9, calibration: curve)
        let params: [JSONValue.Member] = [
            .init("video", .string(synthetic.path(4))), .init("unlike", [.string(synthetic.path(5))]),
        ]
        let all = try synthetic.handler.run(.search, .object(params))["matches"]?.arrayValue ?? []
        let scores = all.compactMap { $0["score"]?.doubleValue }
        #expect(scores.count == 9 && scores == scores.sorted(by: >))
        let some = try synthetic.handler.run(
            .search, .object(params + [.init("min_score", .number((scores[3] + scores[4]) / 2))]))
        #expect(some["matches"]?.arrayValue == Array(all.prefix(4)))
        let near = try synthetic.handler.run(
            .search, .object(params + [.init("max_distance", all[2]["distance"] ?? .null)]))
        #expect(near["matches"]?.arrayValue == Array(all.prefix(3)))
    }

    @Test(arguments: [
        (#"{"videos":[]}"#, "videos"), (#"{"videos":"a"}"#, "videos"),
        (#"{"videos":["a"],"video":"b"}"#, "videos"),
        (#"{"video":"a","like":"b"}"#, "like"), (#"{"video":"a","unlike":["b"],"mode":"iid"}"#, "unlike"),
        (#"{"video":"a","paths":["["]}"#, "paths"), (#"{"video":"a","paths":[]}"#, "paths"),
        (#"{"video":"a","not_paths":["\\"]}"#, "not_paths"), (#"{"video":"a","path":["x"]}"#, "path"),
        (#"{"video":"a","min_duration":-1}"#, "min_duration"),
        (#"{"video":"a","max_duration":"1"}"#, "max_duration"),
        (#"{"video":"a","modified_after":"2026"}"#, "modified_after"),
        (#"{"video":"a","min_size":1.5}"#, "min_size"),
        (#"{"video":"a","max_size":-1}"#, "max_size"), (#"{"videos":["a"],"limit":0}"#, "limit"),
    ])
    func aWrongParameterIsNamed(params: String, name: String) throws {
        let synthetic = try SyntheticLibrary(videos: 0)
        let error = rpcError { try synthetic.handler.run(.search, try JSONValue(parsing: params)) }
        #expect(error?.code == .invalidParameters)
        #expect(error?.data?["parameter"] == .string(name))
    }
}
