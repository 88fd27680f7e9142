import Distributions
import Indexing
import Synchronization

/// Finds groups of videos that share footage in an index.
///
/// 1. Files of the same content are one video from here on (`DistinctContents`).
/// 2. Clips say less the more videos show the same (`ClipRarity`).
/// 3. Candidates are the pairs near as a whole, and those of which clips are near, since an excerpt can be far from the whole
///    that it is of; both exactly (`PairJoin`).
/// 4. Each is aligned, clip by clip, and is a match where half of what the shorter one says is in the other (`PairAlignment`) and
///    is seen to be (`Verifier`).
/// 5. Matches are grouped about centres (`StarGroups`). One video of each group is suggested to be kept (`KeptVideo`), and what
///    does not match that one is left out.
public struct DuplicateFinder: Sendable {
    private let index: VideoIndex
    private let options: DuplicateOptions
    private let information: ClipInformation
    /// Pairs that memory is spent on.
    private static let mostPairs = 20_000_000
    /// Clips that say less bring no candidates.
    private static let leastWeight = 0.3
    /// Videos that say less than so many clips do are compared by content alone.
    private static let leastInformation = 0.5
    /// Of all candidates by clips, the nearest clips lie within this, on the scale of clips: nearer than those that a match may be
    /// made of, since one is enough.
    private static let nearestClip = 0.6
    /// Of the candidates as a whole, some are farther apart than their clips turn out to be.
    private static let farthestWhole = 1.27

    /// - Parameters:
    ///   - index: open for reading or writing.
    ///   - information: what clips say; of the index's model.
    public init(index: VideoIndex, options: DuplicateOptions, information: ClipInformation) {
        self.index = index
        self.options = options
        self.information = information
    }

    /// The groups of the index as it is when the call begins.
    ///
    /// - Parameters:
    ///   - progress: called now and then, from any thread.
    ///   - isCancelled: called now and then, from any thread; true ends the search.
    public func groups(
        progress: @escaping @Sendable (DuplicateProgress) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) throws(DuplicateError) -> DuplicateGroups {
        let snapshot: IndexSnapshot?
        let decisions: [PairDecision]
        do throws(IndexError) {
            decisions = try index.decisions()
            snapshot = try index.snapshot(
                progress: { progress(DuplicateProgress(phase: .reading, share: $0)) },
                isCancelled: isCancelled)
        } catch {
            throw .index(error)
        }
        guard let snapshot else { throw .cancelled }
        let result = snapshot.moments.withRows { wholes in
            snapshot.clips.withRows { clips in
                Result { () throws(DuplicateError) in
                    let contents = DistinctContents(
                        videos: snapshot.videos, ids: (0..<wholes.count).map(wholes.video),
                        decisions: decisions, staysInFolders: options.rules.pairing == .within)
                    let library = try ClipLibrary(
                        contents, clips, intervals: snapshot.intervals, information, isCancelled: isCancelled)
                    return try groups(contents, wholes, library, progress, isCancelled)
                }
            }
        }
        return try result.get()
    }

    private func groups(
        _ contents: DistinctContents, _ rows: MomentsRows, _ clips: ClipLibrary,
        _ progress: @escaping @Sendable (DuplicateProgress) -> Void,
        _ isCancelled: @escaping @Sendable () -> Bool
    ) throws(DuplicateError) -> DuplicateGroups {
        let isTelling = contents.nodes.indices.map { node in
            clips.weights[clips.rows(of: node)].reduce(0, +) >= Self.leastInformation
        }
        let weights = try weights(contents, clips, isTelling, progress, isCancelled)
        let candidates = try candidates(contents, rows, clips, weights, isTelling, progress, isCancelled)
        let (matches, similar) = try matches(
            candidates, clips, weights, PictureShelf(contents, in: index), progress, isCancelled)
        var evidence: [NodePair: PairEvidence] = [:]
        var links: [StarGroups.Link] = []
        var rejected = 0
        for (pair, found) in matches {
            if contents.areInOtherFolders(pair.first, pair.second) { continue }
            evidence[pair] = found
            if contents.areApart(pair.first, pair.second) {
                rejected += 1
            } else {
                links.append(
                    StarGroups.Link(first: pair.first, second: pair.second, distance: found.distance))
            }
        }
        var stars = StarGroups(count: contents.nodes.count, links: links) {
            contents.areApart($0, $1) || contents.areInOtherFolders($0, $1)
        }
        let assembly = GroupAssembly(contents: contents, evidence: evidence, rules: options.rules)
        let starred = stars.groups(refined: assembly.matchingKept)
        var isGrouped = [Bool](repeating: false, count: contents.nodes.count)
        for node in starred.joined() { isGrouped[node] = true }
        // Files of one content that is like no other are a group too.
        let copies = contents.nodes.indices.filter { !isGrouped[$0] && contents.nodes[$0].videos.count > 1 }
        var groups: [DuplicateGroup] = []
        for nodes in starred + copies.map({ [$0] }) {
            if isCancelled() { throw .cancelled }
            groups.append(assembly.group(nodes))
        }
        return DuplicateGroups(
            groups: groups.sorted(by: GroupAssembly.comesFirst),
            videos: contents.nodes.reduce(0) { $0 + $1.videos.count },
            uninformative: contents.nodes.indices.filter { !isTelling[$0] }.flatMap {
                contents.nodes[$0].videos
            },
            rejected: rejected, similar: self.similar(similar, contents))
    }

