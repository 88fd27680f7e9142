import Base
import Foundation
import Isolation
import Synchronization
import Testing
import TestSupport
import VideoDecoding

/// Workers that hand over clips as they are: shell scripts in their place. A clip is one frame of 2 × 2 pixels.
@Suite(.timeLimit(.minutes(2))) struct ClipWorkerTests {
    private let folder: TemporaryFolder
    private let video: String
    private static let geometry = FrameGeometry(width: 2, height: 2)
    private static let options = ReadingOptions(
        plan: ClipPlan(framesPerClip: 1, clipDuration: 1, clipStride: 1), geometry: geometry, timeLimit: 60)

    init() throws {
        folder = try TemporaryFolder()
        video = try folder.noVideo()
    }

    /// A source whose worker is a script, which notes each of its starts.
    private func source(_ script: String, patience: Double = 20) throws -> IsolatedClips {
        let start = "echo >> '\(folder.path)/starts'\nhead -c 1 >/dev/null"
        let program = try folder.worker(start + "\n" + script)
        return IsolatedClips(
            IsolatedSource(program: .at(program), modelFolder: nil, limits: .files(patience: patience)),
            threads: 1)
    }

    private var starts: Int {
        (try? Data(contentsOf: URL(fileURLWithPath: folder.path + "/starts")).count) ?? 0
    }

    /// The shell's words for a clip whose bytes are all the same.
    private static func clip(
        _ from: Double, _ to: Double, byte: String = "\\n", count: Int = 12, announced: Int = 12
    ) -> String {
        let line = #"{"clip":{"from":\#(from),"to":\#(to)},"bytes":\#(announced)}\n"#
        return "printf '\(line)\(String(repeating: byte, count: count))';"
    }

    private static func end(_ count: Int) -> String { #"echo '{"clips":\#(count)}';"# }

    /// The clips that were handed out, and the error where there was one.
    private func read(
        _ clips: IsolatedClips, most: Int = .max, enough: Int = .max
    ) -> (clips: [Clip], error: VideoError?) {
        var taken: [Clip] = []
        do throws(VideoError) {
            try clips.read(path: video, options: Self.options, most: most) { clip in
                taken.append(clip)
                return taken.count < enough
            }
            return (taken, nil)
        } catch {
            return (taken, error)
        }
    }

    /// Frames may hold what elsewhere is a line break, a sign of life or an answer.
    @Test func framesComeAsTheyAre() throws {
        let clips = try source(
            "echo; \(Self.clip(0, 1)) echo; echo; \(Self.clip(1, 2, byte: "{")) \(Self.end(2))"
                + " head -c 1 >/dev/null; \(Self.clip(0, 3, byte: "x")) \(Self.end(1)) sleep 9")
        let first = read(clips)
        #expect(first.error == nil)
        #expect(first.clips.map(\.interval) == [TimeRange(start: 0, stop: 1), TimeRange(start: 1, stop: 2)])
        #expect(first.clips.map(\.frames) == [[UInt8](repeating: 10, count: 12), Array("{{{{{{{{{{{{".utf8)])
        // The next file is the same worker's.
        let second = read(clips)
        #expect(second.error == nil && second.clips.map(\.frames) == [Array("xxxxxxxxxxxx".utf8)])
        #expect(starts == 1)
    }

    /// Nothing that a worker says is believed for its looks.
    @Test(arguments: [
        clip(0, 1, announced: 11) + end(1), clip(0, 1, byte: "z", count: 13) + end(1),
        clip(0, 1, count: 11) + end(1),
        clip(0, 1, count: 24, announced: 24) + end(1), clip(0, 1, announced: -12) + end(1),
        clip(0, 1) + end(2), clip(0, 1) + end(0), clip(1, 1) + end(1), clip(-1, 1) + end(1),
        clip(1, 2) + clip(0, 1) + end(2), clip(0, 1) + clip(0, 2) + clip(1, 3) + clip(2, 4) + end(4),
        #"echo '{"clip":'; "# + end(0), #"echo '{"duration":3}'; "#,
        #"echo '{"clip":{},"bytes":12}'; printf 'xxxxxxxxxxxx'; "# + end(1),
        "printf 'x'; " + clip(0, 1) + end(1),
    ])
    func whatIsNoClipIsNone(script: String) throws {
        let (taken, error) = read(try source(script + " sleep 99", patience: 4), most: 3)
        #expect(error?.reason == .decoderFailed && error?.path == video, "\(taken)")
        #expect(taken.allSatisfy { $0.frames.count == 12 })
        #expect(starts == 2)
    }

    /// Of what a worker handed over before it died, nothing comes twice.
    @Test func aWorkerThatDiesIsStartedOnceMore() throws {
        let died = "'\(folder.path)/died'"
        let clips = try source(
            """
            \(Self.clip(0, 1, byte: "a")) \(Self.clip(1, 2, byte: "b"))
            if [ ! -e \(died) ]; then : > \(died); kill -SEGV $$; fi
            \(Self.clip(2, 3, byte: "c")) \(Self.end(3)) sleep 9
            """)
        let (taken, error) = read(clips)
        #expect(error == nil && starts == 2)
        #expect(taken.map { $0.frames[0] } == Array("abc".utf8))
    }

    /// Clips that were handed out and that the second worker knows nothing of are no part of a whole.
    @Test func fewerClipsThanBeforeAreNoAnswer() throws {
        let died = "'\(folder.path)/died'"
        let clips = try source(
            """
            \(Self.clip(0, 1))
            if [ ! -e \(died) ]; then : > \(died); \(Self.clip(1, 2)) kill -SEGV $$; fi
            \(Self.end(1)) sleep 9
            """)
        let (taken, error) = read(clips)
        #expect(taken.count == 2 && error?.reason == .decoderFailed && starts == 2)
    }

    @Test func oneThatDiesTwiceFailsTheFile() throws {
        let clips = try source("\(Self.clip(0, 1)) kill -SEGV $$")
        let (taken, error) = read(clips)
        #expect(taken.count == 1 && starts == 2)
        #expect(error?.reason == .decoderFailed && error?.detail.contains("signal 11") == true)
        for error in [
            failure { _ = try clips.duration(path: video, options: Self.options) },
            failure { _ = try clips.still(path: video, geometry: Self.geometry, timeLimit: 9) },
        ] {
            #expect(error?.reason == .decoderFailed && error?.path == video)
        }
        #expect(starts == 6)
    }

    @Test func whoeverHasEnoughWaitsForNoMore() throws {
        let start = ContinuousClock.now
        let (taken, error) = read(try source("\(Self.clip(0, 1)) sleep 1000"), enough: 1)
        #expect(taken.count == 1 && error == nil && starts == 1)
        #expect(ContinuousClock.now - start < .seconds(15))
    }

    @Test func cancellingEndsTheWorker() throws {
        let clips = try source("\(Self.clip(0, 1)) sleep 1000")
        var options = Self.options
        let start = ContinuousClock.now
        let isCancelled = Atomic(false)
        options.isCancelled = { isCancelled.load(ordering: .relaxed) }
        let error = failure {
            try clips.read(path: video, options: options, most: 9) { _ in
                isCancelled.store(true, ordering: .relaxed)
                return true
            }
        }
        #expect(error?.reason == .cancelled && starts == 1)
        #expect(ContinuousClock.now - start < .seconds(15))
    }

    /// What a worker says beyond what it was asked is not taken for what it says of the next file.
    @Test func whatIsSaidTooEarlyIsNotTaken() throws {
        let early = "\(Self.clip(0, 1, byte: "x")) \(Self.end(1))"
        let clips = try source("\(Self.clip(0, 1, byte: "a")) \(Self.end(1)) sleep 0.1; \(early) sleep 9")
        #expect(read(clips).clips.map { $0.frames[0] } == Array("a".utf8))
        // Long enough for it to be there.
        usleep(300_000)
        #expect(read(clips).clips.map { $0.frames[0] } == Array("a".utf8) && starts >= 2)
    }

    /// Nobody but whoever asks can cancel: the run would end without a word.
    @Test func aWorkerCancelsNothing() throws {
        let clips = try source(#"echo '{"error":{"reason":"cancelled","message":"so"}}'; sleep 9"#)
        #expect(read(clips).error?.reason == .decoderFailed && starts == 2)
    }

    /// Lines are short where clips are asked for; a gigabyte of them would be many more once it is read.
    @Test func linesWithoutEndAreNoAnswer() throws {
        let start = ContinuousClock.now
        for words in ["yes '[1,1,1,1,1,1,1,1,1,1,'", "yes | tr -d '\\n'"] {
            let (_, error) = read(try source("\(words); sleep 99"))
            #expect(error?.reason == .decoderFailed && error?.detail.contains("gave no answer") == true)
        }
        #expect(ContinuousClock.now - start < .seconds(15))
    }

    /// A large file has no more time than a small one where its time limit does not grow with what it runs.
    @Test func signsOfLifeWithoutEndAreNoAnswer() throws {
        let file = try #require(FileHandle(forWritingAtPath: video))
        try file.truncate(atOffset: 1 << 30)
        let clips = try source("for i in $(seq 100); do echo; sleep 0.2; done", patience: 0.5)
        var options = Self.options
        options.timeLimit = 0.5
        let start = ContinuousClock.now
        let error = failure { try clips.read(path: video, options: options, most: 9) { _ in true } }
        #expect(error?.reason == .decoderFailed && error?.detail.contains("did not finish") == true)
        #expect(ContinuousClock.now - start < .seconds(15))
    }

    /// An honest worker's reason is the file's, and it is not asked again.
    @Test func anErrorIsTheFiles() throws {
        let damaged = #"echo '{"error":{"reason":"damaged","message":"it is damaged"}}';"#
        let clips = try source("\(Self.clip(0, 1)) for i in 1 2 3; do \(damaged) head -c 1 >/dev/null; done")
        let expected = VideoError(path: video, reason: .damaged, detail: "it is damaged")
        let (taken, error) = read(clips)
        #expect(taken.count == 1 && error == expected)
        #expect(failure { _ = try clips.duration(path: video, options: Self.options) } == expected)
        let still = failure { _ = try clips.still(path: video, geometry: Self.geometry, timeLimit: 9) }
        #expect(still == expected)
        #expect(starts == 1)
    }

    @Test(arguments: ["-1", "1e999", "\"3\"", "null"]) func whatIsNoDurationIsNone(value: String) throws {
        let clips = try source(#"echo '{"duration":\#(value)}'; sleep 9"#)
        #expect(
            failure { _ = try clips.duration(path: video, options: Self.options) }?.reason == .decoderFailed)
    }

    @Test(arguments: [
        clip(0, 1, count: 13, announced: 13) + end(1), end(0), clip(0, 1) + clip(0, 1) + end(2),
    ])
    func whatIsNoPictureIsNone(script: String) throws {
        let clips = try source(script + " sleep 99", patience: 4)
        let error = failure { _ = try clips.still(path: video, geometry: Self.geometry, timeLimit: 9) }
        #expect(error?.reason == .decoderFailed)
    }

    private func failure(_ body: () throws -> Void) -> VideoError? {
        do {
            try body()
            return nil
        } catch { return error as? VideoError }
    }
}
