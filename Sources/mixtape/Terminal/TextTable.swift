/// Rows for people: the last column is free, the others are as wide as they need and stand to the right.
enum TextTable {
    /// The rows under a header.
    static func text(_ header: [String], _ rows: [[String]]) -> String {
        let lines = lines([header] + rows)
        return ([Terminal.styledForOutput(lines[0], .bold)] + lines.dropFirst()).joined(separator: "\n")
    }

    /// - Parameter leftAligned: so many of the first columns stand to the left.
    static func lines(_ rows: [[String]], leftAligned: Int = 0) -> [String] {
        let last = (rows.first?.count ?? 1) - 1
        let widths = (0..<last).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = (0..<last).map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return column < leftAligned ? row[column] + padding : padding + row[column]
            }
            return (cells + [row[last]]).joined(separator: "  ")
        }
    }
}
