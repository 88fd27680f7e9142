import Base

/// Decides when what happens in folders has settled enough for a run, and which files a run should leave alone since they
/// are being written still.
///
/// A file has settled when its size and time have been still for `quiet` seconds and its writer has closed it, or for
/// `patience` seconds where nothing is known of a writer. A run is due when something has settled and nothing has happened
/// for `quiet` seconds, or when the first of it has waited for `patience`: bursts make few runs, and what never ends does
/// not hold up the rest.
package struct Settling: Sendable {
    private let quiet: Double
    private let patience: Double
    private var waiting: [PathKey: Entry] = [:]
    /// When the first change came that wants a run; nil where none did.
    private var wantedSince: Double?
    /// When anything happened last. A rename is a file that goes and one that comes: a run between the two would forget it.
    private var lastChange = -Double.infinity

    /// A file that was written.
    private struct Entry {
        var size: Int64
        var modified: Int64
        /// Since when both have been what they are.
        var stillSince: Double
        var isClosed: Bool
    }

    package init(quiet: Double, patience: Double) {
        self.quiet = quiet
        self.patience = max(quiet, patience)
    }

    /// Whether anything waits for its time.
    package var isIdle: Bool { waiting.isEmpty && wantedSince == nil }

    /// Files that wait, by path.
    package var unsettled: [String] { waiting.keys.sorted().map(\.path) }

    /// Takes up a change.
    ///
    /// - Parameters:
    ///   - now: seconds of a clock that only goes forward.
    ///   - status: of the file; nil where it is gone.
    package mutating func note(_ change: FolderWatch.Change, now: Double, status: (String) -> FileState?) {
        lastChange = now
        switch change {
        case .written(let path): wait(for: path, isClosed: false, now, status(path))
        case .closed(let path): wait(for: path, isClosed: true, now, status(path))
        case .touched(let path):
            // What copies files sets their times last, when it has closed them.
            wait(for: path, isClosed: waiting[PathKey(path)]?.isClosed ?? true, now, status(path))
        case .gone(let path):
            waiting[PathKey(path)] = nil
            wantRun(now: now)
        case .unknown: wantRun(now: now)
        }
    }

    private mutating func wait(for path: String, isClosed: Bool, _ now: Double, _ status: FileState?) {
        guard let status else { return }
        waiting[PathKey(path)] = Entry(
            size: status.size, modified: status.modified, stillSince: now, isClosed: isClosed)
    }

    /// Requests a run even if no file changed.
    package mutating func wantRun(now: Double) { wantedSince = min(wantedSince ?? now, now) }

    /// Requests a run once the folders have been quiet since `later`.
    package mutating func wantRun(notBefore later: Double) {
        wantRun(now: later)
        lastChange = later
    }

    /// Checks the waiting files, and returns whether a run is due.
    package mutating func isDue(now: Double, status: (String) -> FileState?) -> Bool {
        for key in waiting.keys.sorted() {
            guard var entry = waiting[key] else { continue }
            guard let status = status(key.path) else {
                waiting[key] = nil
                wantRun(now: now)
                continue
            }
            if (entry.size, entry.modified) != (status.size, status.modified) {
                (entry.size, entry.modified, entry.stillSince) = (status.size, status.modified, now)
                waiting[key] = entry
            } else if now - entry.stillSince >= (entry.isClosed ? quiet : patience) {
                waiting[key] = nil
                wantRun(now: now)
            }
        }
        guard let wantedSince else { return false }
        return now - lastChange >= quiet || now - wantedSince >= patience
    }

    /// A run begins: what was wanted so far is taken to be done by it.
    package mutating func begin() { wantedSince = nil }

    /// Whether the run should leave a file alone. One that was written just now, of which no notice came (before the watch
    /// began, or while the run looks), waits from here on.
    ///
    /// - Parameter age: seconds since the file's own time, by the wall clock.
    package mutating func skips(_ file: FileState, now: Double, age: Double) -> Bool {
        if waiting[PathKey(file.path)] != nil { return true }
        guard abs(age) < quiet else { return false }
        waiting[PathKey(file.path)] = Entry(
            size: file.size, modified: file.modified, stillSince: now, isClosed: false)
        return true
    }
}
