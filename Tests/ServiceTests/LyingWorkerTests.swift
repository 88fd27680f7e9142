import Base
import Distributions
import Foundation
import Ingestion
import Isolation
import Library
import Testing
import TestSupport
import VideoEncoding

/// Workers that a video took over, and that try to take this process's memory and time: shell scripts in their place.
@Suite(.timeLimit(.minutes(3))) struct LyingWorkerTests {
    /// A hundred megabytes of each, or for ever.
    private static let lies = [
        // Lines of eight kilobytes, each of four thousand values.
        #"line=$(yes '[0],' | head -n 2000 | tr -d '\n'); yes "[$line[0]]" | head -c 100000000"#,
        #"line=$(yes '0,' | head -n 4000 | tr -d '\n'); yes "[${line}0]" | head -c 100000000"#,
        #"line=$(head -c 8000 /dev/zero | tr '\0' '['); yes "$line" | head -c 100000000"#,
        // A line without an end.
        #"yes '[0],[0],[0],[0],[0],[0]' | tr -d '\n' | head -c 100000000"#,
        #"head -c 100000000 /dev/zero | tr '\0' 'x'"#,
        // Ten million lines that say nothing.
        "yes '' | head -c 10000000",
        // As many that say how far it is.
        #"yes '{"reading":0,"share":0.5}'"#,
        // A video of more clips than the file has, of clips that are none, and of more in a message than any.
        video(4_000_000) + #"; echo '{"part":256,"bytes":6144}'; yes"#,
        video(3000) + #"; echo '{"part":256,"bytes":6144}'; yes"#,
        video(3000) + #"; echo '{"part":3000,"bytes":90000000}'; yes"#,
        video(3000) + "; yes '{}'", video(.max) + "; yes",
    ]
    private static func video(_ clips: Int) -> String {
        #"echo '{"video":{"codec":"h264","container":"mov,mp4","duration":1,"height":48,"width":64},"clips":\#(clips)}'"#
    }

    /// What comes of a file that a script reads, of a worker of 2 dimensions.
    private static func outcome(_ script: String) throws -> VideoError? {
        let folder = try TemporaryFolder()
        let program = try folder.worker("head -c 1 >/dev/null\n" + script + "\nsleep 99")
        let source = IsolatedSource(
            program: .at(program), modelFolder: folder.path, dimension: 2, limits: .files(patience: 20))
        let (worker, video) = (try source.makeWorker(threads: 1), try folder.noVideo())
        do throws(VideoError) {
            _ = try worker.encode(
                path: video, timeLimit: 60, decoderThreads: 1, isCancelled: { false })
            return nil
        } catch {
            return error
        }
    }

    /// The most bytes of memory that this process ever had.
    private static func peakBytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(Int(line.split(separator: " ")[1])) << 10
    }

    /// In a process of its own, whose memory nobody else uses.
    @Test func liesTakeNeitherMemoryNorTime() async {
        await #expect(processExitsWith: .success) {
            // What the first worker's start takes is no lie's.
            _ = try Self.outcome("echo '{}'")
            let (start, before) = (ContinuousClock.now, try Self.peakBytes())
            for (number, lie) in Self.lies.enumerated() {
                let error = try Self.outcome(lie)
                try #require(error?.reason == .decoderFailed, "\(number): \(error as Any)")
                let grown = (try Self.peakBytes() - before) >> 20
                try #require(grown < 32, "\(number): \(grown) MB")
            }
            try #require(ContinuousClock.now - start < .seconds(60), "\(ContinuousClock.now - start)")
        }
    }

    /// As many clips as a file of its size may have, and one more.
    @Test func clipsAreBoundedByTheFile() throws {
        let bytes = "no video; nobody reads it".utf8.count
        let most = ClipCount.inVideo(seconds: 7200 + Double(bytes), stride: 2)
        let folder = try TemporaryFolder()
        /// What comes of an honest answer.
        func outcome(clips: Int) throws -> VideoError? {
            let video = EncodedVideo(
                facts: StreamFacts(
                    container: "mov,mp4", codec: "h264", width: 64, height: 48, duration: 1, frameRate: nil),
                intervals: (0..<clips).map { TimeRange(start: Double($0), stop: Double($0) + 0.5) },
                mixture: GaussianMixture(
                    components: Array(
                        repeating: Gaussian(mean: [1, 1], logVariance: [0, 0]), count: clips)))
            let file = folder.path + "/answer"
            try Data(EncodedAnswer.write(.success(video)).flatMap(\.encoded)).write(
                to: URL(fileURLWithPath: file))
            return try Self.outcome("cat '\(file)'")
        }
        #expect(try outcome(clips: most) == nil)
        #expect(try outcome(clips: most + 1)?.reason == .decoderFailed)
    }

    @Test func countsOfClipsAreWithinBounds() {
        #expect(ClipCount.inVideo(seconds: 10, stride: 2) == 8)
        #expect(ClipCount.inVideo(seconds: 0, stride: 2) == 3)
        for (seconds, stride) in [
            (1e308, 1e-308), (.infinity, 2), (.nan, 2), (10, 0), (0, 0), (-1, 2), (2 * 262_144, 2),
        ] as [(Double, Double)] {
            #expect(ClipCount.inVideo(seconds: seconds, stride: stride) == ClipCount.most)
        }
    }

    /// Each file is its worker's end, twice, and fails by name; the run comes to its own end.
    @Test func aRunGoesOn() throws {
        let folder = try TemporaryFolder()
        let (model, videos) = (folder.path + "/model", folder.path + "/videos")
        try FileManager.default.createDirectory(atPath: videos, withIntermediateDirectories: false)
        for name in ["a.mp4", "b.mp4"] {
            try Data("no video: \(name)".utf8).write(to: URL(fileURLWithPath: videos + "/" + name))
        }
        var configuration = try #require(ModelPreset(name: "slowonly18-w8")?.configuration(dimension: 4))
        (configuration.geometry.width, configuration.geometry.height) = (32, 32)
        try ModelFactory.create(at: model, configuration: configuration, seed: 1, clipCount: 4)
        let program = try folder.worker("head -c 1 >/dev/null; \(Self.lies[0]); sleep 99")
        let library = VideoLibrary(
            LibraryConfiguration(
                indexFolder: folder.path + "/index", modelFolder: model, processors: 1,
                worker: .at(program)))
        var request = IndexRequest(folders: [videos])
        request.workers = 1
        let summary = try library.index(request).progress
        #expect(summary.failed == 2 && !summary.isCancelled)
        let failures = try library.info(listingFailures: true).failures ?? []
        #expect(failures.map(\.reason) == ["decoder_failed", "decoder_failed"], "\(failures)")
    }
}
