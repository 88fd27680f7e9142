import Glibc
import Synchronization

/// What a worker process says first, before it reads anything, where the system failed to limit it in some way.
struct WorkerNotice {
    let missing: [EncodingWorker.Limit]

    init(missing: [EncodingWorker.Limit]) { self.missing = missing }

    /// Nil where the line says something else.
    init?(_ line: some Collection<UInt8>) {
        guard line.starts(with: #"{"not_limited_by":"#.utf8),
            let names = try? JSONValue(parsing: Array(line))["not_limited_by"]?.arrayValue
        else { return nil }
        missing = names.compactMap { $0.stringValue.flatMap(EncodingWorker.Limit.init) }
    }

    /// With its line break.
    var line: String {
        let names = JSONValue.array(missing.map { .string($0.rawValue) })
        return JSONValue.object([.init("not_limited_by", names)]).serialized() + "\n"
    }

    private static let wasShown = Mutex(false)

    /// Tells whoever started this process, once: every worker would say the same.
    func show() {
        guard !missing.isEmpty else { return }
        let isFirst = Self.wasShown.withLock { wasShown in
            defer { wasShown = true }
            return !wasShown
        }
        guard isFirst else { return }
        let names = missing.map(\.rawValue).joined(separator: ", ")
        // Over a line of progress, which is drawn anew.
        let clearing = isatty(STDERR_FILENO) == 1 ? "\r\u{1B}[K" : ""
        let text =
            clearing + "warning: \(names) could not be set up for the processes that read videos: "
            + "a hostile file could do more harm\n"
        let bytes = Array(text.utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
