import Base
import Indexing
import Ingestion

/// What an index holds.
public struct LibraryInfo: Sendable {
    /// The index folder.
    public var folder: String
    /// The version of the format it is stored in.
    public var formatVersion: Int
    /// Bytes it takes on the disk.
    public var bytes: Int64
    /// The folders that runs were asked to index, by path; those inside others are left out.
    public var roots: [String]
    /// The model its videos were encoded with.
    public var model: IndexModel
    /// How many videos and clips.
    public var counts: IndexCounts
    /// The files that could not be indexed, by path; nil where they were not asked for.
    public var failures: [FailedVideo]?
    /// Those of the failed files that only have a video's name, or no video in them; nil where that was not counted.
    public var notVideos: Int?
    /// The videos of which not all could be decoded, and those whose time stamps were put right, by path; nil for a shared
    /// index, which does not count them.
    public var troubled: [IndexedVideo]?
    /// What the last run passed over in its folders; nil where that is not known.
    public var leftOut: LeftOut?
    /// Of a shared index, what is under way and how good its candidates are.
    public var shared: SharedInfo?

    package init(
        folder: String, formatVersion: Int, bytes: Int64, roots: [String], model: IndexModel,
        counts: IndexCounts, failures: [FailedVideo]?
    ) {
        self.folder = folder
        self.formatVersion = formatVersion
        self.bytes = bytes
        self.roots = roots
        self.model = model
        self.counts = counts
        self.failures = failures
    }

    private var videos: JSONValue {
        var members: [JSONValue.Member] = [
            .init("ready", .number(counts.ready)), .init("failed", .number(counts.failed)),
        ]
        if let notVideos { members.append(.init("not_videos", .number(notVideos))) }
        if let troubled {
            members.append(.init("damaged", .number(troubled.count { $0.facts.isDamaged })))
            members.append(.init("times_mended", .number(troubled.count { $0.facts.areTimesMended })))
        }
        return .object(members)
    }

    /// What `info --json` prints, and the `info` method's result.
    public var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init(
                "index",
                [
                    "folder": .string(folder), "format": .number(formatVersion), "bytes": .number(bytes),
                ]),
            .init("folders", .array(roots.map { .string($0) })),
            .init(
                "model",
                [
                    "name": .string(model.name), "fingerprint": .string(model.fingerprint),
                    "dimension": .number(model.dimension),
                ]),
            .init("videos", videos),
            .init("clips", .number(counts.clips)),
        ]
        if let failures {
            let list = failures.map { failure -> JSONValue in
                [
                    "path": .string(failure.identity.path), "reason": .string(failure.reason),
                    "message": .string(failure.message),
                ]
            }
            members.append(.init("failures", .array(list)))
            if let troubled { members.append(.init("troubled", .array(troubled.map(\.json)))) }
        }
        if let leftOut { members.append(.init("left_out", leftOut.json)) }
        if let shared { members.append(.init("shared", shared.json)) }
        return .object(members)
    }
}
