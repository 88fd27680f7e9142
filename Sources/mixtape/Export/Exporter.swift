import Base
import Distributions
import Glibc
import Indexing

/// Writes an index out as NumPy arrays and text files that say what their rows are.
///
/// | file | rows |
/// |---|---|
/// | `means.npy`, `log_variances.npy` | one a clip: μ_n and log σ²_n, float32 |
/// | `video_means.npy`, `video_log_variances.npy` | one a video: μ_V and log σ²_V, float32 |
/// | `paths.txt` | one a video: its path |
/// | `clips.csv` | one a clip: `video` (a row of `paths.txt`, from 0), `start`, `stop` in seconds |
///
/// Videos are sorted by path; a video's clips stand together, in the order of time.
struct Exporter {
    let index: VideoIndex
    let folder: String
    /// Whether files are written over that are no earlier export.
    let replacing: Bool

    private static let arrays = ["means", "log_variances", "video_means", "video_log_variances"]
    private static let tableHeader = "video,start,stop"

    /// Returns how many videos and clips were written.
    func run() throws -> (videos: Int, clips: Int) {
        try checkFolder()
        let videos = try index.allVideos()
        try makeFolder()
        do {
            return try write(videos)
        } catch let error as SystemError {
            throw CommandError(
                message: "\(folder): \(error.description)",
                hint: "check that the folder can be written and its disk has room")
        }
    }

    private func write(_ videos: [IndexedVideo]) throws -> (videos: Int, clips: Int) {
        let clips = videos.reduce(0) { $0 + $1.clipCount }
        let dimension = index.model.dimension
        func array(_ name: String, rows: Int) throws -> NumPyWriter {
            try NumPyWriter(path: "\(folder)/\(name).npy", rows: rows, columns: dimension)
        }
        let means = try array("means", rows: clips)
        let logVariances = try array("log_variances", rows: clips)
        let videoMeans = try array("video_means", rows: videos.count)
        let videoLogVariances = try array("video_log_variances", rows: videos.count)
        let paths = try AtomicFile(path: "\(folder)/paths.txt")
        let table = try AtomicFile(path: "\(folder)/clips.csv")
        try table.write(Self.tableHeader + "\n")

        for (row, video) in videos.enumerated() {
            if Interrupts.wereReceived() { throw Interrupts.exitCode }
            let stored = try index.mixtureIfThere(
                ofVideo: video.id, fingerprint: video.identity.fingerprint)
            guard let (intervals, mixture) = stored, intervals.count == video.clipCount else {
                throw CommandError(
                    message: "\(video.identity.path): changed in the index while it was exported",
                    hint: "run the export again once mixtape index has ended")
            }
            for (interval, clip) in zip(intervals, mixture.components) {
                try means.write(row: clip.mean)
                try logVariances.write(row: clip.logVariance)
                try table.write("\(row),\(interval.start),\(interval.stop)\n")
            }
            let moments = mixture.moments()
            try videoMeans.write(row: moments.mean)
            try videoLogVariances.write(row: moments.variance.map { logf($0) })
            try paths.write(Self.oneLine(video.identity.path) + "\n")
        }
        for array in [means, logVariances, videoMeans, videoLogVariances] { try array.finish() }
        try paths.commit()
        try table.commit()
        return (videos.count, clips)
    }

    /// Refuses to write over what no export has written.
    private func checkFolder() throws {
        if replacing { return }
        // An export that was killed while it put its files in their places has left the first ones.
        let starts =
            Self.arrays.map { ("\($0).npy", NumPyWriter.magic) } + [
                ("clips.csv", Array(Self.tableHeader.utf8))
            ]
        var hasArrays = false
        for (name, start) in starts {
            guard let bytes = Self.start(of: "\(folder)/\(name)", count: start.count) else { continue }
            guard bytes == start else { throw Self.foreign("\(folder)/\(name)") }
            hasArrays = true
        }
        if !hasArrays, Path.exists("\(folder)/paths.txt") { throw Self.foreign("\(folder)/paths.txt") }
    }

    private static func foreign(_ path: String) -> CommandError {
        CommandError(
            message: "\(path): already exists, and mixtape did not export it",
            hint: "name another folder, or pass --replace")
    }

    /// The first bytes of a file; nil where there is none.
    private static func start(of path: String, count: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return errno == ENOENT || errno == ENOTDIR ? nil : [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: count)
        let given = read(descriptor, &bytes, count)
        return Array(bytes.prefix(max(0, given)))
    }

    private func makeFolder() throws {
        do throws(SystemError) { try Folder.makeLast(folder) } catch {
            throw CommandError(
                message: "\(folder): \(error.message)", hint: "name a folder that exists or can be made")
        }
    }

    /// A line break inside a path would shift every row after it.
    private static func oneLine(_ path: String) -> String {
        path.utf8.contains(0x0A)
            ? path.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\\n") : path
    }
}
