import Distributions
import Indexing

/// Finds groups of videos that share footage in an index.
///
/// Files of the same content are one video here from the beginning. The others are compared each with each (`PairJoin`), and
/// grouped about centres (`StarGroups`).
public struct DuplicateFinder: Sendable {
    private let index: VideoIndex
    private let options: DuplicateOptions
    /// Pairs that memory is spent on.
    static let mostPairs = 20_000_000

    /// - Parameter index: open for reading or writing.
    public init(index: VideoIndex, options: DuplicateOptions) {
        self.index = index
        self.options = options
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
        let table: MomentsTable
        let videos: [IndexedVideo]
        let decisions: [PairDecision]
        do throws(IndexError) {
            table = try index.moments()
            videos = try index.allVideos()
            decisions = try index.decisions()
        } catch {
            throw .index(error)
        }
        let result = table.withRows {
            (means, variances, logDeterminants, ids) -> Result<DuplicateGroups, DuplicateError> in
            let rows = MomentsRows(
                means: means, variances: variances, logDeterminants: logDeterminants, count: table.count,
                dimension: table.dimension, stride: table.stride,
                largestLogDeterminant: table.largestLogDeterminant)
            let contents = Contents(
                videos: videos, ids: Array(UnsafeBufferPointer(start: ids, count: table.count)),
                decisions: decisions)
            return Result { () throws(DuplicateError) in
                try groups(contents, rows, progress, isCancelled)
            }
        }
        return try result.get()
    }

    private func groups(
        _ contents: Contents, _ rows: MomentsRows, _ progress: @escaping @Sendable (DuplicateProgress) -> Void,
        _ isCancelled: @escaping @Sendable () -> Bool
    ) throws(DuplicateError) -> DuplicateGroups {
        let pairs = try pairs(contents, rows, progress, isCancelled)
        var rejected = 0
        let links = pairs.compactMap { pair -> StarGroups.Link? in
            let (first, second) = (contents.node(ofRow: pair.first), contents.node(ofRow: pair.second))
            if contents.areApart(first, second) {
                rejected += 1
                return nil
            }
            return StarGroups.Link(
                first: min(first, second), second: max(first, second), distance: pair.distance)
        }
        var stars = StarGroups(count: contents.nodes.count, links: links, areApart: contents.areApart)
        let starred = stars.groups()
        var isGrouped = [Bool](repeating: false, count: contents.nodes.count)
        for node in starred.joined() { isGrouped[node] = true }
        // Files of one content that is like no other are a group too.
        let copies = contents.nodes.indices.filter { !isGrouped[$0] && contents.nodes[$0].videos.count > 1 }
        var groups: [DuplicateGroup] = []
        for nodes in starred + copies.map({ [$0] }) {
            if isCancelled() { throw .cancelled }
            groups.append(group(nodes, contents, rows))
        }
        return DuplicateGroups(
            groups: groups.sorted(by: Self.comesFirst), videos: contents.nodes.reduce(0) { $0 + $1.videos.count },
            uninformative: [], rejected: rejected)
    }

    private func pairs(
        _ contents: Contents, _ rows: MomentsRows, _ progress: @escaping @Sendable (DuplicateProgress) -> Void,
        _ isCancelled: @escaping @Sendable () -> Bool
    ) throws(DuplicateError) -> [RowPair] {
        let join = PairJoin(maximumDistance: options.maximumDistance, limit: Self.mostPairs)
        do throws(PairFailure) {
            return try join.pairs(
                in: rows, among: contents.nodes.map(\.row),
                progress: { progress(DuplicateProgress(phase: .comparing, share: $0)) },
                isCancelled: isCancelled)
        } catch {
            switch error {
            case .cancelled: throw .cancelled
            case .tooMany: throw .tooManyPairs(limit: Self.mostPairs)
            case .notFinite(let row):
                let path = contents.video(ofRow: row)?.identity.path ?? index.folder
                throw .index(
                    IndexError(
                        reason: .corrupted, path: path,
                        message: "its moments in the index \(index.folder) are not those of a distribution",
                        hint: "remove the video from the index and index it again"))
            }
        }
    }

    /// A group of these nodes, the centre first.
    private func group(_ nodes: [Int], _ contents: Contents, _ rows: MomentsRows) -> DuplicateGroup {
        let moments = nodes.map { rows.moments(Int(contents.nodes[$0].row)) }
        var largest = 0.0
        for (place, first) in moments.enumerated() {
            for second in moments[(place + 1)...] {
                largest = max(largest, Bhattacharyya.closedForm(first, second))
            }
        }
        let centre = contents.nodes[nodes[0]].videos[0].id
        var members: [DuplicateMember] = []
        for (place, node) in nodes.enumerated() {
            let distance = Bhattacharyya.closedForm(moments[0], moments[place])
            members += contents.nodes[node].videos.map {
                DuplicateMember(video: $0, distance: distance, isKept: false, reason: .laterPath)
            }
        }
        let (kept, reasons) = KeptVideo.choose(members.map(\.video))
        for place in members.indices {
            members[place].isKept = place == kept
            members[place].reason = reasons[place]
        }
        members.sort { a, b in
            a.isKept != b.isKept
                ? a.isKept
                : a.distance != b.distance
                    ? a.distance < b.distance
                    : a.video.identity.path.utf8.lexicographicallyPrecedes(b.video.identity.path.utf8)
        }
        return DuplicateGroup(
            centre: members.firstIndex { $0.video.id == centre } ?? 0, members: members, largestDistance: largest)
    }

    private static func comesFirst(_ a: DuplicateGroup, _ b: DuplicateGroup) -> Bool {
        if a.members.count != b.members.count { return a.members.count > b.members.count }
        if a.largestDistance != b.largestDistance { return a.largestDistance < b.largestDistance }
        return a.members[0].video.identity.path.utf8.lexicographicallyPrecedes(
            b.members[0].video.identity.path.utf8)
    }
}
