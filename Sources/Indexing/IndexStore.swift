import Base
import Distributions

/// What a run needs of an index: the embedded one, or one that many machines share.
package protocol IndexStore: AnyObject, Sendable {
    /// Whether other machines write it too, which may see folders that this one does not.
    var isShared: Bool { get }

    /// Remembers folders that a run was asked to index.
    func addRoots(_ paths: [String]) throws(IndexError)

    /// Every row that a run over these folders and files has to compare with them, by path.
    func knownFiles(below roots: [String]) throws(IndexError) -> [KnownFile]

    /// Gives rows new paths, sizes, times and fingerprints.
    func update(_ changes: [FileChange]) throws(IndexError)

    /// Stores videos under their paths, in place of what was there, in one transaction: all of them or, where one can't be,
    /// none. Gives back their numbers.
    ///
    /// Means and log variances are rounded to float16, which changes nothing of what the encoder gives (it rounds
    /// itself); the moments are those of the rounded values.
    ///
    /// - Throws: `failed` where a value is not finite in float16.
    @discardableResult
    func store(_ videos: [NewVideo]) throws(IndexError) -> [Int64]

    /// Stores a video whose content is that of the ready video `id`.
    @discardableResult
    func storeCopy(of id: Int64, as identity: FileIdentity) throws(IndexError) -> Int64

    /// Records why a file could not be indexed, in place of what was there.
    @discardableResult
    func storeFailure(_ identity: FileIdentity, reason: String, message: String) throws(IndexError) -> Int64

    /// Removes rows by number; returns how many there were.
    @discardableResult
    func remove(ids: [Int64]) throws(IndexError) -> Int

    /// Removes the rows at these paths and below them, and such roots; returns how many rows there were.
    @discardableResult
    func remove(paths: [String]) throws(IndexError) -> Int

    /// Writes decisions down; returns how many are new.
    @discardableResult
    func record(_ decisions: [PairDecision]) throws(IndexError) -> Int

    /// Takes decisions back; returns how many there were.
    @discardableResult
    func withdraw(_ pairs: [(String, String)]) throws(IndexError) -> Int

    /// Ends the use of the index.
    func close()
}

extension IndexStore {
    /// Stores one video; returns its number.
    @discardableResult
    package func store(
        _ identity: FileIdentity, facts: StreamFacts, intervals: [TimeRange], mixture: GaussianMixture,
        signatures: [ClipSignature] = []
    ) throws(IndexError) -> Int64 {
        try store([
            NewVideo(
                identity: identity, facts: facts, intervals: intervals, mixture: mixture,
                signatures: signatures)
        ])[0]
    }
}

extension VideoIndex: IndexStore {
    package var isShared: Bool { false }

    /// All rows: a file may have moved from anywhere.
    package func knownFiles(below roots: [String]) throws(IndexError) -> [KnownFile] { try knownFiles() }
}
