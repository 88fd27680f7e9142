import Base
import Glibc
import Indexing
import Synchronization

/// How patiently folders are watched.
public struct WatchOptions: Sendable, Equatable {
    /// Seconds of quiet after which a closed file, or a burst of changes, is taken to be over.
    public var quiet = 1.0
    /// Seconds after which a file that was not seen to be closed counts as complete, and the longest that a change
    /// waits for the end of a burst.
    public var patience = 10.0

    /// The defaults.
    public init() {}
}

/// What a watch has to say.
public enum WatchEvent: Sendable {
    /// So many folders are watched.
    case watching(folders: Int)
    /// A run is at work.
    case progress(IndexProgress)
    /// A run has ended.
    case updated(IndexProgress)
    /// Another program writes the index; the run is tried again.
    case indexIsBusy
}

/// Why a watch ended.
public enum WatchFailure: Error, Sendable {
    case watch(WatchError)
    case index(IndexError)
}

/// Keeps an index in step with folders, from now on: a run over them at first, and another one whenever what happens in
/// them has settled (`Settling`).
public struct WatchJob: Sendable {
    /// Makes one run over the folders: opens the index, runs with these options, closes it.
    public typealias Update =
        @Sendable (
            IndexJobOptions, @escaping @Sendable (IndexProgress) -> Void
        ) throws(IndexError) -> IndexProgress

    private let options: WatchOptions
    private let job: IndexJobOptions
    private let update: Update
    private let mostWatches: Int

    /// - Parameter job: what each run is asked to do; its roots are the folders to watch.
    public init(_ job: IndexJobOptions, options: WatchOptions = WatchOptions(), update: @escaping Update) {
        self.init(job, options: options, mostWatches: .max, update: update)
    }

    package init(_ job: IndexJobOptions, options: WatchOptions, mostWatches: Int, update: @escaping Update) {
        self.job = job
        self.options = options
        self.mostWatches = mostWatches
        self.update = update
    }

    /// Seconds between looks at the cancellation, and at files that are being written.
    private static let step = 0.1
    /// Seconds between looks for roots that are gone.
    private static let rootStep = 2.0
    /// Seconds before a run is tried again that met another writer.
    private static let busyStep = 1.0

    /// Watches until cancelled.
    ///
    /// - Parameters:
    ///   - report: called on the calling thread.
    ///   - isCancelled: asked from several threads.
    public func run(
        report: @escaping @Sendable (WatchEvent) -> Void, isCancelled: @escaping @Sendable () -> Bool
    ) throws(WatchFailure) {
        do {
            // Before the first look, so that nothing falls between.
            let watcher = Watcher(
                try FolderWatch(job.roots, rules: job.rules, mostWatches: mostWatches), options)
            report(.watching(folders: watcher.watch.count))
            watcher.settling.withLock { $0.wantRun(now: Time.monotonic) }
            while !isCancelled() {
                try watcher.take(waiting: Self.step)
                try watcher.findLostRoots(every: Self.rootStep)
                guard watcher.isDue() else { continue }
                try makeRun(watcher, report, isCancelled)
            }
        } catch let error as WatchError {
            throw .watch(error)
        } catch let error as IndexError {
            throw .index(error)
        } catch {
            preconditionFailure("watching fails by its own errors only")
        }
    }

    private func makeRun(
        _ watcher: Watcher, _ report: @escaping @Sendable (WatchEvent) -> Void,
        _ isCancelled: @escaping @Sendable () -> Bool
    ) throws {
        var job = job
        let settling = watcher.settling
        settling.withLock { $0.begin() }
        job.skips = { file in
            let age = Time.sinceEpoch - Double(file.modified) * 1e-9
            return settling.withLock { $0.skips(file, now: Time.monotonic, age: age) }
        }
        do throws(IndexError) {
            let progress = try update(job) { report(.progress($0)) }
            if !isCancelled() { report(.updated(progress)) }
        } catch {
            guard error.reason == .busy else { throw error }
            report(.indexIsBusy)
            settling.withLock { $0.wantRun(notBefore: Time.monotonic + Self.busyStep) }
        }
        // Hours may have gone by; what the queue could not hold is an overflow, which has everything looked at.
        try watcher.take(waiting: 0)
    }
}

/// A watch and what it has seen.
private final class Watcher {
    let watch: FolderWatch
    let settling: Shared
    private var lookedForRoots = Time.monotonic

    /// Settling, asked by the scanning thread too.
    final class Shared: Sendable {
        private let settling: Mutex<Settling>
        init(_ settling: Settling) { self.settling = Mutex(settling) }
        func withLock<R: Sendable>(_ body: (inout sending Settling) -> sending R) -> R {
            settling.withLock(body)
        }
    }

    init(_ watch: FolderWatch, _ options: WatchOptions) {
        self.watch = watch
        settling = Shared(Settling(quiet: options.quiet, patience: options.patience))
    }

    /// Takes up what has happened.
    func take(waiting seconds: Double) throws(WatchError) {
        let changes = try watch.changes(waiting: seconds)
        settling.withLock { settling in
            for change in changes { settling.note(change, now: Time.monotonic, status: Self.status) }
        }
    }

    func isDue() -> Bool {
        settling.withLock { $0.isDue(now: Time.monotonic, status: Self.status) }
    }

    func findLostRoots(every seconds: Double) throws(WatchError) {
        guard Time.monotonic - lookedForRoots >= seconds else { return }
        lookedForRoots = Time.monotonic
        if try watch.findLostRoots() {
            settling.withLock { $0.note(.unknown, now: Time.monotonic, status: Self.status) }
        }
    }

    private static func status(_ path: String) -> FileState? {
        FileStatus(path: path).map { FileState(path: path, size: $0.size, modified: $0.modified) }
    }
}
