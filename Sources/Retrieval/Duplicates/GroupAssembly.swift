import Distributions
import Indexing

/// Makes groups, as they are shown, of the nodes that were put together.
struct GroupAssembly {
    let contents: Contents
    /// Of whole videos.
    let rows: MomentsRows
    /// Of the pairs that match.
    let evidence: [NodePair: PairEvidence]

    /// A group of these nodes, the centre first.
    func group(_ nodes: [Int]) -> DuplicateGroup {
        var largest = 0.0
        for (place, first) in nodes.enumerated() {
            for second in nodes[(place + 1)...] { largest = max(largest, distance(first, second)) }
        }
        let centre = contents.nodes[nodes[0]].videos[0].id
        var members: [DuplicateMember] = []
        var nodesOfMembers: [Int] = []
        for node in nodes {
            let distance = distance(nodes[0], node)
            for video in contents.nodes[node].videos {
                members.append(
                    DuplicateMember(video: video, distance: distance, isKept: false, reason: .laterPath))
                nodesOfMembers.append(node)
            }
        }
        let (kept, reasons) = KeptVideo.choose(members.map(\.video))
        for place in members.indices {
            members[place].isKept = place == kept
            members[place].reason = reasons[place]
            members[place].containment =
                containment(of: nodesOfMembers[place], in: nodesOfMembers[kept], members[kept].video)
                ?? containment(of: nodesOfMembers[place], in: nodes[0], contents.nodes[nodes[0]].videos[0])
        }
        members.sort { a, b in
            a.isKept != b.isKept
                ? a.isKept
                : a.distance != b.distance
                    ? a.distance < b.distance
                    : a.video.identity.path.utf8.lexicographicallyPrecedes(b.video.identity.path.utf8)
        }
        return DuplicateGroup(
            centre: members.firstIndex { $0.video.id == centre } ?? 0, members: members,
            largestDistance: largest)
    }

    /// Of the parts that correspond, where the two match; else of the two as a whole.
    private func distance(_ a: Int, _ b: Int) -> Double {
        if a == b { return 0 }
        if let found = evidence[NodePair(a, b)] { return found.distance }
        let row = Int(contents.nodes[b].row)
        return Bhattacharyya.closedForm(
            rows.moments(Int(contents.nodes[a].row)), mean: rows.mean(row), variance: rows.variance(row))
    }

    private func containment(of node: Int, in other: Int, _ video: IndexedVideo) -> Containment? {
        let pair = NodePair(node, other)
        guard node != other, let found = evidence[pair], let interval = found.interval,
            found.isFirstShorter == (pair.first == node)
        else { return nil }
        return Containment(path: video.identity.path, interval: interval)
    }

    /// The most members first, then the nearest to each other, then by the kept video's path.
    static func comesFirst(_ a: DuplicateGroup, _ b: DuplicateGroup) -> Bool {
        if a.members.count != b.members.count { return a.members.count > b.members.count }
        if a.largestDistance != b.largestDistance { return a.largestDistance < b.largestDistance }
        return a.members[0].video.identity.path.utf8.lexicographicallyPrecedes(
            b.members[0].video.identity.path.utf8)
    }
}
