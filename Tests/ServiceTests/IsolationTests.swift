import Base
import Foundation
import Ingestion
import Isolation
import Testing
import TestSupport
import VideoEncoding

/// Workers that crash, hang, or say what no honest worker does: shell scripts in their place.
@Suite struct IsolationTests {
    private let folder: TemporaryFolder
    private let video: String

    init() throws {
        folder = try TemporaryFolder()
        video = try folder.noVideo()
    }

    /// A source whose worker is a script.
    private func source(_ script: String, patience: Double = 20) throws -> IsolatedSource {
        IsolatedSource(
            program: .at(try folder.worker(script)), modelFolder: folder.path, dimension: 2,
            limits: .files(patience: patience))
    }

    private func failure(_ worker: any VideoWorker, _ path: String? = nil) -> VideoError? {
        do throws(VideoError) {
            _ = try worker.encode(
                path: path ?? video, timeLimit: 60, decoderThreads: 1, isCancelled: { false })
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("kill -SEGV $$", "signal 11"), ("exit 3", "status 3"), ("kill -KILL $$", "signal 9"),
        ("echo garbage; echo '{\"clips\":1}'; sleep 100", "gave no answer"),
    ])
    func aWorkerThatDiesFailsTheFile(script: String, words: String) throws {
        // Waits for the file first, as a worker does: one that is gone before is started anew.
        let worker = try source("head -c 1 >/dev/null; \(script)").makeWorker(threads: 1)
        let error = try #require(failure(worker))
        #expect(error.reason == .decoderFailed && error.path == video)
        #expect(error.detail.contains(words), "\(error.detail)")
    }

    @Test func aWorkerThatHangsIsEnded() throws {
        let worker = try source("head -c 1 >/dev/null; exec sleep 1000", patience: 0.5)
            .makeWorker(threads: 1)
        let error = try #require(failure(worker))
        #expect(error.reason == .decoderFailed)
        #expect(error.detail.contains("hangs"))
    }

    @Test func signsOfLifeAreWaitedFor() throws {
        let error = #"{"error":{"reason":"damaged","message":"it is damaged"}}"#
        let script = "head -c 1 >/dev/null; for i in 1 2 3 4 5 6; do echo; sleep 0.3; done; echo '\(error)'"
        let worker = try source(script, patience: 1.2).makeWorker(threads: 1)
        #expect(failure(worker) == VideoError(path: video, reason: .damaged, detail: "it is damaged"))
    }

    @Test func theNextFileGetsANewWorker() throws {
        let answer = #"{"error":{"reason":"no_frames","message":"none"}}"#
        let script = """
            head -c 1 >/dev/null
            if [ -e '\(folder.path)/died' ]; then echo '\(answer)'; sleep 100; fi
            : > '\(folder.path)/died'
            kill -ABRT $$
            """
        let worker = try source(script).makeWorker(threads: 1)
        #expect(failure(worker)?.reason == .decoderFailed)
        #expect(failure(worker)?.reason == .noFrames)
    }

    /// Files that are asked for together: one is not there, two are answered in one breath, then the worker dies.
    @Test func filesThatCameTogetherAreAnsweredInOrder() throws {
        let names = ["none.mp4", "a.mp4", "b.mp4", "c.mp4", "d.mp4"]
        for name in names.dropFirst() {
            try Data("x".utf8).write(to: URL(fileURLWithPath: folder.path + "/" + name))
        }
        let answers = ["damaged", "no_frames"].map { #"{"error":{"reason":"\#($0)","message":"so"}}"# }
        let worker = try source(
            "head -c 1 >/dev/null; printf '%s\\n\\n%s\\n' '\(answers[0])' '\(answers[1])'; sleep 1; kill -SEGV $$"
        ).makeWorker(threads: 1)
        var errors: [VideoError] = []
        worker.encode(
            names.map { FileToEncode(path: folder.path + "/" + $0) }, isCancelled: { false }
        ) { place, result in
            #expect(place == errors.count)
            if case .failure(let error) = result { errors.append(error) }
        }
        #expect(errors.map(\.path) == names.map { folder.path + "/" + $0 })
        #expect(errors.map(\.reason) == [.notFound, .damaged, .noFrames, .decoderFailed, .decoderFailed])
        // Whatever comes next has a new worker.
        #expect(failure(worker)?.reason == .damaged)
    }

    @Test func cancellingEndsTheWorker() throws {
        let worker = try source("head -c 1 >/dev/null; exec sleep 1000").makeWorker(threads: 1)
        let start = ContinuousClock.now
        #expect(throws: VideoError.self) {
            _ = try worker.encode(
                path: video, timeLimit: 60, decoderThreads: 1,
                isCancelled: { ContinuousClock.now - start > .milliseconds(200) })
        }
        #expect(ContinuousClock.now - start < .seconds(15))
    }

    @Test func whatIsNoFileReachesNoWorker() throws {
        let worker = try source("exit 1").makeWorker(threads: 1)
        #expect(failure(worker, folder.path + "/none.mp4")?.reason == .notFound)
        #expect(failure(worker, folder.path)?.reason == .notAFile)
    }

    @Test func aProgramThatCannotBeStartedIsNoMatterOfTheFile() throws {
        let source = IsolatedSource(
            program: .at(folder.path + "/none"), modelFolder: folder.path, dimension: 2)
        // Such files are tried again in the next run.
        #expect(failure(try source.makeWorker(threads: 1))?.reason == .decoderUnavailable)
    }

    /// In a process of its own, since what is hidden stays so.
    @Test(.enabled(if: WorkerSight.isAvailable, "this system has no Landlock"))
    func aWorkerSeesTheModelAndWhatItWasHandedAlone() async throws {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let (secret, model) = (folder.path + "/secret", folder.path + "/model")
            try FileManager.default.createDirectory(atPath: model, withIntermediateDirectories: false)
            try Data("mine".utf8).write(to: URL(fileURLWithPath: secret))
            try Data("weights".utf8).write(to: URL(fileURLWithPath: model + "/weights"))
            let handed = open(secret, O_RDONLY)
            try #require(WorkerSight.narrow(toModel: model))
            // By its name nothing; by its descriptor what it was handed.
            try #require(open(secret, O_RDONLY) == -1 && errno == EACCES)
            try #require(open("/etc/passwd", O_RDONLY) == -1 && opendir(folder.path) == nil)
            try #require(open("/proc/self/fd/\(handed)", O_RDONLY) == -1)
            try #require(open(model + "/weights", O_WRONLY) == -1 && open(model + "/weights", O_RDONLY) >= 0)
            let file = try RegularFile(path: "/proc/self/fd/\(handed)")
            var bytes = [UInt8](repeating: 0, count: 4)
            try #require(bytes.withUnsafeMutableBytes { file.read(into: $0, at: 0) } == 4)
            try #require(bytes == Array("mine".utf8))
        }
    }
}
