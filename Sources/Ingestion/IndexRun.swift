import Base
import Indexing
import Synchronization

/// One run of an `IndexJob`: scan, compare, know by content, reconcile, remove, encode.
struct IndexRun: Sendable {
    let index: any IndexStore
    /// Where files wait that any machine may encode; nil where this run encodes its own alone.
    let queue: (any ContentQueue)?
    let source: any VideoSource
    let options: IndexJobOptions
    let report: @Sendable (IndexProgress) -> Void
    let keeper: ProgressKeeper

    init(
        index: any IndexStore, queue: (any ContentQueue)?, source: any VideoSource, options: IndexJobOptions,
        report: @escaping @Sendable (IndexProgress) -> Void, isCancelled: @escaping @Sendable () -> Bool
    ) {
        self.index = index
        self.queue = queue
        self.source = source
        self.options = options
        self.report = report
        keeper = ProgressKeeper(isCancelled: isCancelled)
    }

    func run() throws(IndexError) -> IndexProgress {
        tick()
        var scan = FolderScanner.scan(options.roots, rules: options.rules, isCancelled: { keeper.isStopped })
        scan.files.removeAll {
            options.skips(FileState(path: $0.path, size: $0.size, modified: $0.modified))
        }
        // The numbers of filesystems mean nothing to other machines, and each may see another time of a file's status.
        if index.isShared {
            for place in scan.files.indices {
                scan.files[place].device = 0
                scan.files[place].statusChanged = 0
            }
        }
        for place in scan.files.indices where scan.roots.contains(scan.files[place].path) {
            scan.files[place].stream = options.stream
            scan.files[place].takesMainStream = options.takesMainStream
        }
        if keeper.isStopped { return try finish() }
        try index.addRoots(scan.folders)
        let known = try index.knownFiles(below: scan.roots)
        let comparison = Comparison(scan, known: known, retryFailed: options.retryFailed)
        keeper.begin(.comparing, reading: comparison.toRead.map(Self.bytesToKnow))
        keeper.update {
            $0.total = scan.files.count
            $0.unchanged = comparison.unchanged
            $0.done = comparison.unchanged
            $0.problems = scan.problems
            $0.leftOut = scan.leftOut
            $0.missingRoots = scan.missingRoots.sorted().map(\.path)
        }
        try index.update(comparison.refreshed)
        try recordUnopenable(comparison.unopenable)

        let contents = try fingerprints(comparison.toRead, missing: comparison.unseen)
        if keeper.isStopped { return try finish() }
        // Asked anew: failures recorded above took the place of rows that were ready.
        let plan = Reconciliation(
            contents, known: try index.knownFiles(below: scan.roots), retryFailed: options.retryFailed,
            isPassedOver: scan.passesOver)
        try settle(plan)
        try removeVanished(comparison.unseen.filter { !plan.movedRows.contains($0.id) }, scan)
        try encode(plan.tasks)
        return try finish()
    }

    private func tick() { report(keeper.snapshot()) }

    private func finish() throws(IndexError) -> IndexProgress {
        if let error = keeper.error { throw error }
        let cancelled = keeper.isStopped
        keeper.update {
            $0.phase = .finished
            $0.isCancelled = cancelled && $0.done < max(1, $0.total)
        }
        let last = keeper.snapshot()
        report(last)
        return last
    }

    private func recordUnopenable(_ files: [ScannedFile]) throws(IndexError) {
        for file in files {
            guard let problem = file.problem else { continue }
            try recordFailure(
                file, fingerprint: Self.unread(file), reason: problem.reason.rawValue, message: problem.detail
            )
        }
    }

    func recordFailure(_ file: ScannedFile, fingerprint: String, reason: String, message: String)
        throws(IndexError)
    {
        try index.storeFailure(file.identity(fingerprint: fingerprint), reason: reason, message: message)
        keeper.update {
            $0.noteFailure(reason)
            $0.done += 1
        }
    }

    /// Fingerprints files in parallel; files that cannot be read are recorded as failed.
    ///
    /// - Parameter missing: rows whose files were not met, of which a renamed file may be one: what was chosen of it holds.
    private func fingerprints(
        _ files: [ScannedFile], missing: [KnownFile]
    ) throws(IndexError) -> [(file: ScannedFile, fingerprint: String)] {
        if files.isEmpty { return [] }
        let results = FingerprintResults(count: files.count)
        onThreads(min(workerCount, files.count), name: "index", tick: tick) {
            while !keeper.isStopped, let i = results.next() {
                let bytes = Self.bytesToKnow(files[i])
                keeper.read(files[i].path, bytes: bytes)
                results.put(
                    Result { () throws(VideoError) in try source.fingerprint(path: files[i].path) }, at: i)
                keeper.stopReading(files[i].path)
                keeper.finish(bytes: bytes)
            }
        }
        var chosen: [String: Int] = [:]
        for row in missing {
            guard let stream = ChosenStream.number(in: row.identity.fingerprint) else { continue }
            chosen[ChosenStream.content(of: row.identity.fingerprint)] = stream
        }
        var contents: [(file: ScannedFile, fingerprint: String)] = []
        for (file, result) in zip(files, results.all) {
            switch result {
            case .success(let content):
                // A choice that was made of another content says nothing of this one.
                let isOfAnother = file.streamWasOf.map { !$0.isEmpty && $0 != content } ?? false
                var stream = (isOfAnother ? nil : file.stream) ?? chosen[content]
                if file.takesMainStream { stream = nil }
                contents.append((file, ChosenStream.fingerprint(of: content, stream: stream)))
            case .failure(let error):
                try recordFailure(
                    file, fingerprint: Self.unread(file), reason: error.reason.rawValue, message: error.detail
                )
            case nil: break  // Cancelled before its turn.
            }
        }
        return contents
    }

