import Base
import Foundation
import Indexing
import Library
import Service
import Testing
import TestSupport
import VideoEncoding

/// Requests against an index, in process.
@Suite struct HandlerTests {
    @Test func aVideoOfTheIndexIsFoundWithoutDecoding() throws {
        let synthetic = try SyntheticLibrary(videos: 6)
        let result = try synthetic.handler.run(.search, ["video": .string(synthetic.path(2)), "limit": 3])
        #expect(problems(result, as: "search_result") == [])
        #expect(result["query"]?["indexed"] == true)
        #expect(result["query"]?["path"] == .string(synthetic.path(2)))
        #expect(result["query"]?["clips"] == 2)
        let matches = try #require(result["matches"]?.arrayValue)
        // Neighbours on either side are equally far: the path decides.
        #expect(matches.map { $0["path"]?.stringValue } == [2, 1, 3].map(synthetic.path))
        #expect(matches.map { $0["rank"] } == [1, 2, 3])
        #expect(matches[0]["distance"]?.doubleValue == 0)
        #expect(matches[1]["distance"] == matches[2]["distance"])
    }

    /// On a disk that is not there, or deleted since: the index still knows what it looked like.
    @Test func aVideoWhoseFileIsGoneIsFoundAsItWas() throws {
        let synthetic = try SyntheticLibrary(videos: 6)
        let before = try synthetic.handler.run(.search, ["video": .string(synthetic.path(2))])
        try FileManager.default.removeItem(atPath: synthetic.path(2))
        let after = try synthetic.handler.run(.search, ["video": .string(synthetic.path(2))])
        #expect(after["matches"] == before["matches"] && after["query"] == before["query"])
        #expect(after["query"]?["indexed"] == true)
        // A part of it, or a file that the index never held, needs the file; there is not even a model.
        let part = rpcError {
            try synthetic.handler.run(.search, ["video": .string(synthetic.path(2)), "from": 1])
        }
        #expect(part != nil)
        #expect(rpcError { try synthetic.handler.run(.search, ["video": .string(synthetic.path(9))]) } != nil)
    }

    @Test func theQueryItselfIsLeftOutOnRequest() throws {
        let synthetic = try SyntheticLibrary(videos: 4)
        let result = try synthetic.handler.run(
            .search, ["video": .string(synthetic.path(0)), "exclude_self": true, "limit": 2])
        #expect(result["matches"]?.arrayValue?.map { $0["path"]?.stringValue } == [1, 2].map(synthetic.path))
        #expect(result["matches"]?.arrayValue?.map { $0["rank"] } == [1, 2])
    }

    @Test func farMatchesAreLeftOutOnRequest() throws {
        let synthetic = try SyntheticLibrary(videos: 4)
        let all = try synthetic.handler.run(.search, ["video": .string(synthetic.path(0))])
        let second = try #require(all["matches"]?.arrayValue?[1]["distance"])
        let some = try synthetic.handler.run(
            .search, ["video": .string(synthetic.path(0)), "max_distance": second])
        #expect(all["matches"]?.arrayValue?.count == 4)
        #expect(some["matches"]?.arrayValue?.count == 2)
    }

    @Test func scoresComeFromTheModelsCalibration() throws {
        func matches(_ library: SyntheticLibrary, _ more: [String: JSONValue] = [:]) throws -> [JSONValue] {
            var params = [JSONValue.Member("video", .string(library.path(0)))]
            params += more.map { JSONValue.Member($0.key, $0.value) }
            let result = try library.handler.run(.search, .object(params))
            #expect(problems(result, as: "search_result") == [])
            return result["matches"]?.arrayValue ?? []
        }
        let plain = try SyntheticLibrary(videos: 4)
        #expect(try matches(plain).map { $0["score"] } == [.null, .null, .null, .null])
        #expect(
            rpcError {
                try plain.handler.run(.search, ["video": .string(plain.path(0)), "min_score": .number(0.5)])
            }?
            .data?["reason"] == "no_calibration")

