import Base
import Indexing
import VideoEncoding

/// What a run is asked to do.
public struct IndexJobOptions: Sendable {
    /// Folders to walk and files to take.
    public var roots: [String]
    /// Whether files that are missing are removed from the index even where a whole root is missing or empty.
    public var prune = false
    /// Whether files that failed are tried again although they are unchanged.
    public var retryFailed = false
    /// The number of the stream to read of files that are roots; nil for what was chosen before, else the main one.
    public var stream: Int?
    /// Whether the main stream is read of files that are roots, whatever was chosen before.
    package var takesMainStream = false
    /// Seconds after which a single file is given up.
    public var timeLimit: Double = 600
    /// Files encoded at once; nil for as many as there are processors.
    public var workers: Int?
    /// Whether a run goes on when its queue is empty, for what others put in, until it is cancelled.
    package var waitsForMore = false
    /// What is taken of the folders.
    public var rules = ScanRules()
    /// Asked of each file that is met; true has the run go on as if it had not looked there.
    public var skips: @Sendable (FileState) -> Bool = { _ in false }

    /// Asks for an ordinary run over `roots`.
    public init(roots: [String]) { self.roots = roots }
}

/// A file as a run meets it.
public struct FileState: Sendable, Hashable {
    /// Absolute, symlinks resolved.
    public var path: String
    /// Bytes.
    public var size: Int64
    /// Nanoseconds since 1970.
    public var modified: Int64

    /// A state of its parts.
    public init(path: String, size: Int64, modified: Int64) {
        self.path = path
        self.size = size
        self.modified = modified
    }
}

/// Where a run stands.
public struct IndexProgress: Sendable {
    /// What a run is at.
    public enum Phase: String, Sendable, Codable {
        /// Listing the folders.
        case scanning
        /// Reading parts of new and changed files to know them by content.
        case comparing
        /// Decoding and encoding.
        case encoding
        /// Done, or given up.
        case finished
    }
    /// What the run is at.
    public var phase = Phase.scanning
    /// Files met under the roots.
    public var total = 0
    /// Files dealt with: unchanged, indexed, moved, copied and failed ones.
    public var done = 0
    /// Files that needed no work.
    public var unchanged = 0
    /// Files encoded in this run.
    public var indexed = 0
    /// Files found under another path, embeddings kept.
    public var moved = 0
    /// Files with the content of another one, its embeddings reused.
    public var copied = 0
    /// Files that failed in this run.
    public var failed = 0
    /// Those of the failed files that only have a video's name, or no video in them.
    public var notVideos = 0
    /// What the folders hold beside the files met.
    public var leftOut = LeftOut()
    /// Roots that do not exist or cannot be looked at.
    public var missingRoots: [String] = []
    /// Rows removed because their files are gone.
    public var removed = 0
    /// Rows kept although their files are missing: a disk may not be mounted.
    public var kept = 0
    /// Clips encoded in this run.
    public var clips = 0
    /// Those of the files encoded in this run that hold further films beside the stream that was read.
    public var withOtherStreams: [String] = []
    /// Seconds since the start.
    public var elapsed: Double = 0
    /// Bytes that the phase reads: parts of new files, then the files to encode; 0 until it is known which those
    /// are. Of a shared index, of those that all workers encode while this run lasts.
    public var bytesTotal: Int64 = 0
    /// Those of them that are done; of a file that is being read, the share of its running time that was read.
    public var bytesDone: Int64 = 0
    /// An estimate from the bytes that are done; nil while there is too little to go by.
    public var secondsLeft: Double?
    /// The files that are being read, in the order in which they were begun.
    public var reading: [String] = []
    /// The one of them that was begun last.
    public var current: String? { reading.last }
    /// Whether the run was cancelled.
    public var isCancelled = false
    /// Roots and folders that could not be read, and what was kept because of them. Files that failed are not
    /// here but in the index.
    public var problems: [VideoError] = []

    /// The start of a run.
    public init() {}
}

/// Brings an index in step with folders.
///
/// Files that are as they were (path, size, time) are not read at all. New and changed ones are first known by
/// content: a moved file keeps its embeddings, a copy shares those of its original, and the rest is decoded and
/// encoded, several files at once. What is gone is removed, by the rule that `MissingRows` states.
public struct IndexJob: Sendable {
    private let index: any IndexStore
    private let queue: (any ContentQueue)?
    private let source: any VideoSource
    private let options: IndexJobOptions

    /// Prepares a run; `index` is open for writing, and was made with the source's model.
    ///
    /// - Parameter queue: of a shared index: its files are encoded by this run and all other workers together. A run without
    ///   roots then works on the queue alone.
    package init(
        index: any IndexStore, queue: (any ContentQueue)? = nil, source: any VideoSource,
        options: IndexJobOptions
    ) {
        self.index = index
        self.queue = queue
        self.source = source
        self.options = options
    }

    /// Runs to the end or until cancelled; what was stored stays stored.
    ///
    /// `progress` is called on the calling thread, at most about ten times a second, and a last time at the end.
    /// `isCancelled` is asked from several threads.
    ///
    /// - Throws: what concerns the index as a whole (`diskFull`, `readOnly`, `corrupted`, …). What concerns one file
    ///   is recorded in the index and never ends the run.
    public func run(
        progress: @escaping @Sendable (IndexProgress) -> Void,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws(IndexError) -> IndexProgress {
        let run = IndexRun(
            index: index, queue: queue, source: source, options: options, report: progress,
            isCancelled: isCancelled)
        return try run.run()
    }
}
