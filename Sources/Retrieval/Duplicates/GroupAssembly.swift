import Indexing

/// Makes groups, as they are shown, of the nodes that were put together.
struct GroupAssembly {
    let contents: DistinctContents
    /// Of the pairs that match.
    let evidence: [NodePair: PairEvidence]
    /// Which video is kept.
    let rules: KeepRules

    /// Of these nodes the one with the video to keep, first, and those that match it. A node that matches another one of them,
    /// but not that one, shows what it lacks.
    func matchingKept(_ nodes: [Int]) -> [Int] {
        let kept = keptNode(nodes)
        return [kept] + nodes.filter { $0 != kept && evidence[NodePair($0, kept)] != nil }
    }

    private func keptNode(_ nodes: [Int]) -> Int {
        let all = nodes.flatMap { node in contents.nodes[node].videos.map { (node: node, video: $0) } }
        return all[KeptVideo.choose(all.map(\.video), rules: rules).kept].node
    }

    /// A group of these nodes, each of which matches the one with the video to keep.
    func group(_ nodes: [Int]) -> DuplicateGroup {
        let keptNode = keptNode(nodes)
        let own = nodes.flatMap { node in contents.nodes[node].videos.map { (node: node, video: $0) } }
        let (kept, reasons) = KeptVideo.choose(own.map(\.video), rules: rules)
        var members: [DuplicateMember] = []
        for (place, (node, video)) in own.enumerated() {
            let found = evidence[NodePair(node, keptNode)]
            members.append(
                DuplicateMember(
                    video: video, distance: node == keptNode ? 0 : found?.distance ?? 0,
                    verification: node == keptNode ? nil : found?.verification,
                    shown: node == keptNode ? 1 : found?.shown ?? 0, isKept: place == kept,
                    reason: reasons[place], containment: containment(of: node, in: keptNode, own[kept].video))
            )
        }
        members.sort { a, b in
            a.isKept != b.isKept
                ? a.isKept
                : a.distance != b.distance
                    ? a.distance < b.distance
                    : a.video.identity.path.utf8.lexicographicallyPrecedes(b.video.identity.path.utf8)
        }
        return DuplicateGroup(members: members)
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