        let curve = ScoreCalibration(
            modelFingerprint: SyntheticLibrary.model.fingerprint, offset: 3, slope: 2)
        let scored = try SyntheticLibrary(videos: 4, calibration: curve)
        let all = try matches(scored)
        let scores = try all.map { try #require($0["score"]?.doubleValue) }
        for (match, score) in zip(all, scores) {
            #expect(score == curve.score(distance: try #require(match["distance"]?.doubleValue)))
        }
        #expect(scores[0] == 1 / (1 + exp(-3)) && scores == scores.sorted(by: >) && scores[3] > 0)
        // However near they are: nothing was looked at.
        #expect(all.allSatisfy { $0["shares_footage"] == false && $0["verified"] == false })
        #expect(try matches(plain).allSatisfy { $0["shares_footage"] == .null })
        let limit = (scores[1] + scores[2]) / 2
        #expect(try matches(scored, ["min_score": .number(limit)]).count == 2)
        #expect(try matches(scored, ["mode": "iid"]).allSatisfy { $0["score"] == .null })

        var verifying = curve
        verifying.verified = VerifiedCalibration(
            weights: Array(repeating: 1, count: VerifiedCalibration.evidenceCount))
        let careful = try matches(try SyntheticLibrary(videos: 4, calibration: verifying))
        #expect(try careful.allSatisfy { try #require($0["score"]?.doubleValue) < curve.threshold })
        #expect(careful[0]["distance"]?.doubleValue == 0)

        var foreign = curve
        foreign.modelFingerprint = String(repeating: "b2", count: 32)
        let other = try SyntheticLibrary(videos: 4, calibration: foreign)
        #expect(try matches(other).allSatisfy { $0["score"] == .null }, "another model's curve means nothing")
    }

    @Test func thePapersEstimatorIsSeeded() throws {
        let synthetic = try SyntheticLibrary(videos: 4)
        let params: JSONValue = [
            "video": .string(synthetic.path(1)), "mode": "iid", "samples": 4, "lambda": .number(0.5),
        ]
        func distances() throws -> [JSONValue?]? {
            try synthetic.handler.run(.search, params)["matches"]?.arrayValue?.map { $0["distance"] }
        }
        let first = try #require(try distances())
        #expect(first.count == 4)
        #expect(try distances() == first)
    }

    @Test func aFileChangedSinceItWasIndexedIsNotTakenForTheIndexed() throws {
        let synthetic = try SyntheticLibrary(videos: 2)
        try "changed".write(toFile: synthetic.path(0), atomically: false, encoding: .utf8)
        // It would have to be encoded, and there is no model.
        let error = rpcError { try synthetic.handler.run(.search, ["video": .string(synthetic.path(0))]) }
        #expect(error?.code == .model)
    }

    @Test func newVideosOfAnotherWriterAreSeen() throws {
        let synthetic = try SyntheticLibrary(videos: 1)
        let handler = synthetic.handler
        func found() throws -> Int? {
            try handler.run(.search, ["video": .string(synthetic.path(0))])["matches"]?.arrayValue?.count
        }
        #expect(try found() == 1)
        try synthetic.writing { try synthetic.store(1, in: $0) }
        #expect(try found() == 2)
        #expect(try handler.run(.info, nil)["videos"]?["ready"] == 2)
    }

    @Test func aReplacedIndexIsOpenedAnew() throws {
        let synthetic = try SyntheticLibrary(videos: 3)
        #expect(try synthetic.handler.run(.info, nil)["videos"]?["ready"] == 3)
        try FileManager.default.removeItem(atPath: synthetic.folder.path + "/index")
        #expect(rpcError { try synthetic.handler.run(.info, nil) }?.code == .index)
        try synthetic.writing { try synthetic.store(0, in: $0) }
        #expect(try synthetic.handler.run(.info, nil)["videos"]?["ready"] == 1)
    }

