import Base
import Foundation
import Ingestion
import Isolation
import Synchronization
import Testing
import TestSupport
import VideoEncoding

/// Workers that a video took over, and that go on talking: shell scripts in their place.
@Suite struct RunningWorkerTests {
    private static let answer = #"{"error":{"reason":"damaged","message":"it is damaged"}}"#

    /// What comes of files that a script reads, which come together.
    private static func outcomes(
        _ script: String, files: Int = 1, timeLimit: Double = 60, patience: Double = 20
    ) throws -> [VideoError?] {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let program = try folder.worker("head -c 1 >/dev/null\n" + script)
        let videos = try (0..<files).map { try folder.noVideo("\($0).mp4") }
        let source = IsolatedSource(
            program: .at(program), modelFolder: folder.path, dimension: 2,
            limits: .files(patience: patience))
        var outcomes: [VideoError?] = []
        try source.makeWorker(threads: 1).encode(
            videos.map { FileToEncode(path: $0, timeLimit: timeLimit) }, isCancelled: { false }
        ) { _, result in
            if case .failure(let error) = result { outcomes.append(error) } else { outcomes.append(nil) }
        }
        return outcomes
    }

    @Test func signsOfLifeWithoutEndAreNoAnswer() throws {
        let start = ContinuousClock.now
        let error = try Self.outcomes(
            "for i in $(seq 100); do echo; sleep 0.2; done", timeLimit: 0.5, patience: 0.5)[0]
        #expect(error?.reason == .decoderFailed && error?.detail.contains("did not finish") == true)
        #expect(ContinuousClock.now - start < .seconds(15))
    }

    @Test func clipsWithoutEndAreNoAnswer() throws {
        let facts = #"{"codec":"h264","container":"mov,mp4","duration":1,"height":48,"width":64}"#
        let error = try Self.outcomes(
            "echo '{\"video\":\(facts),\"clips\":9}'; echo '{\"part\":9,\"bytes\":216}'; "
                + "for i in $(seq 100); do printf x; sleep 0.2; done", timeLimit: 0.5, patience: 0.5)[0]
        #expect(error?.reason == .decoderFailed && error?.detail.contains("did not finish") == true)
    }

    /// Nobody waits for the end of what begins wrong.
    @Test func theFirstWrongLineIsTheLast() throws {
        let start = ContinuousClock.now
        let error = try Self.outcomes("echo '{}'; sleep 60")[0]
        #expect(error?.reason == .decoderFailed && error?.detail.contains("gave no answer") == true)
        #expect(ContinuousClock.now - start < .seconds(15))
    }

    /// An honest worker gives one sign a second.
    @Test func tooManySignsOfLifeAreNoAnswer() throws {
        let start = ContinuousClock.now
        let error = try Self.outcomes("yes '' | head -c 50000000")[0]
        #expect(error?.reason == .decoderFailed && error?.detail.contains("gave no answer") == true)
        #expect(ContinuousClock.now - start < .seconds(15))
    }

    /// The clips of the first may wait for those of the last.
    @Test func filesThatCameTogetherHaveTheirTimeTogether() throws {
        let errors = try Self.outcomes(
            "for i in $(seq 12); do echo; sleep 0.2; done; echo '\(Self.answer)'; echo '\(Self.answer)'; sleep 9",
            files: 2, timeLimit: 1, patience: 1)
        #expect(errors.map { $0?.reason } == [.damaged, .damaged])
    }

