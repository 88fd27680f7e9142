import Base
import Foundation
import Service
import Testing
import VideoEncoding

/// Groups and decisions as clients see them.
@Suite struct DuplicatesTests {
    static let curve = ScoreCalibration(
        modelFingerprint: SyntheticLibrary.model.fingerprint, offset: 3, slope: 2, threshold: 0.5)

    @Test func groupsComeByDistanceOrByScore() throws {
        let library = try SyntheticLibrary(videos: 6, calibration: Self.curve)
        let result = try library.handler.run(.duplicates, ["max_distance": .number(1.5)])
        #expect(problems(result, as: "duplicates_result") == [])
        let groups = try #require(result["groups"]?.arrayValue)
        // A line of six, each as near as the next: what does not match the one to keep is in no group with it.
        try #require(groups.count == 3)
        #expect(result["found"] == 3 && result["videos"] == 6)
        #expect(groups[0]["members"]?.arrayValue?.count == 2)
        #expect(groups[0]["centre"] == .string(library.path(0)))
        #expect(groups[0]["members"]?.arrayValue?.count(where: { $0["keep"] == true }) == 1)
        let largest = try #require(groups[0]["maximum_distance"]?.doubleValue)
        #expect(groups[0]["minimum_score"]?.doubleValue == Self.curve.score(distance: largest))
        let first = try library.handler.run(.duplicates, ["max_distance": .number(1.5), "limit": 1])
        #expect(first["groups"]?.arrayValue?.count == 1 && first["found"] == 3)
        // The threshold is the default.
        let plain = try library.handler.run(.duplicates, nil)
        #expect(abs(try #require(plain["min_score"]?.doubleValue) - 0.5) < 1e-9)
        let strict = try library.handler.run(.duplicates, ["min_score": .number(0.9)])
        #expect(abs(try #require(strict["min_score"]?.doubleValue) - 0.9) < 1e-9)
    }

    @Test func withoutScoresADistanceIsNeeded() throws {
        let library = try SyntheticLibrary(videos: 2)
        #expect(rpcError { try library.handler.run(.duplicates, nil) }?.data?["reason"] == "no_calibration")
        let result = try library.handler.run(.duplicates, ["max_distance": 0])
        #expect(problems(result, as: "duplicates_result") == [])
        #expect(result["groups"] == .array([]) && result["min_score"] == .null)
    }

    @Test func decisionsAreRememberedListedAndTakenBack() throws {
        let library = try SyntheticLibrary(videos: 3)
        let paths: JSONValue = .array([0, 1, 2].map { .string(library.path($0)) })
        let params: JSONValue = .object([.init("paths", paths)])
        let before = try library.handler.run(.duplicates, ["max_distance": .number(1000.0)])
        #expect(before["groups"]?.arrayValue?.count == 1)
        let decided = try library.handler.run(.rejectDuplicates, params)
        #expect(problems(decided, as: "reject_duplicates_result") == [] && decided["decided"] == 3)
        #expect(try library.handler.run(.rejectDuplicates, params)["decided"] == 0)
        let after = try library.handler.run(.duplicates, ["max_distance": .number(1000.0)])
        #expect(after["groups"] == .array([]) && after["rejected"] == 3)
        let list = try library.handler.run(.duplicateDecisions, nil)
        #expect(problems(list, as: "duplicate_decisions_result") == [])
        #expect(list["decisions"]?.arrayValue?.count == 3)
        #expect(
            list["decisions"]?.arrayValue?[0]["paths"]
                == .array([.array([.string(library.path(0))]), .array([.string(library.path(1))])]))
        let restored = try library.handler.run(.restoreDuplicates, params)
        #expect(problems(restored, as: "restore_duplicates_result") == [] && restored["restored"] == 3)
        let again = try library.handler.run(.duplicates, ["max_distance": .number(1000.0)])
        #expect(again["groups"] == before["groups"])
    }

    /// A whole group at once: 179,700 pairs.
    @Test(.timeLimit(.minutes(1))) func hundredsAreDecidedOfAtOnce() throws {
        let library = try SyntheticLibrary(videos: 600)
        let paths: JSONValue = .array((0..<600).map { .string(library.path($0)) })
        let params: JSONValue = .object([.init("paths", paths)])
        #expect(try library.handler.run(.rejectDuplicates, params)["decided"] == 179_700)
        #expect(try library.handler.run(.restoreDuplicates, params)["restored"] == 179_700)
    }

    /// What looks alike is listed apart, and only when that is asked for.
    @Test func similarVideosAreListedWhenAskedFor() throws {
        let library = try SyntheticLibrary(videos: 3)
        let plain = try library.handler.run(.duplicates, ["max_distance": .number(1000.0)])
        #expect(plain["similar"] == nil)
        let asked = try library.handler.run(
            .duplicates, ["max_distance": .number(1000.0), "similar": true])
        #expect(problems(asked, as: "duplicates_result") == [])
        // Without a judge, all that is near is taken for a duplicate.
        #expect(asked["similar"] == .array([]) && asked["groups"] == plain["groups"])
        let wrong = rpcError { try library.handler.run(.duplicates, ["similar": .number(1)]) }
        #expect(wrong?.data?["parameter"] == "similar")
    }

    @Test func aVideoThatIsNotInTheIndexCannotBeDecidedOf() throws {
        let library = try SyntheticLibrary(videos: 1)
        let paths: JSONValue = .array([.string(library.path(0)), .string(library.path(7))])
        let problem = rpcError {
            try library.handler.run(.rejectDuplicates, .object([.init("paths", paths)]))
        }
        #expect(problem?.data?["reason"] == "not_in_index")
        #expect(problem?.data?["path"] == .string(library.path(7)))
    }

    @Test(arguments: [
        (Method.duplicates, #"{"min_score":1}"#, "min_score"), (.duplicates, #"{"limit":0}"#, "limit"),
        (.duplicates, #"{"max_distance":-1}"#, "max_distance"),
        (.rejectDuplicates, #"{"paths":["a"]}"#, "paths"),
        (.restoreDuplicates, "{}", "paths"), (.duplicateDecisions, #"{"x":1}"#, "x"),
    ])
    func aWrongParameterIsNamed(method: Method, params: String, name: String) throws {
        let library = try SyntheticLibrary(videos: 1)
        let problem = rpcError { try library.handler.run(method, try JSONValue(parsing: params)) }
        #expect(problem?.code == .invalidParameters && problem?.data?["parameter"] == .string(name))
    }
}