    /// The fingerprint of a file that could not be read: the stream that was chosen of it, and no content.
    private static func unread(_ file: ScannedFile) -> String {
        ChosenStream.fingerprint(of: "", stream: file.stream)
    }

    /// About as much is read of a file to know it by content.
    private static func bytesToKnow(_ file: ScannedFile) -> Int64 { min(file.size, 16 << 20) }

    var workerCount: Int { max(1, options.workers ?? processorCount) }

    /// Everything that needs no decoding.
    private func settle(_ plan: Reconciliation) throws(IndexError) {
        try index.update(plan.changes)
        for (source, identity) in plan.copies { try index.storeCopy(of: source, as: identity) }
        keeper.update {
            $0.unchanged += plan.touched
            $0.moved += plan.moved
            $0.copied += plan.copies.count
            $0.leftOut.otherNames += plan.otherNames
            $0.done += plan.touched + plan.moved + plan.copies.count + plan.otherNames
        }
    }

    private func removeVanished(_ unseen: [KnownFile], _ scan: ScanResult) throws(IndexError) {
        let missing = MissingRows(unseen, scan: scan, prune: options.prune, isShared: index.isShared)
        // What is there, and is to be left out from now on, goes as well.
        let passedOver = unseen.filter { scan.passesOver($0.identity.path) }.map(\.id)
        let removed = try index.remove(ids: Array(Set(missing.removed + passedOver)).sorted())
        keeper.update {
            $0.removed = removed
            $0.kept = missing.kept
            $0.problems += missing.problems
        }
    }

    private func encode(_ tasks: [EncodingTask]) throws(IndexError) {
        if let queue { return try encode(tasks, with: queue) }
        if tasks.isEmpty { return }
        keeper.begin(.encoding, reading: tasks.map(\.file.size))
        let pool = EncodingPool(run: self, tasks: tasks)
        onThreads(min(workerCount, tasks.count), name: "index", tick: tick) { pool.work() }
        if pool.hasSuspects, !keeper.isStopped {
            onThreads(1, name: "index", tick: tick) { pool.retrySuspects() }
        }
        if let error = keeper.error { throw error }
    }
}

extension IndexRun {
    /// Puts the files in the queue, and works on it with all other workers until nothing in it is open.
    private func encode(_ tasks: [EncodingTask], with queue: any ContentQueue) throws(IndexError) {
        let copied = try queue.add(tasks.flatMap { [$0.identity] + $0.copies })
        keeper.update { $0.copied += copied }
        // Others have put files in as well: the queue says how much there is.
        keeper.begin(.encoding, reading: [])
        let pool = SharedPool(run: self, queue: queue)
        onThreads(workerCount, name: "index", tick: { pool.tick(report: tick) }) { pool.work() }
        try pool.giveBack()
        if let error = keeper.error { throw error }
    }
}

/// Hands out places and takes results, from several threads.
private final class FingerprintResults: Sendable {
    private struct State {
        var results: [Result<String, VideoError>?]
        var next = 0
    }
    private let state: Mutex<State>

    init(count: Int) { state = Mutex(State(results: Array(repeating: nil, count: count))) }

    func next() -> Int? {
        state.withLock { state in
            if state.next == state.results.count { return nil }
            state.next += 1
            return state.next - 1
        }
    }

    func put(_ result: Result<String, VideoError>, at place: Int) {
        state.withLock { $0.results[place] = result }
    }

    var all: [Result<String, VideoError>?] { state.withLock { $0.results } }
}

extension IndexProgress {
    private static let reasonsOfOtherFiles: Set<String> = [
        VideoError.Reason.unrecognised.rawValue, VideoError.Reason.noVideoStream.rawValue,
    ]

    /// Whether a file failed since it is no video.
    package static func isOfOtherFile(_ reason: String) -> Bool { reasonsOfOtherFiles.contains(reason) }

    /// Takes down what is worth a word of an encoded file.
    mutating func note(_ facts: StreamFacts, of path: String) {
        if facts.otherStreams > 0 { withOtherStreams.append(path) }
    }

    /// Counts a failed file.
    mutating func noteFailure(_ reason: String) {
        failed += 1
        if Self.isOfOtherFile(reason) { notVideos += 1 }
    }
}
