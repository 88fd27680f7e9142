/// Rows of a table, a bit each.
struct RowSet: Sendable {
    private var words: [UInt64]
    private(set) var count = 0

    init(rowCount: Int) { words = Array(repeating: 0, count: (rowCount + 63) / 64) }

    mutating func insert(_ row: Int) {
        if contains(row) { return }
        words[row >> 6] |= 1 << UInt64(row & 63)
        count += 1
    }

    func contains(_ row: Int) -> Bool { words[row >> 6] >> UInt64(row & 63) & 1 == 1 }
}
