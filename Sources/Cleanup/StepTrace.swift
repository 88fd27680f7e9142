import Base

/// What the journal says of a step that is about to be taken: all that it needs to be finished, or taken back, by whoever finds it.
struct StepTrace: Equatable, Sendable {
    /// The step's place in the plan, from 0.
    var step: Int
    var action: CleanupAction
    /// The file that goes.
    var path: String
    var kept: String
    /// Which file it is.
    var mark: FileMark
    /// Which one is kept.
    var keptMark: FileMark
    /// Of both, where they are equal.
    var fingerprint: String
    /// Where the file goes, for good or for a moment: into the trash, the other folder, or beside itself under a name that nothing
    /// else has.
    var target: String
    /// The file that tells a trash where something came from.
    var note: String?
    /// Permissions, as `st_mode` has them, owner and group of the file.
    var mode, owner, group: Int
    /// When the file was last written, and when the names of its folder changed last, before the step and at the event, by what is in
    /// this journal; nanoseconds since 1970. 0 of an event where others changed the folder too.
    var modified: Int64
    var folderBefore: Int64
    var folderAfter: Int64 = 0

    var folder: PathKey { PathKey(Path.folder(of: path)) }

    private static let numbers: [(name: String, field: WritableKeyPath<StepTrace, Int64> & Sendable)] = [
        ("modified", \.modified), ("folder_before", \.folderBefore), ("folder_after", \.folderAfter),
    ]

    var members: [JSONValue.Member] {
        var members: [JSONValue.Member] = [
            .init("step", .number(step)), .init("action", .string(action.text)), .init("file", .string(path)),
            .init("keep", .string(kept)), .init("to", .string(target)),
        ]
        if let note { members.append(.init("note", .string(note))) }
        members += [
            .init("device", .number(mark.device)), .init("inode", .number(mark.inode)),
            .init("keep_device", .number(keptMark.device)), .init("keep_inode", .number(keptMark.inode)),
            .init("fingerprint", .string(fingerprint)), .init("mode", .number(mode)),
            .init("owner", .number(owner)), .init("group", .number(group)),
        ]
        return members + Self.numbers.map { .init($0.name, .number(self[keyPath: $0.field])) }
    }
}

extension StepTrace {
    /// Nil where the line of a journal says nothing of the kind.
    init?(_ json: JSONValue) {
        func read(_ prefix: String) -> FileMark? {
            guard let device = json[prefix + "device"]?.integerValue,
                case .literal(let text)? = json[prefix + "inode"], let inode = UInt64(text)
            else { return nil }
            return FileMark(device: Int64(device), inode: inode)
        }
        guard let step = json["step"]?.integerValue, step >= 0,
            let action = json["action"]?.stringValue.flatMap(CleanupAction.init),
            let path = json["file"]?.stringValue, let kept = json["keep"]?.stringValue,
            let mark = read(""), let keptMark = read("keep_"),
            let fingerprint = json["fingerprint"]?.stringValue, let target = json["to"]?.stringValue,
            let mode = json["mode"]?.integerValue, let owner = json["owner"]?.integerValue,
            let group = json["group"]?.integerValue
        else { return nil }
        self.init(
            step: step, action: action, path: path, kept: kept, mark: mark, keptMark: keptMark,
            fingerprint: fingerprint, target: target, note: json["note"]?.stringValue, mode: mode,
            owner: owner, group: group, modified: 0, folderBefore: 0)
        for (name, field) in Self.numbers {
            guard let number = json[name]?.integerValue else { return nil }
            self[keyPath: field] = Int64(number)
        }
    }
}
