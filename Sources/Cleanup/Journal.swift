import Base
import Glibc

/// What was done of a plan, a line for each event, each on the disk before anything that relies on it happens.
final class Journal {
    /// What is known of a step.
    enum State: Equatable {
        /// It was about to be taken; nobody wrote down how that ended.
        case begun(StepTrace)
        case done(StepTrace)
        /// It was about to be taken back.
        case undoing(StepTrace)
        /// It was taken back, or nothing came of it.
        case nothing
    }

    /// How a line names its event.
    private enum Event: String { case begun, done, undoing, nothing }

    /// Bytes of a journal that is read.
    private static let mostBytes = 1 << 31

    let path: String
    /// SHA-256 of the plan's bytes.
    let plan: String
    private(set) var states: [Int: State] = [:]
    private(set) var times = FolderTimes()
    private let descriptor: Int32

    /// Opens a journal and reads it; of a line that was being written when the program ended, nothing is kept.
    ///
    /// - Parameter plan: makes a new journal of that plan where there is none; nil for one that must be there.
    init(path: String, plan: (path: String, hash: String)?) throws(CleanupError) {
        func unreadable(_ error: SystemError) -> CleanupError {
            CleanupError(
                .journalUnreadable, path: path, error.description,
                hint: "name the journal's file, or another one, with a path that can be written")
        }
        let flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (plan == nil ? 0 : O_CREAT)
        let descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else { throw unreadable(SystemError(operation: "open")) }
        self.path = path
        self.descriptor = descriptor
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw CleanupError(
                .journalBusy, path: path, "another program is writing it", hint: "wait for it to end")
        }
        do throws(CleanupError) {
            let read = try Self.read(descriptor, path)
            if let found = read.plan {
                self.plan = found
                (states, times) = (read.states, read.times)
            } else {
                guard let plan else {
                    throw CleanupError(.journalUnreadable, path: path, "no journal of `mixtape apply`")
                }
                self.plan = plan.hash
                try Self.begin(descriptor, path, plan)
            }
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    func write(begun trace: StepTrace) throws(CleanupError) { try write(.begun, trace) }
    func write(done trace: StepTrace) throws(CleanupError) { try write(.done, trace) }
    func write(undoing trace: StepTrace) throws(CleanupError) { try write(.undoing, trace) }
    func write(nothingOf trace: StepTrace) throws(CleanupError) { try write(.nothing, trace) }

    private func write(_ event: Event, _ trace: StepTrace) throws(CleanupError) {
        let line = JSONValue.object([.init("event", .string(event.rawValue))] + trace.members)
        try Self.append(line, to: descriptor, path)
        states[trace.step] = Self.state(event, trace)
        times.note(trace, isBegun: event == .begun)
    }

    private static func state(_ event: Event, _ trace: StepTrace) -> State {
        switch event {
        case .begun: .begun(trace)
        case .done: .done(trace)
        case .undoing: .undoing(trace)
        case .nothing: .nothing
        }
    }

    private static func append(_ line: JSONValue, to descriptor: Int32, _ path: String) throws(CleanupError) {
        do throws(SystemError) {
            try FileBytes.write(line.text() + "\n", to: descriptor)
            try FileBytes.sync(descriptor)
        } catch {
            throw CleanupError(
                .journalFailed, path: path, error.description,
                hint:
                    "nothing is done that the journal does not hold; see to its disk, and run the same command again"
            )
        }
    }

    private static func begin(
        _ descriptor: Int32, _ path: String, _ plan: (path: String, hash: String)
    ) throws(CleanupError) {
        try append(
            ["mixtape_journal": 1, "plan": .string(plan.path), "plan_sha256": .string(plan.hash)],
            to: descriptor, path)
        do {
            try OpenFolder(Path.folder(of: Path.resolved(path))).sync()
        } catch {
            throw CleanupError(.journalFailed, path: path, error.description)
        }
    }

    private static func read(
        _ descriptor: Int32, _ path: String
    ) throws(CleanupError) -> (plan: String?, states: [Int: State], times: FolderTimes) {
        var bytes: [UInt8]
        do {
            bytes = try FileBytes.read("/proc/self/fd/\(descriptor)", limit: mostBytes)
        } catch {
            throw CleanupError(.journalUnreadable, path: path, error.description)
        }
        let whole = bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        if whole < bytes.count {
            guard bytes.starts(with: Array("{\"mixtape_journal\"".utf8).prefix(bytes.count)),
                ftruncate(descriptor, off_t(whole)) == 0
            else { throw CleanupError(.journalUnreadable, path: path, "no journal of `mixtape apply`") }
            bytes.removeSubrange(whole...)
        }
        var (plan, states, times) = (String?.none, [Int: State](), FolderTimes())
        for (number, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
            let json = try? JSONValue(parsing: Array(line))
            if number == 0, json?["mixtape_journal"]?.integerValue == 1 {
                plan = json?["plan_sha256"]?.stringValue
            }
            if number == 0, plan != nil { continue }
            guard plan != nil, let json, let trace = StepTrace(json),
                let event = json["event"]?.stringValue.flatMap(Event.init)
            else {
                throw CleanupError(
                    .journalUnreadable, path: path, "line \(number + 1) is damaged",
                    hint: "restore the file; every line of it says where a video is")
            }
            states[trace.step] = state(event, trace)
            times.note(trace, isBegun: event == .begun)
        }
        return (plan, states, times)
    }
}

/// When folders were changed last, by what a journal says: a folder gets its time back only where nobody else changed it.
struct FolderTimes {
    private var times: [PathKey: (original: Int64, last: Int64)] = [:]

    mutating func note(_ trace: StepTrace, isBegun: Bool) {
        if isBegun, times[trace.folder]?.last != trace.folderBefore {
            times[trace.folder] = (trace.folderBefore, trace.folderBefore)
        }
        if trace.folderAfter != 0 { times[trace.folder]?.last = trace.folderAfter }
    }

    /// Whether a folder is as the journal left it.
    func isOurs(_ folder: PathKey, modified: Int64) -> Bool { times[folder]?.last == modified }

    /// The time that a folder had before its first step.
    func original(_ folder: PathKey) -> Int64? { times[folder]?.original }
}
