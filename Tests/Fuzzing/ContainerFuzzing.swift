import Base
import Glibc
import Ingestion
import Isolation
import Library
import Synchronization
import VideoEncoding

/// Videos as an index and a page hand them to a worker process: the first byte says whether they are encoded or shown, the
/// rest is the file. Each is answered by a video, a picture or a reason; none ends the worker.
package enum ContainerFuzzing {
    /// The program whose `worker` command reads them.
    package static let program = Mutex("")

    static let target = FuzzTarget(
        name: "container", seeds: { try VideoFuzzing.target.seeds() + ContainerSeeds.all.map { [0] + $0 } },
        run: { bytes in
            guard let kind = bytes.first else { return }
            try wakeUp()
            try read(Array(bytes.dropFirst()), as: kind)
        })

    // Unchecked: a fuzzer has one thread, and the tests replay one input after the other.
    nonisolated(unsafe) private static var encoder: (any VideoWorker)?
    nonisolated(unsafe) private static var library: VideoLibrary?

    /// Ends the worker processes and waits for them, so that their use of the processor counts as the fuzzer's.
    package static func end() {
        encoder = nil
        library = nil
    }

    /// Starts what reads, and sees that it reads: a program that cannot be started would answer everything.
    private static func wakeUp() throws {
        if encoder != nil { return }
        guard var configuration = ModelPreset(name: "slowonly18-w8")?.configuration(dimension: 4) else {
            preconditionFailure("no such preset")
        }
        configuration.geometry.width = 32
        configuration.geometry.height = 32
        let model = Scratch.newFolder("container-model")
        try ModelFactory.create(
            at: model, configuration: configuration, seed: 1, clipCount: 8, replacing: true)
        let program = WorkerProgram(
            executable: program.withLock { $0 }, arguments: ["mixtape", "worker"])
        let source = IsolatedSource(
            program: program, modelFolder: model, dimension: 4, limits: .files(patience: 20))
        encoder = IsolatedWorker(source: source, threads: 1)
        library = VideoLibrary(
            LibraryConfiguration(indexFolder: model, modelFolder: model, worker: program))
        for kind: UInt8 in [0, 3] {
            let seed = try VideoFuzzing.target.seeds()[0]
            try must(try read(Array(seed.dropFirst()), as: kind), "a whole video is not read")
        }
    }

    /// Whether there was something to read.
    @discardableResult
    private static func read(_ file: [UInt8], as kind: UInt8) throws -> Bool {
        let path = Scratch.write(file, to: "container.video")
        do {
            if kind % 4 == 3 {
                var request = ThumbnailRequest(video: path)
                (request.time, request.width) = (Double(kind / 4), 32)
                let picture = try library?.thumbnail(request)
                return picture.map { !$0.bytes.isEmpty } ?? false
            }
            let video = try encoder?.encode(
                path: path, timeLimit: 5, decoderThreads: 1, isCancelled: { false })
            return video.map { !$0.intervals.isEmpty } ?? false
        } catch let error as VideoError {
            try must(error.reason != .decoderFailed, error.detail)
        } catch let error as LibraryError {
            try must(error.reason != VideoError.Reason.decoderFailed.rawValue, error.message)
        }
        return false
    }
}
