import Base
import Distributions
import Indexing

/// The contents that wait for being encoded, which any number of workers on any machine take.
package protocol ContentQueue: Sendable {
    /// Seconds without a renewal after which others may take what a worker has.
    var lease: Double { get }

    /// Puts in files by content. Those whose content is known by now are stored at once; returns how many those were.
    func add(_ files: [FileIdentity]) throws(IndexError) -> Int

    /// Takes the next content; nil where none is free.
    func claim() throws(IndexError) -> ContentClaim?

    /// Renews all that this worker has; returns the fingerprints of what it still has.
    func renew() throws(IndexError) -> Set<String>

    /// Stores what became of a content for all files that have it; returns their number, or nil where the worker has lost it.
    func finish(
        _ claim: ContentClaim, facts: StreamFacts, intervals: [TimeRange], mixture: GaussianMixture,
        signatures: [ClipSignature]
    ) throws(IndexError) -> Int?

    /// Records why a file of a content could not be encoded.
    ///
    /// - Parameter isOfContent: whether that is true of all files that have it.
    func fail(
        _ claim: ContentClaim, file: FileIdentity, reason: String, message: String, isOfContent: Bool
    ) throws(IndexError)

    /// Gives a content back.
    func release(_ claim: ContentClaim, wasTried: Bool) throws(IndexError)

    /// How full it is.
    func state() throws(IndexError) -> QueueState
}

/// A content that this worker has a lease on, and the files that have it, as this machine sees them.
package struct ContentClaim: Sendable {
    package var fingerprint: String
    package var files: [FileIdentity]
    /// How many workers took it before and neither stored nor gave back anything.
    package var formerAttempts: Int

    package init(fingerprint: String, files: [FileIdentity], formerAttempts: Int) {
        self.fingerprint = fingerprint
        self.files = files
        self.formerAttempts = formerAttempts
    }
}

/// A queue at one moment.
package struct QueueState: Sendable, Equatable {
    /// Files that were put in since the queue was empty.
    package var queued: Int
    /// Those of them that are done.
    package var settled: Int
    /// Contents that wait or are being encoded.
    package var open: Int
    /// Those of them that some worker has a lease on.
    package var leased: Int
    /// Bytes of the open ones.
    package var openBytes: Int64

    package init(queued: Int, settled: Int, open: Int, leased: Int, openBytes: Int64) {
        self.queued = queued
        self.settled = settled
        self.open = open
        self.leased = leased
        self.openBytes = openBytes
    }
}