    private func similar(_ pairs: [(NodePair, Double)], _ contents: DistinctContents) -> [SimilarVideos] {
        var distances: [NodePair: Double] = [:]
        for (pair, distance) in pairs { distances[pair] = distance }
        let links = pairs.map { StarGroups.Link(first: $0.first, second: $0.second, distance: $1) }
        var stars = StarGroups(count: contents.nodes.count, links: links, areApart: contents.areApart)
        return stars.groups().map { nodes in
            SimilarVideos(
                centre: contents.nodes[nodes[0]].videos[0],
                others: nodes.dropFirst().map {
                    (contents.nodes[$0].videos[0], distances[NodePair(nodes[0], $0)] ?? 0)
                })
        }
    }

    /// What each clip says, by what it shows and by how many other videos show the same: intros and endings that many share
    /// make no duplicates.
    private func weights(
        _ contents: DistinctContents, _ clips: ClipLibrary, _ isTelling: [Bool],
        _ progress: @escaping @Sendable (DuplicateProgress) -> Void,
        _ isCancelled: @escaping @Sendable () -> Bool
    ) throws(DuplicateError) -> [Double] {
        let join = PairJoin(
            maximumDistance: options.maximumDistance * PairAlignment.clipScale * ClipRarity.same,
            limit: Self.mostPairs)
        let counts: [Int]
        do throws(PairFailure) {
            counts = try join.otherOwners(
                in: clips.rows, among: tellingClips(clips, clips.weights, isTelling), owners: clips.owners,
                progress: { progress(DuplicateProgress(phase: .comparing, share: $0 / 3)) },
                isCancelled: isCancelled)
        } catch {
            throw failure(error) { contents.nodes[Int(clips.owners[$0])].videos.first }
        }
        var weights = clips.weights
        for node in isTelling.indices {
            let rows = clips.rows(of: node)
            for (row, share) in zip(rows, ClipRarity.shares(Array(counts[rows]))) { weights[row] *= share }
        }
        return weights
    }

    /// Pairs that may match, by first and then second node.
    private func candidates(
        _ contents: DistinctContents, _ rows: MomentsRows, _ clips: ClipLibrary, _ weights: [Double],
        _ isTelling: [Bool], _ progress: @escaping @Sendable (DuplicateProgress) -> Void,
        _ isCancelled: @escaping @Sendable () -> Bool
    ) throws(DuplicateError) -> [NodePair] {
        let whole = PairJoin(
            maximumDistance: options.maximumDistance * Self.farthestWhole, limit: Self.mostPairs)
        let part = PairJoin(
            maximumDistance: options.maximumDistance * PairAlignment.clipScale * Self.nearestClip,
            limit: Self.mostPairs)
        let near: [RowPair]
        do throws(PairFailure) {
            near = try whole.pairs(
                in: rows,
                among: contents.nodes.indices.filter { isTelling[$0] }.map { contents.nodes[$0].row },
                progress: { progress(DuplicateProgress(phase: .comparing, share: (1 + $0) / 3)) },
                isCancelled: isCancelled)
        } catch {
            throw failure(error) { contents.video(ofRow: $0) }
        }
        let nearParts: [RowPair]
        do throws(PairFailure) {
            nearParts = try part.ownerPairs(
                in: clips.rows, among: tellingClips(clips, weights, isTelling), owners: clips.owners,
                progress: { progress(DuplicateProgress(phase: .comparing, share: (2 + $0) / 3)) },
                isCancelled: isCancelled)
        } catch {
            throw failure(error) { contents.nodes[Int(clips.owners[$0])].videos.first }
        }
        let pairs =
            near.map { NodePair(contents.node(ofRow: $0.first), contents.node(ofRow: $0.second)) }
            + nearParts.map { NodePair(Int($0.first), Int($0.second)) }
        return Array(Set(pairs)).sorted { ($0.first, $0.second) < ($1.first, $1.second) }
    }

