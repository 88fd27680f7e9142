import Indexing

/// What an index holds.
public struct LibraryInfo: Sendable {
    /// The index folder.
    public var folder: String
    /// The version of the format it is stored in.
    public var formatVersion: Int
    /// Bytes it takes on the disk.
    public var bytes: Int64
    /// The folders that runs were asked to index, by path.
    public var roots: [String]
    /// The model its videos were encoded with.
    public var model: IndexModel
    /// How many videos and clips.
    public var counts: IndexCounts
    /// The files that could not be indexed, by path; nil where they were not asked for.
    public var failures: [FailedVideo]?
    /// Of a shared index, what is under way and how good its candidates are.
    public var shared: SharedInfo?

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
            .init("videos", ["ready": .number(counts.ready), "failed": .number(counts.failed)]),
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
        }
        if let shared { members.append(.init("shared", shared.json)) }
        return .object(members)
    }
}
