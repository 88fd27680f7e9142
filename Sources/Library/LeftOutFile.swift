import Base
import Ingestion

extension LeftOut {
    /// What replies say of it.
    public var json: JSONValue {
        [
            "folders": .array(
                folders.map { ["path": .string($0.path), "reason": .string($0.reason.rawValue)] }),
            "endings": .object(
                endingsByCount.prefix(Self.mostEndings).map { .init($0.ending, .number($0.count)) }),
            "other_files": .number(otherFiles), "excluded": .number(excluded),
            "other_names": .number(otherNames), "unreadable_names": .number(unreadableNames),
            "outside_links": .number(outsideLinks),
        ]
    }

    /// A folder of anything may have thousands.
    private static let mostEndings = 100

    /// From what `json` gives; nil where it is not that.
    init?(_ value: JSONValue) {
        guard let folders = value["folders"]?.arrayValue, case .object(let endings)? = value["endings"],
            let excluded = value["excluded"]?.intValue, let otherNames = value["other_names"]?.intValue
        else { return nil }
        self.init()
        self.folders = folders.compactMap { folder in
            guard let path = folder["path"]?.stringValue,
                let reason = folder["reason"]?.stringValue.flatMap({ Reason(rawValue: $0) })
            else { return nil }
            return Folder(path: path, reason: reason)
        }
        for member in endings { self.endings[member.key] = member.value.intValue ?? 0 }
        self.excluded = excluded
        self.otherNames = otherNames
        // Older versions did not count them.
        unreadableNames = value["unreadable_names"]?.intValue ?? 0
        outsideLinks = value["outside_links"]?.intValue ?? 0
    }
}

/// `left-out.json`: what the last run passed over in its folders, for `info`. Derived; may be deleted.
struct LeftOutFile {
    private let path: String
    private static let mostBytes = 1 << 20

    init(indexFolder: String) { path = indexFolder + "/left-out.json" }

    /// Where the folder allows it.
    func write(_ leftOut: LeftOut) {
        try? AtomicFile.write(leftOut.json.serialized(), to: path)
    }

    /// Nil where there is none, or it is damaged.
    func read() -> LeftOut? {
        guard let bytes = try? FileBytes.read(path, limit: Self.mostBytes) else { return nil }
        return (try? JSONValue(parsing: bytes)).flatMap { LeftOut($0) }
    }
}
