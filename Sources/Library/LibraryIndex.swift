import Base
import Distributions
import Glibc
import Indexing
import Ingestion

/// Where a library keeps its videos: a folder (`FolderIndex`), or a place that many machines share.
package protocol LibraryIndex: Sendable {
    /// Its name in messages.
    var name: String { get }
    /// The folder that searches read: the index itself, or this machine's copy of it.
    var folder: String { get }
    /// Whether other machines write it too.
    var isShared: Bool { get }
    /// Whether there may be an index already.
    var mayExist: Bool { get }

    /// Brings the folder in step with what it is a copy of.
    func refresh() throws(IndexError)

    /// The index for writing; made where there is none.
    ///
    /// - Parameters:
    ///   - model: of its videos.
    ///   - waitingSeconds: for another writer of the same index.
    func writer(
        model: IndexModel, waitingSeconds: Double, isCancelled: @escaping @Sendable () -> Bool
    ) throws(IndexError) -> any IndexStore

    /// The same of an index that is there, with the model that it has.
    ///
    /// - Parameter opened: the index in the folder.
    func writer(
        _ opened: () throws(IndexError) -> VideoIndex, waitingSeconds: Double
    ) throws(IndexError) -> any IndexStore

    /// One run over the index.
    func run(
        _ run: LibraryRun, progress: @escaping @Sendable (IndexProgress) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(IndexError) -> IndexProgress

    /// What it holds.
    ///
    /// - Parameter opened: the index in the folder.
    func info(
        listingFailures: Bool, _ opened: () throws(IndexError) -> VideoIndex
    ) throws(IndexError) -> LibraryInfo

    /// Where it gives candidates for a search without a copy of it; nil where it does not.
    func candidates() throws(IndexError) -> (any CandidateIndex)?
}

/// What a run over an index is asked to do, and what with.
package struct LibraryRun: Sendable {
    package var options: IndexJobOptions
    package var model: IndexModel
    package var source: any VideoSource
    /// Seconds to wait for another writer of the same index.
    package var waitingSeconds: Double
    /// Seconds without a sign of a worker on a shared index after which others take over what it was at.
    package var lease: Double
    /// What the model makes of clips that show nothing; nil where that is not wanted, or fails.
    package var emptyClips: @Sendable () -> [Gaussian]?
}

/// An index in a folder of this machine.
package struct FolderIndex: LibraryIndex {
    package let folder: String
    package var name: String { folder }
    package var isShared: Bool { false }

    /// The folder's path is made absolute: errors name it, and whoever reads those may work elsewhere.
    package init(_ folder: String) { self.folder = Path.resolved(folder) }

    package var mayExist: Bool { access(folder + "/videos.sqlite", F_OK) == 0 }

    package func refresh() throws(IndexError) {}

    package func writer(
        model: IndexModel, waitingSeconds: Double, isCancelled: @escaping @Sendable () -> Bool
    ) throws(IndexError) -> any IndexStore {
        try open(model, waitingSeconds, isCancelled)
    }

    package func writer(
        _ opened: () throws(IndexError) -> VideoIndex, waitingSeconds: Double
    ) throws(IndexError) -> any IndexStore {
        try open(try opened().model, waitingSeconds) { false }
    }

    private func open(
        _ model: IndexModel, _ waitingSeconds: Double, _ isCancelled: () -> Bool
    ) throws(IndexError) -> VideoIndex {
        try VideoIndex.open(
            writingTo: folder, model: model, waitingSeconds: waitingSeconds, isCancelled: isCancelled)
    }

    package func run(
        _ run: LibraryRun, progress: @escaping @Sendable (IndexProgress) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(IndexError) -> IndexProgress {
        let index = try open(run.model, run.waitingSeconds, isCancelled)
        defer { index.close() }
        let job = IndexJob(index: index, source: run.source, options: run.options)
        let result = try job.run(progress: progress, isCancelled: isCancelled)
        if !result.isCancelled { LeftOutFile(indexFolder: index.folder).write(result.leftOut) }
        // So that searches need no model; where it fails they ask the model.
        if index.emptyClips() == nil, let made = run.emptyClips() { index.store(emptyClips: made) }
        return result
    }

    package func info(
        listingFailures: Bool, _ opened: () throws(IndexError) -> VideoIndex
    ) throws(IndexError) -> LibraryInfo {
        let index = try opened()
        let failures = try index.failures()
        var info = LibraryInfo(
            folder: index.folder, formatVersion: index.formatVersion, bytes: index.sizeOnDisk,
            roots: Path.outermost(try index.roots()), model: index.model, counts: try index.counts(),
            failures: listingFailures ? failures : nil)
        info.notVideos = failures.count { IndexProgress.isOfOtherFile($0.reason) }
        info.troubled = try index.videosInTrouble()
        info.leftOut = LeftOutFile(indexFolder: index.folder).read()
        return info
    }

    package func candidates() throws(IndexError) -> (any CandidateIndex)? { nil }
}