    /// Rows of the clips that bring candidates.
    private func tellingClips(
        _ clips: ClipLibrary, _ weights: [Double], _ isTelling: [Bool]
    ) -> [UInt32] {
        weights.indices.filter { weights[$0] >= Self.leastWeight && isTelling[Int(clips.owners[$0])] }
            .map(UInt32.init)
    }

    /// What ends the search where a join ended; the video of a row is asked for where its moments are at fault.
    private func failure(_ failure: PairFailure, _ video: (Int) -> IndexedVideo?) -> DuplicateError {
        switch failure {
        case .cancelled: .cancelled
        case .tooMany: .tooManyPairs(limit: Self.mostPairs)
        case .notFinite(let row):
            .index(
                IndexError(
                    reason: .corrupted, path: video(row)?.identity.path ?? index.folder,
                    message: "its moments in the index \(index.folder) are not a valid distribution",
                    hint: "remove the video from the index and index it again"))
        }
    }

    /// The candidates that match, in their order; and where it was asked for, those that only look alike.
    private func matches(
        _ candidates: [NodePair], _ clips: ClipLibrary, _ weights: [Double], _ shelf: PictureShelf,
        _ progress: @escaping @Sendable (DuplicateProgress) -> Void,
        _ isCancelled: @escaping @Sendable () -> Bool
    ) throws(DuplicateError) -> (matches: [(NodePair, PairEvidence)], similar: [(NodePair, Double)]) {
        let alignment = PairAlignment(maximumDistance: options.maximumDistance, judge: options.judge)
        let seen: [(place: Int, candidate: PairAlignment.Candidate)]
        do throws(ReadFailure) {
            seen = try RowBlocks(count: candidates.count, size: 16, threads: nil, threshold: 32).read(
                isCancelled: isCancelled,
                progress: {
                    progress(
                        DuplicateProgress(phase: .aligning, share: Double($0) / Double(candidates.count)))
                }
            ) { (place) throws(IndexError) in
                let pair = candidates[place]
                let said = [pair.first, pair.second].map { clips.track($0, clips.weights).information }
                let candidate = try alignment.candidate(
                    clips.track(pair.first, weights), clips.track(pair.second, weights),
                    information: (said[0], said[1])
                ) { (isFirst) throws(IndexError) in
                    try shelf.pictures(isFirst ? pair.first : pair.second)
                }
                guard let candidate, candidate.corresponds || options.listsSimilar else { return nil }
                return (place, candidate)
            }
        } catch {
            switch error {
            case .cancelled: throw .cancelled
            case .index(let error): throw .index(error)
            }
        }
        let common = Neighbourhoods(seen.map { (candidates[$0.place], $0.candidate.agreement) })
        var matches: [(NodePair, PairEvidence)] = []
        var similar: [(NodePair, Double)] = []
        for (place, candidate) in seen {
            let pair = candidates[place]
            let around = candidate.agreement.map { common.around(pair, $0) } ?? Agreement.Common()
            let evidence = alignment.evidence(candidate, common: around)
            if let evidence, evidence.distance <= options.maximumDistance {
                matches.append((pair, evidence))
            } else if options.listsSimilar, candidate.distance <= options.maximumDistance {
                similar.append((pair, candidate.distance))
            }
        }
        return (matches, similar)
    }
}

/// Two nodes, the smaller number first.
struct NodePair: Hashable, Sendable {
    let first: Int
    let second: Int

    init(_ a: Int, _ b: Int) { (first, second) = (min(a, b), max(a, b)) }
}
