/// Rows for people, under a header: the last column is free, the others are as wide as they need and stand to the right.
enum TextTable {
    static func text(_ header: [String], _ rows: [[String]]) -> String {
        let last = header.count - 1
        let widths = (0..<last).map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            let padded = (0..<last).map {
                String(repeating: " ", count: widths[$0] - cells[$0].count) + cells[$0]
            }
            return (padded + [cells[last]]).joined(separator: "  ")
        }
        return ([Terminal.styledForOutput(line(header), .bold)] + rows.map(line)).joined(separator: "\n")
    }
}