    @Test func infoCountsAndListsFailures() throws {
        let synthetic = try SyntheticLibrary(videos: 2)
        try synthetic.writing { index in
            var identity = try synthetic.identity(0)
            identity.path = synthetic.folder.path + "/broken.mp4"
            try index.storeFailure(identity, reason: "damaged", message: "damaged at byte 7")
            try index.addRoots([synthetic.folder.path])
        }
        let short = try synthetic.handler.run(.info, nil)
        #expect(problems(short, as: "info_result") == [])
        #expect(
            short["videos"] == ["ready": 2, "failed": 1, "not_videos": 0, "damaged": 0, "times_mended": 0])
        #expect(short["failures"] == nil)
        #expect(short["folders"] == [.string(synthetic.folder.path)])
        let long = try synthetic.handler.run(.info, ["failures": true])
        #expect(problems(long, as: "info_result") == [])
        #expect(long["failures"]?.arrayValue?.map { $0["reason"] } == ["damaged"])
        #expect(long["troubled"] == .array([]) && short["troubled"] == nil)
    }

    @Test func removeForgetsVideosAndFolders() throws {
        let synthetic = try SyntheticLibrary(videos: 3)
        // The file may be gone already, and the path may be a roundabout one.
        try FileManager.default.removeItem(atPath: synthetic.path(1))
        let detour = synthetic.folder.path + "/index/../v1.mp4"
        let result = try synthetic.handler.run(.remove, ["paths": [.string(detour)]])
        #expect(problems(result, as: "remove_result") == [])
        #expect(result["removed"] == 1)
        #expect(try synthetic.handler.run(.remove, ["paths": [.string(detour)]])["removed"] == 0)
        #expect(
            try synthetic.handler.run(.remove, ["paths": [.string(synthetic.folder.path)]])["removed"] == 2)
        #expect(try synthetic.handler.run(.info, nil)["videos"]?["ready"] == 0)
    }

    @Test func aBusyIndexSaysSo() throws {
        let synthetic = try SyntheticLibrary(videos: 1)
        try synthetic.writing { _ in
            let error = rpcError {
                try synthetic.handler.run(.remove, ["paths": [.string(synthetic.path(0))]])
            }
            #expect(error?.code == .index)
            #expect(error?.data?["reason"] == "index_busy")
            // Readers go on.
            let ready = try synthetic.handler.run(.info, nil)["videos"]?["ready"]
            #expect(ready == 1)
        }
    }

    @Test func aMissingIndexAndAMissingModelAreNamed() throws {
        let folder = try TemporaryFolder()
        let library = VideoLibrary(
            LibraryConfiguration(indexFolder: folder.path + "/none", modelFolder: folder.path + "/nomodel"))
        let handler = RequestHandler(library: library)
        let missing = rpcError { try handler.run(.search, ["video": "x.mp4"]) }
        #expect(missing?.code == .index || missing?.code == .model || missing?.code == .file)
        #expect(rpcError { try handler.run(.info, nil) }?.data?["reason"] == "index_not_found")
        #expect(rpcError { try handler.run(.index, ["folders": [.string(folder.path)]]) }?.code == .model)
    }

    @Test func aCorruptedIndexIsAnError() throws {
        let synthetic = try SyntheticLibrary(videos: 2)
        let database = synthetic.folder.path + "/index/videos.sqlite"
        try Data(repeating: 0x5A, count: 8192).write(to: URL(fileURLWithPath: database))
        let error = rpcError { try synthetic.handler.run(.info, nil) }
        #expect(error?.data?["reason"] == "index_corrupted")
        #expect(error?.data?["hint"] != nil)
    }

    @Test(arguments: [
        (Method.search, #"{}"#, "video"), (.search, #"{"video":""}"#, "video"),
        (.search, #"{"video":7}"#, "video"),
        (.search, #"{"video":"a\u0000b"}"#, "video"),
        (.search, #"{"video":"a","limit":0}"#, "limit"), (.search, #"{"video":"a","limit":1.5}"#, "limit"),
        (.search, #"{"video":"a","limit":"3"}"#, "limit"), (.search, #"{"video":"a","limit":1e30}"#, "limit"),
        (.search, #"{"video":"a","max_distance":-1}"#, "max_distance"),
        (.search, #"{"video":"a","max_distance":1e999}"#, "max_distance"),
        (.search, #"{"video":"a","from":-1}"#, "from"), (.search, #"{"video":"a","from":5,"to":5}"#, "to"),
        (.search, #"{"video":"a","to":0}"#, "to"),
        (.search, #"{"video":"a","exclude_self":1}"#, "exclude_self"),
        (.search, #"{"video":"a","mode":"exact"}"#, "mode"),
        (.search, #"{"video":"a","samples":0}"#, "samples"),
        (.search, #"{"video":"a","Limit":3}"#, "Limit"),
        (.index, #"{}"#, "folders"), (.index, #"{"folders":[]}"#, "folders"),
        (.index, #"{"folders":"a"}"#, "folders"), (.index, #"{"folders":["a",1]}"#, "folders"),
        (.index, #"{"folders":["a"],"workers":0}"#, "workers"),
        (.index, #"{"folders":["a"],"time_limit":0}"#, "time_limit"),
        (.remove, #"{}"#, "paths"), (.remove, #"{"path":"a"}"#, "path"),
        (.info, #"{"verbose":true}"#, "verbose"),
    ])
    func aWrongParameterIsNamed(method: Method, params: String, name: String) throws {
        let synthetic = try SyntheticLibrary(videos: 0)
        let error = rpcError { try synthetic.handler.run(method, try JSONValue(parsing: params)) }
        #expect(error?.code == .invalidParameters)
        #expect(error?.data?["parameter"] == .string(name))
        #expect(error?.message.contains(name) == true)
    }

    @Test func parametersGoByNameAndNullIsNotGiven() throws {
        let synthetic = try SyntheticLibrary(videos: 1)
        #expect(rpcError { try synthetic.handler.run(.info, [true]) }?.code == .invalidParameters)
        let params: JSONValue = [
            "video": .string(synthetic.path(0)), "limit": .null, "from": .null, "mode": .null,
        ]
        #expect(try synthetic.handler.run(.search, params)["matches"]?.arrayValue?.count == 1)
    }
}
