import Glibc
import Logging
import Synchronization

/// Writes log records to standard error for people, one a line, as on a terminal.
struct TextLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    /// One record at a time, from whichever thread.
    private static let writing = Mutex(())

    init(level: Logger.Level) { logLevel = level }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let words = Self.words(
            event.message.description, event.level, metadata.merging(event.metadata ?? [:]) { $1 })
        let line = Array("\(Self.time())  \(words)\n".utf8)
        Self.writing.withLock { _ in
            _ = line.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
        }
    }

    /// "Open http://127.0.0.1:8377/", "GET /api/videos/{id} 200, 3.1 ms", "warning: an index job failed (error: …)".
    static func words(_ message: String, _ level: Logger.Level, _ metadata: Logger.Metadata) -> String {
        func value(_ key: String) -> String? { metadata[key].map { "\($0)" } }
        if message == "listening", let url = value("url") {
            return "Open \(url) in a browser; Ctrl-C ends the service"
        }
        if message == "request", let route = value("route"), let method = value("method"),
            let status = value("status"), let time = value("ms")
        {
            return "\(method) \(route) \(status), \(time) ms"
        }
        // What comes from elsewhere may hold control characters.
        let facts = metadata.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(
            separator: ", ")
        let text = level >= .warning ? "\(level): \(message)" : message
        return (facts.isEmpty ? text : "\(text) (\(facts))").filter { !$0.isNewline && $0 != "\u{1B}" }
    }

    /// Now, on the clock of the wall: "14:03:07".
    private static func time() -> String {
        var now = time_t()
        Glibc.time(&now)
        var parts = tm()
        localtime_r(&now, &parts)
        return [parts.tm_hour, parts.tm_min, parts.tm_sec].map { $0 < 10 ? "0\($0)" : "\($0)" }
            .joined(separator: ":")
    }
}
