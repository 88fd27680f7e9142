/// Keeps the `capacity` smallest of the floats offered to it: a heap with the largest kept on top.
struct SmallestFloats: Sendable {
    private(set) var heap: [Float] = []
    let capacity: Int

    init(capacity: Int) {
        precondition(capacity > 0, "nothing to keep")
        self.capacity = capacity
    }

    /// What a float must be below to be kept; ∞ while there is room.
    var threshold: Float { heap.count < capacity ? .infinity : heap[0] }

    mutating func offer(_ value: Float) {
        if heap.count < capacity {
            heap.append(value)
            var child = heap.count - 1
            while child > 0, heap[(child - 1) / 2] < heap[child] {
                heap.swapAt((child - 1) / 2, child)
                child = (child - 1) / 2
            }
        } else if value < heap[0] {
            heap[0] = value
            var parent = 0
            while true {
                var child = 2 * parent + 1
                if child >= heap.count { break }
                if child + 1 < heap.count, heap[child] < heap[child + 1] { child += 1 }
                if heap[child] <= heap[parent] { break }
                heap.swapAt(parent, child)
                parent = child
            }
        }
    }
}