    /// Whatever the worker says, no more comes of it than a share of one of the files.
    @Test func howFarItIsIsTold() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let signs = [
            #"{"reading":0,"share":0.25}"#, #"{"reading":1,"share":0.5}"#, #"{"reading":2,"share":0.5}"#,
            #"{"reading":0,"share":0.75}"#,
        ]
        // Each by itself: of those that come together the last counts.
        let said = signs.map { "echo '\($0)'; sleep 0.3; " }.joined()
        let program = try folder.worker(
            "head -c 1 >/dev/null\n" + said + "echo '\(Self.answer)'; echo '\(Self.answer)'; sleep 9")
        let videos = try (0..<2).map { try folder.noVideo("\($0).mp4") }
        let source = IsolatedSource(program: .at(program), modelFolder: folder.path, dimension: 2)
        let told = Mutex<[String]>([])
        var reasons: [VideoError.Reason?] = []
        try source.makeWorker(threads: 1).encode(
            videos.map { FileToEncode(path: $0) }, isCancelled: { false }
        ) { place, share in
            told.withLock { $0.append("\(place) \(share)") }
        } deliver: { _, result in
            if case .failure(let error) = result { reasons.append(error.reason) }
        }
        #expect(told.withLock { $0 } == ["0 0.25", "1 0.5", "0 0.75"])
        #expect(reasons == [.damaged, .damaged])
    }

    /// What is no share is a part of an answer like any other, and breaks it.
    @Test(arguments: [
        #"{"reading":-1,"share":0.5}"#, #"{"reading":0,"share":1.5}"#, #"{"reading":0,"share":"much"}"#,
        #"{"reading":0}"#, #"{"reading":0,"share":0.5,"more":1}"#, #"{"reading":0,"share":0.5,"bytes":1}"#,
    ])
    func nonsenseAboutHowFarItIsIsNoAnswer(sign: String) throws {
        let error = try Self.outcomes("echo '\(sign)'; echo '\(Self.answer)'; sleep 9")[0]
        #expect(error?.reason == .decoderFailed)
    }

    /// An answer has the members that it needs, and no others.
    @Test(arguments: [
        #"{"error":{"reason":"damaged","message":"so"},"more":1}"#,
        #"{"error":{"reason":"damaged","message":"so"},"reading":0,"share":0.5}"#,
        #"{"not_limited_by":["seccomp"],"more":1}"#,
        // That is for whoever starts the worker to say.
        #"{"error":{"reason":"decoder_unavailable","message":"so"}}"#,
    ])
    func whatSaysMoreThanAnAnswerIsNone(line: String) throws {
        let error = try Self.outcomes("echo '\(line)'; echo '\(Self.answer)'; sleep 9")[0]
        #expect(error?.reason == .decoderFailed)
    }

    @Test func signsOfLifeMayStandAnywhere() throws {
        let script = #"printf '{"error":{"reason":"damaged",'; echo; printf '"message":"so"}}\n'; sleep 9"#
        // Within a line they are a line break, and what they break is no answer.
        #expect(try Self.outcomes(script, patience: 1)[0]?.reason == .decoderFailed)
        let errors = try Self.outcomes(
            "printf '\\n\\n\(Self.answer)\\n\\n\\n\(Self.answer)\\n\\n'; sleep 9", files: 2)
        #expect(errors.map { $0?.reason } == [.damaged, .damaged])
    }

    /// What a worker says of itself comes before all else, and is told once.
    @Test func aLimitThatTheSystemLacksIsTold() async {
        let result = await #expect(
            processExitsWith: .success, observing: [\.standardErrorContent]
        ) {
            for _ in 0..<2 {
                let script = #"echo '{"not_limited_by":["seccomp","nonsense"]}'; echo; echo '"#
                let errors = try Self.outcomes(script + Self.answer + "'; sleep 9")
                #expect(errors.map { $0?.reason } == [.damaged])
            }
        }
        let words = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        let warnings = words.components(separatedBy: "warning: seccomp could not be set up").count - 1
        #expect(warnings == 1, "\(words)")
    }

    /// Only the first line is the worker's own for sure.
    @Test func aNoticeThatComesLaterIsNoNotice() throws {
        let script = #"echo '{}'; echo '{"not_limited_by":["seccomp"]}'; echo '"# + Self.answer + "'; sleep 9"
        #expect(try Self.outcomes(script)[0]?.reason == .decoderFailed)
    }
}
