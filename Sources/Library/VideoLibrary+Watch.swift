import Indexing
import Ingestion

extension VideoLibrary {
    /// Keeps the index in step with folders until cancelled. The index is open for writing while a run is at work only, so
    /// that others may write in between; a run that meets another writer is tried again.
    ///
    /// - Parameters:
    ///   - request: what each run is asked to do; its `waitingSeconds` are not waited.
    ///   - report: called on the calling thread.
    public func watch(
        _ request: IndexRequest, options: WatchOptions = WatchOptions(),
        report: @escaping @Sendable (WatchEvent) -> Void, isCancelled: @escaping @Sendable () -> Bool
    ) throws(LibraryError) {
        let encoder = try encoders.model()
        let lease = request.lease
        let job = WatchJob(request.jobOptions, options: options) { (job, progress) throws(IndexError) in
            try self.run(
                job, encoder, waitingSeconds: 0, lease: lease, progress: progress, isCancelled: isCancelled)
        }
        do {
            try job.run(report: report, isCancelled: isCancelled)
        } catch {
            switch error {
            case .watch(let error): throw LibraryError(error)
            case .index(let error): throw LibraryError(error)
            }
        }
    }
}

extension LibraryError {
    /// What keeps folders from being watched keeps the index from being in step with them.
    init(_ error: WatchError) {
        self.init(
            .index, reason: error.reason.rawValue, path: error.path,
            message: "\(error.path): \(error.message)",
            hint: error.hint)
    }
}
