import Base
import Glibc
import Library
import Synchronization

/// Counts what the service does, for /metrics. Labels come from fixed sets, so that no client can make them grow.
final class Metrics: Sendable {
    private struct Key: Hashable, Comparable {
        var route: String
        var method: String
        var status: Int

        static func < (a: Key, b: Key) -> Bool {
            (a.route, a.method, a.status) < (b.route, b.method, b.status)
        }
    }

    private struct Times {
        /// Requests at or below each bound, and above the last.
        var counts = [Int](repeating: 0, count: Metrics.bounds.count + 1)
        var sum = 0.0
    }

    private struct State {
        var requests: [Key: Int] = [:]
        var times: [String: Times] = [:]
        var refusals: [String: Int] = [:]
        var connections = 0
        var running = 0
        var uploadedBytes = 0
        var workers: [String: Int] = [:]
    }

    /// Seconds.
    static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60]
    private let state = Mutex(State())
    private let start = ContinuousClock.now

    func connections(_ change: Int) { state.withLock { $0.connections += change } }
    func began() { state.withLock { $0.running += 1 } }
    func received(bytes: Int) { state.withLock { $0.uploadedBytes += bytes } }
    /// A worker process ended: `done`, or the reason why not. A reason that is none of ours counts as `other`: a process that
    /// a video took over may say anything.
    func worked(_ ending: String) {
        let isKnown = ending == "done" || VideoError.Reason(rawValue: ending) != nil
        state.withLock { $0.workers[isKnown ? ending : "other", default: 0] += 1 }
    }
    /// A request was turned away: `rate`, `busy`, `host`, `origin` or `token`.
    func refused(_ reason: String) { state.withLock { $0.refusals[reason, default: 0] += 1 } }

    /// A request was answered, in so many seconds.
    func ended(route: String, method: String, status: Int, seconds: Double) {
        state.withLock { state in
            state.running -= 1
            state.requests[Key(route: route, method: method, status: status), default: 0] += 1
            let place = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
            state.times[route, default: Times()].counts[place] += 1
            state.times[route, default: Times()].sum += seconds
        }
    }

    /// All of it in Prometheus' text format, version 0.0.4.
    func text(library: LibraryInfo?, jobs: Int) -> String {
        let state = self.state.withLock { $0 }
        var text = Exposition()
        text.family("mixtape_http_requests_total", "counter", "Requests answered.")
        for (key, count) in state.requests.sorted(by: { $0.key < $1.key }) {
            text.sample(
                "mixtape_http_requests_total",
                [("route", key.route), ("method", key.method), ("status", String(key.status))], Double(count))
        }
        text.family("mixtape_http_request_seconds", "histogram", "Time to the head of an answer.")
        for (route, times) in state.times.sorted(by: { $0.key < $1.key }) {
            var total = 0
            for (bound, count) in zip(Self.bounds + [.infinity], times.counts) {
                total += count
                text.sample(
                    "mixtape_http_request_seconds_bucket",
                    [("route", route), ("le", bound.isFinite ? "\(bound)" : "+Inf")], Double(total))
            }
            text.sample("mixtape_http_request_seconds_sum", [("route", route)], times.sum)
            text.sample("mixtape_http_request_seconds_count", [("route", route)], Double(total))
        }
        text.counts(
            "mixtape_http_refused_total", "Requests refused before they were handled.", "reason",
            state.refusals)
        text.counts(
            "mixtape_workers_total", "Worker processes that ended, by how.", "ending", state.workers)
        let gauge = "gauge"
        let singles: [(name: String, kind: String, help: String, value: Int?)] = [
            ("mixtape_http_requests_running", gauge, "Requests at work.", state.running),
            ("mixtape_http_connections", gauge, "Open connections.", state.connections),
            ("mixtape_uploaded_bytes_total", "counter", "Bytes of uploads received.", state.uploadedBytes),
            ("mixtape_index_jobs", gauge, "Index jobs that wait or run.", jobs),
            ("mixtape_videos", gauge, "Videos that can be found.", library?.counts.ready),
            ("mixtape_failed_files", gauge, "Files that could not be indexed.", library?.counts.failed),
            ("mixtape_clips", gauge, "Clips of all videos.", library?.counts.clips),
            ("process_resident_memory_bytes", gauge, "Memory in use.", Self.residentBytes()),
        ]
        for (name, kind, help, value) in singles {
            if let value { text.single(name, kind, help, Double(value)) }
        }
        let uptime = ContinuousClock.now - start
        text.single("mixtape_uptime_seconds", "gauge", "Time since the start.", uptime.seconds)
        return text.lines
    }

    /// The second figure of /proc/self/statm, in pages.
    static func residentBytes() -> Int? {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = read(file, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let fields = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? Int(fields[1]).map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) } : nil
    }
}

/// Prometheus' text, a line at a time.
private struct Exposition {
    private(set) var lines = ""

    mutating func family(_ name: String, _ kind: String, _ help: String) {
        lines += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    mutating func sample(_ name: String, _ labels: [(String, String)], _ value: Double) {
        let list = labels.map { "\($0.0)=\"\($0.1)\"" }.joined(separator: ",")
        let number = value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
        lines += labels.isEmpty ? "\(name) \(number)\n" : "\(name){\(list)} \(number)\n"
    }

    /// A count of each of a label's values.
    mutating func counts(_ name: String, _ help: String, _ label: String, _ counts: [String: Int]) {
        family(name, "counter", help)
        for (value, count) in counts.sorted(by: { $0.key < $1.key }) {
            sample(name, [(label, value)], Double(count))
        }
    }

    mutating func single(_ name: String, _ kind: String, _ help: String, _ value: Double) {
        family(name, kind, help)
        sample(name, [], value)
    }
}

extension Duration {
    /// Seconds, with their fraction.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
