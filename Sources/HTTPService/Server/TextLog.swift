import Glibc
import Logging
import Service

/// Writes log records to standard error for people, one a line, as on a terminal.
package struct TextLog: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level

    init(level: Logger.Level) { logLevel = level }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let words = Self.words(
            event.message.description, event.level, metadata.merging(event.metadata ?? [:]) { $1 })
        LogOutput.standardError.write("\(Self.time())  \(words)")
    }

    /// "Open http://127.0.0.1:8377/", "GET /api/videos/{id} 200, 3.1 ms", "warning: an index job failed (error: …)".
    package static func words(_ message: String, _ level: Logger.Level, _ metadata: Logger.Metadata) -> String
    {
        // What comes from elsewhere may hold control characters.
        PrintableText.of(anyWords(message, level, metadata))
    }

    private static func anyWords(
        _ message: String, _ level: Logger.Level, _ metadata: Logger.Metadata
    ) -> String {
        func value(_ key: String) -> String? { metadata[key].map { "\($0)" } }
        if message == "listening", let url = value("url") {
            return "Open \(url) in a browser; Ctrl-C ends the service"
        }
        if message == "request", let route = value("route"), let method = value("method"),
            let status = value("status"), let time = value("ms")
        {
            return "\(method) \(route) \(status), \(time) ms"
        }
        let facts = metadata.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(
            separator: ", ")
        let text = level >= .warning ? "\(level): \(message)" : message
        return facts.isEmpty ? text : "\(text) (\(facts))"
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
