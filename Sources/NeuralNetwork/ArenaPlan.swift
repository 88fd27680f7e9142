/// Places arrays of known lifetime in one block of memory: two that live at the same time never overlap.
struct ArenaPlan {
    struct Block {
        let byteCount: Int
        /// The first and last step that touch it.
        let first: Int
        var last: Int
        fileprivate(set) var offset = 0

        init(byteCount: Int, first: Int) {
            self.byteCount = byteCount
            self.first = first
            last = first
        }
    }

    private static let alignment = 64
    private(set) var blocks: [Block] = []

    mutating func add(byteCount: Int, first: Int) -> Int {
        blocks.append(Block(byteCount: byteCount, first: first))
        return blocks.count - 1
    }

    /// The block is still needed at that step.
    mutating func use(_ block: Int, at step: Int) { blocks[block].last = max(blocks[block].last, step) }

    /// Chooses the offsets, the largest block first and each as low as it fits, and returns the size of it all.
    mutating func place() -> Int {
        let order = blocks.indices.sorted { (-blocks[$0].byteCount, $0) < (-blocks[$1].byteCount, $1) }
        var placed: [Int] = []
        var total = 0
        for index in order {
            let block = blocks[index]
            let size = (max(block.byteCount, 1) + Self.alignment - 1) / Self.alignment * Self.alignment
            let rivals = placed.filter { blocks[$0].first <= block.last && block.first <= blocks[$0].last }
                .sorted { blocks[$0].offset < blocks[$1].offset }
            var offset = 0
            for rival in rivals {
                if offset + size <= blocks[rival].offset { break }
                let end = blocks[rival].offset + blocks[rival].byteCount
                offset = max(offset, (end + Self.alignment - 1) / Self.alignment * Self.alignment)
            }
            blocks[index].offset = offset
            placed.append(index)
            total = max(total, offset + size)
        }
        return total
    }
}
