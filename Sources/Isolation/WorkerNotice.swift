import Base
import Glibc
import Synchronization

/// What a worker process says first, before it reads anything, where the system failed to limit it in some way.
package struct WorkerNotice: Equatable {
    let missing: [EncodingWorker.Limit]

    init(missing: [EncodingWorker.Limit]) { self.missing = missing }

    /// Nil where a message's header says something else.
    init?(_ header: JSONValue) {
        guard let names = header["not_limited_by"]?.arrayValue,
            WorkerMessage.hasOnly(["not_limited_by"], header)
        else { return nil }
        missing = names.compactMap { $0.stringValue.flatMap(EncodingWorker.Limit.init) }
    }

    var message: WorkerMessage {
        WorkerMessage("not_limited_by", .array(missing.map { .string($0.rawValue) }))
    }

    /// Where it is told: standard error, or a service's log.
    package static let report = Mutex<@Sendable (String) -> Void>(Self.print)
    private static let wasShown = Mutex(false)

    /// Tells whoever started this process, once: every worker would say the same.
    package func show() {
        guard !missing.isEmpty else { return }
        let isFirst = Self.wasShown.withLock { wasShown in
            defer { wasShown = true }
            return !wasShown
        }
        guard isFirst else { return }
        let names = missing.map(\.rawValue).joined(separator: ", ")
        let report = Self.report.withLock { $0 }
        report(
            "\(names) could not be set up for the worker processes, so a hostile file could do more harm"
        )
    }

    private static func print(_ text: String) {
        // Over a line of progress, which is drawn anew.
        let clearing = isatty(STDERR_FILENO) == 1 ? "\r\u{1B}[K" : ""
        let bytes = Array("\(clearing)warning: \(text)\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
