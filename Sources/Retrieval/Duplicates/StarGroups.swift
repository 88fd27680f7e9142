/// Groups without chaining: every member is linked to its group's centre, and no node is in two groups.
///
/// The video with the most links that are still free becomes a centre (of several such, the one nearest to its neighbours on
/// average, then the first), and those it is linked with its members; then the next among what is left. A chain of
/// likenesses so falls apart where its ends are no longer alike.
package struct StarGroups {
    /// Two nodes that match, and how far apart they are.
    package struct Link: Sendable, Equatable {
        package var first: Int
        package var second: Int
        package var distance: Double

        package init(first: Int, second: Int, distance: Double) {
            self.first = first
            self.second = second
            self.distance = distance
        }
    }

    private var neighbours: [[(node: Int, distance: Double)]]
    private var isFree: [Bool]
    /// Free neighbours of each node.
    private var degrees: [Int]
    private let areApart: (Int, Int) -> Bool

    /// - Parameters:
    ///   - count: nodes, numbered in the order in which ties are broken.
    ///   - links: each pair of nodes at most once.
    ///   - areApart: whether two nodes may not be in one group, whatever they are linked with.
    package init(count: Int, links: [Link], areApart: @escaping (Int, Int) -> Bool = { _, _ in false }) {
        neighbours = Array(repeating: [], count: count)
        isFree = Array(repeating: true, count: count)
        self.areApart = areApart
        for link in links where !areApart(link.first, link.second) {
            neighbours[link.first].append((link.second, link.distance))
            neighbours[link.second].append((link.first, link.distance))
        }
        for node in 0..<count {
            neighbours[node].sort { ($0.distance, $0.node) < ($1.distance, $1.node) }
        }
        degrees = neighbours.map(\.count)
    }

    /// The groups of two or more, in the order in which their centres were chosen; the centre first, then its members from the
    /// nearest on.
    ///
    /// - Parameter refined: which nodes of a group stay together; the others are free for further groups.
    package mutating func groups(refined: ([Int]) -> [Int] = { $0 }) -> [[Int]] {
        var waiting = Array(repeating: [Int](), count: (degrees.max() ?? 0) + 1)
        for (node, degree) in degrees.enumerated() { waiting[degree].append(node) }
        var groups: [[Int]] = []
        for degree in waiting.indices.reversed() where degree > 0 {
            // Those whose degree falls meanwhile wait again, further down.
            let candidates = waiting[degree].map { (node: $0, distance: freeDistance($0)) }
                .sorted { ($0.distance, $0.node) < ($1.distance, $1.node) }
            for (node, _) in candidates where isFree[node] {
                if degrees[node] < degree {
                    waiting[degrees[node]].append(node)
                } else {
                    let group = take(node, refined)
                    if group.count > 1 { groups.append(group) }
                }
            }
        }
        return groups
    }

    private func freeDistance(_ node: Int) -> Double {
        neighbours[node].reduce(0) { isFree[$1.node] ? $0 + $1.distance : $0 }
    }

    private mutating func take(_ centre: Int, _ refined: ([Int]) -> [Int]) -> [Int] {
        var group = [centre]
        for (node, _) in neighbours[centre] where isFree[node] {
            if group.contains(where: { areApart($0, node) }) { continue }
            group.append(node)
        }
        group = refined(group)
        // Else the centre would be chosen again.
        let taken = group.count > 1 ? group : [centre]
        for node in taken {
            isFree[node] = false
            for (other, _) in neighbours[node] { degrees[other] -= 1 }
        }
        return group
    }
}
