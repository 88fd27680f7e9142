import Base
import Indexing

/// An index's videos by content: identical files are compared once. Also holds which pairs of contents were rejected as
/// duplicates.
struct DistinctContents: Sendable {
    /// One content.
    struct Node: Sendable {
        /// Its row in the moments table; of several files, the first by path's.
        var row: UInt32
        /// Its files, by path; one alone where copies of this content were decided to be no match.
        var videos: [IndexedVideo]
        var fingerprint: String { videos[0].identity.fingerprint }
    }

    /// By the path of the first file.
    let nodes: [Node]
    private let nodesOfRows: [Int32]
    private let rejected: Set<Pair>
    /// Whether files of one content in several folders are several nodes.
    private let staysInFolders: Bool

    private struct Pair: Hashable, Sendable {
        var first: String
        var second: String
    }

    /// - Parameters:
    ///   - videos: by path; those without a row were stored meanwhile and are left out.
    ///   - ids: the number of each row's video, ascending.
    init(videos: [IndexedVideo], ids: [Int64], decisions: [PairDecision], staysInFolders: Bool = false) {
        self.staysInFolders = staysInFolders
        rejected = Set(
            decisions.filter { $0.verdict == .notAMatch }.map { Pair(first: $0.first, second: $0.second) })
        var rowsOfVideos: [Int64: UInt32] = [:]
        for (row, id) in ids.enumerated() { rowsOfVideos[id] = UInt32(row) }
        var nodes: [Node] = []
        var known: [String: Int] = [:]
        for video in videos {
            guard let row = rowsOfVideos[video.id] else { continue }
            let fingerprint = video.identity.fingerprint
            // No fingerprint holds a slash.
            let key = fingerprint + (staysInFolders ? Path.folder(of: video.identity.path) : "")
            if let node = known[key] {
                nodes[node].videos.append(video)
                continue
            }
            if !rejected.contains(Pair(first: fingerprint, second: fingerprint)) {
                known[key] = nodes.count
            }
            nodes.append(Node(row: row, videos: [video]))
        }
        var nodesOfRows = [Int32](repeating: -1, count: ids.count)
        for (number, node) in nodes.enumerated() { nodesOfRows[Int(node.row)] = Int32(number) }
        self.nodes = nodes
        self.nodesOfRows = nodesOfRows
    }

    /// The node whose row this is; of a row that was compared.
    func node(ofRow row: UInt32) -> Int { Int(nodesOfRows[Int(row)]) }

    func video(ofRow row: Int) -> IndexedVideo? {
        nodesOfRows[row] < 0 ? nil : nodes[Int(nodesOfRows[row])].videos[0]
    }

    /// Whether two nodes are never one group's, since their folders are others.
    func areInOtherFolders(_ a: Int, _ b: Int) -> Bool {
        func folder(_ node: Int) -> PathKey {
            PathKey(Path.folder(of: nodes[node].videos[0].identity.path))
        }
        return staysInFolders && folder(a) != folder(b)
    }

    /// Whether two nodes were decided to be no match.
    func areApart(_ a: Int, _ b: Int) -> Bool {
        if rejected.isEmpty { return false }
        let decision = PairDecision(nodes[a].fingerprint, nodes[b].fingerprint, decided: 0)
        return rejected.contains(Pair(first: decision.first, second: decision.second))
    }
}
