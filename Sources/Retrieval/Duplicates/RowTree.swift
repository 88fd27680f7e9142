internal import CDistance

/// Rows in leaves of near neighbours, by their projections: boxes around them tell that no row of one leaf can be
/// within reach of any of another.
struct RowTree: Sendable {
    /// A leaf or two halves, and the box around their rows.
    private struct Node: Sendable {
        var leaves: Range<Int>
        /// The second half's place; the first half is the next node. 0 for a leaf.
        var second = 0
        /// The largest h.
        var reach: Float
    }

    /// Rows of a leaf, at most; the rest of a leaf's lanes is empty.
    static let leafSize = Int(MIXTAPE_LEAF)

    /// k.
    let width: Int
    /// Places in the bounds' list, leaf after leaf.
    private(set) var order: [Int32] = []
    /// Where each leaf's rows begin in `order`; and the end.
    private(set) var starts: [Int] = [0]
    /// A leaf's projections: k runs of `leafSize` floats; then its reaches, `leafSize` floats, −∞ for an empty lane.
    private(set) var lanes: [Float] = []
    private var nodes: [Node] = []
    /// k lower and k upper ends a node.
    private var boxes: [Float] = []
    private var roots: [Int] = []

    var leafCount: Int { starts.count - 1 }

    init(_ bounds: PairBounds) {
        width = bounds.width
        // Rows of alike reach go together: one video of great variance would else keep its leaf from being ruled out.
        let places = bounds.reaches.indices.sorted { bounds.reaches[$0] < bounds.reaches[$1] }
        var first = 0
        while first < places.count {
            var stop = first + 1
            let limit = 2 * bounds.reaches[places[first]]
            while stop < places.count, bounds.reaches[places[stop]] <= limit { stop += 1 }
            var some = places[first..<stop].map { Int32($0) }
            roots.append(nodes.count)
            add(&some, 0..<some.count, bounds)
            first = stop
        }
    }

    private mutating func add(_ places: inout [Int32], _ range: Range<Int>, _ bounds: PairBounds) {
        let count = bounds.reaches.count
        var low = [Float](repeating: .infinity, count: width)
        var high = [Float](repeating: -.infinity, count: width)
        var reach: Float = 0
        for place in places[range] {
            for i in 0..<width {
                let value = bounds.projections[i * count + Int(place)]
                low[i] = min(low[i], value)
                high[i] = max(high[i], value)
            }
            reach = max(reach, bounds.reaches[Int(place)])
        }
        let number = nodes.count
        nodes.append(Node(leaves: leafCount..<leafCount + 1, reach: reach))
        boxes += low + high
        if range.count <= Self.leafSize {
            return addLeaf(places[range], bounds)
        }
        let axis = (0..<width).max { high[$0] - low[$0] < high[$1] - low[$1] } ?? 0
        let sorted = places[range].sorted {
            let a = bounds.projections[axis * count + Int($0)]
            let b = bounds.projections[axis * count + Int($1)]
            return a != b ? a < b : $0 < $1
        }
        places.replaceSubrange(range, with: sorted)
        // Whole leaves to the left, so that few lanes stay empty.
        let leaves = (range.count + Self.leafSize - 1) / Self.leafSize
        let middle = range.lowerBound + leaves / 2 * Self.leafSize
        let firstLeaf = leafCount
        add(&places, range.lowerBound..<middle, bounds)
        nodes[number].second = nodes.count
        add(&places, middle..<range.upperBound, bounds)
        nodes[number].leaves = firstLeaf..<leafCount
    }

    private mutating func addLeaf(_ places: ArraySlice<Int32>, _ bounds: PairBounds) {
        order += places
        starts.append(order.count)
        let empty = Self.leafSize - places.count
        for i in 0..<width {
            lanes += places.map { bounds.projections[i * bounds.reaches.count + Int($0)] }
            lanes += [Float](repeating: 0, count: empty)
        }
        lanes += places.map { bounds.reaches[Int($0)] }
        lanes += [Float](repeating: -.infinity, count: empty)
    }

    /// Calls `body` with each leaf from number `first` on that may hold a row within reach of a row of the leaf `first`, itself
    /// included.
    func visitLeaves(near first: Int, _ body: (Int) -> Void) {
        var low = [Float](repeating: .infinity, count: width)
        var high = [Float](repeating: -.infinity, count: width)
        let begin = first * (width + 1) * Self.leafSize
        let used = starts[first + 1] - starts[first]
        var reach: Float = 0
        for lane in 0..<used {
            for i in 0..<width {
                let value = lanes[begin + i * Self.leafSize + lane]
                low[i] = min(low[i], value)
                high[i] = max(high[i], value)
            }
            reach = max(reach, lanes[begin + width * Self.leafSize + lane])
        }
        boxes.withUnsafeBufferPointer { boxes in
            for root in roots {
                visit(root, from: first, boxes, low, high, reach, body)
            }
        }
    }

    private func visit(
        _ number: Int, from first: Int, _ boxes: UnsafeBufferPointer<Float>, _ low: [Float],
        _ high: [Float], _ reach: Float, _ body: (Int) -> Void
    ) {
        let node = nodes[number]
        guard node.leaves.upperBound > first else { return }
        var gap: Float = 0
        let box = number * 2 * width
        for i in 0..<width {
            let apart = max(0, boxes[box + i] - high[i], low[i] - boxes[box + width + i])
            gap += apart * apart
        }
        if gap > reach + node.reach { return }
        if node.second == 0 {
            body(node.leaves.lowerBound)
        } else {
            visit(number + 1, from: first, boxes, low, high, reach, body)
            visit(node.second, from: first, boxes, low, high, reach, body)
        }
    }
}
