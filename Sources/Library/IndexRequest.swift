import Base
import Glibc
import Ingestion
import VideoDecoding

/// Which folders to bring the index in step with, and how.
public struct IndexRequest: Sendable, Equatable {
    /// Folders, or single files.
    public var folders: [String]
    /// Forgets videos whose whole folder or disk is gone, too.
    public var prune = false
    /// Tries files again that failed before and have not changed.
    public var retryFailed = false
    /// The number of the stream to index of the one file that is named, as `VideoLibrary.streams` has it; nil for what was chosen
    /// before, else its main one.
    public var stream: Int?
    /// What is taken of the folders.
    public var rules = ScanRules()
    /// Files read side by side; nil chooses by the processors.
    public var workers: Int?
    /// Seconds, beyond the running time of what was read, after which a file is given up.
    public var timeLimit = 600.0
    /// Seconds to wait for another writer of the same index.
    public var waitingSeconds = 0.0
    /// Seconds without a sign of a worker on a shared index after which others take over what it was at.
    public var lease = 120.0
    /// Whether a run on a shared index goes on when nothing waits.
    public var waitsForMore = false

    /// A run with the defaults.
    public init(folders: [String]) {
        self.folders = folders
    }

    /// Refuses a run of which nothing could come but an empty index: none of the folders is there, as where a name is mistyped.
    func checkFolders(indexExists: Bool) throws(LibraryError) {
        guard !indexExists, let first = folders.first, folders.allSatisfy({ access($0, F_OK) != 0 })
        else { return }
        throw LibraryError(
            .index, reason: VideoError.Reason.notFound.rawValue, path: first,
            message: "\(first): no such file or folder" + RegularFile.repairedName(first),
            hint: "name existing folders")
    }

    /// Refuses a stream that is chosen of more than one file, or of a folder.
    public func checkStreamIsOfOneFile() throws(LibraryError) {
        guard stream != nil else { return }
        var status = stat()
        guard folders.count == 1, let file = folders.first,
            stat(file, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR
        else {
            throw LibraryError(
                .parameter("stream"), reason: "one_file",
                message: "stream: goes with one file, whose streams `mixtape info FILE` names")
        }
    }

    var jobOptions: IndexJobOptions {
        var options = IndexJobOptions(roots: folders)
        options.prune = prune
        options.retryFailed = retryFailed
        options.workers = workers
        options.timeLimit = timeLimit
        options.rules = rules
        options.stream = stream
        options.waitsForMore = waitsForMore
        return options
    }
}

extension IndexProgress {
    /// The parameters of a `progress` notification, less the id.
    public var json: JSONValue {
        .object(
            counts + [
                .init("phase", .string(phase.rawValue)), .init("done", .number(done)),
                .init("elapsed", .number(elapsed)), .init("seconds_left", .number(secondsLeft)),
                .init("current", current.map { .string($0) } ?? .null),
                .init("reading", .array(reading.map { .string($0) })),
                .init("bytes_done", .number(bytesDone)), .init("bytes_total", .number(bytesTotal)),
            ])
    }

    fileprivate var counts: [JSONValue.Member] {
        [
            .init("total", .number(total)), .init("unchanged", .number(unchanged)),
            .init("indexed", .number(indexed)), .init("moved", .number(moved)),
            .init("copied", .number(copied)), .init("failed", .number(failed)),
            .init("not_videos", .number(notVideos)),
            .init("removed", .number(removed)), .init("kept", .number(kept)), .init("clips", .number(clips)),
        ]
    }
}

/// How an index run ended.
public struct IndexSummary: Sendable {
    /// The last state of the run; where it was cancelled, what was stored by then is kept.
    public var progress: IndexProgress

    /// Of a run's last state.
    public init(progress: IndexProgress) { self.progress = progress }

    /// What `index --json` prints, and the `index` method's result.
    public var json: JSONValue {
        let problems = progress.problems.map { problem -> JSONValue in
            [
                "path": .string(problem.path), "reason": .string(problem.reason.rawValue),
                "message": .string(problem.detail),
            ]
        }
        return .object(
            progress.counts + [
                .init("elapsed_ms", .number(Int64(progress.elapsed * 1000))),
                .init("problems", .array(problems)), .init("left_out", progress.leftOut.json),
                .init(
                    "with_other_streams",
                    .array(progress.withOtherStreams.sorted().map { .string($0) })),
            ])
    }
}
