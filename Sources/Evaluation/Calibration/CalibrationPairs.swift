/// Distances of pairs of videos of which it is known whether they share footage.
public struct CalibrationPairs: Sendable, Equatable {
    /// One pair.
    public struct Pair: Sendable, Equatable {
        /// Bhattacharyya distance as `search` prints it.
        public var distance: Double
        /// Whether both show the same footage.
        public var sharesFootage: Bool

        /// A measured pair.
        public init(distance: Double, sharesFootage: Bool) {
            self.distance = distance
            self.sharesFootage = sharesFootage
        }
    }
    /// To fit on.
    public var fitted: [Pair] = []
    /// To measure on; no query is in both.
    public var heldOut: [Pair] = []

    /// Pairs that are divided already.
    public init(fitted: [Pair] = [], heldOut: [Pair] = []) {
        self.fitted = fitted
        self.heldOut = heldOut
    }

    /// Reads a file; see `init(csv:path:)`.
    public init(contentsOf path: String) throws(EvaluationError) {
        try self.init(csv: try EvaluationError.text(ofFile: path), path: path)
    }

    /// Reads a CSV file with the columns `query` (any name), `distance` (a number) and `shares` (0 or 1); others are
    /// not looked at. Every second query by name is held out, with all its pairs.
    public init(csv text: String, path: String) throws(EvaluationError) {
        let table = try CSVTable(text: text, path: path)
        func failure(_ line: Int, _ problem: String) -> EvaluationError {
            .file(
                path: path, line: line, problem: problem,
                hint: "expected a first line with the columns query, distance and shares")
        }
        guard let header = table.rows.first else { throw failure(1, "is empty") }
        func column(_ name: String) throws(EvaluationError) -> Int {
            guard let place = header.fields.firstIndex(of: name) else {
                throw failure(header.line, "has no column \"\(name)\"")
            }
            return place
        }
        let (query, distance, shares) = (try column("query"), try column("distance"), try column("shares"))
        let rows = table.rows.dropFirst()
        for row in rows where row.fields.count != header.fields.count {
            throw failure(row.line, "has \(row.fields.count) fields, the first line \(header.fields.count)")
        }
        let queries = Set(rows.map { $0.fields[query] }).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let number = Dictionary(uniqueKeysWithValues: queries.enumerated().map { ($1, $0) })
        for row in rows {
            guard let value = Double(row.fields[distance]), value.isFinite, value >= 0 else {
                throw failure(row.line, "\"\(row.fields[distance])\" is no distance")
            }
            guard row.fields[shares] == "0" || row.fields[shares] == "1" else {
                throw failure(row.line, "\"\(row.fields[shares])\" is neither 0 nor 1")
            }
            let pair = Pair(distance: value, sharesFootage: row.fields[shares] == "1")
            if number[row.fields[query], default: 0] % 2 == 0 {
                fitted.append(pair)
            } else {
                heldOut.append(pair)
            }
        }
        for (name, part) in [("fitted", fitted), ("held-out", heldOut)] {
            guard Set(part.map(\.sharesFootage)).count == 2 else {
                throw failure(1, "the \(name) half has not both kinds of pairs")
            }
        }
    }
}
