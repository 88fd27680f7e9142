import Distributions
import VideoEncoding

/// Distances of pairs of videos of which it is known whether they share footage.
public struct CalibrationPairs: Sendable, Equatable {
    /// One pair.
    public struct Pair: Sendable, Equatable {
        /// Bhattacharyya distance as `search` prints it.
        public var distance: Double
        /// Whether both show the same footage.
        public var sharesFootage: Bool
        /// What looking at the two said.
        public var verification: Verification

        /// A measured pair.
        public init(distance: Double, sharesFootage: Bool, verification: Verification = .unavailable) {
            self.verification = verification
            self.distance = distance
            self.sharesFootage = sharesFootage
        }
    }
    /// Whether any pair was looked at.
    public var areVerified: Bool { (fitted + heldOut).contains { $0.verification.isAvailable } }
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

    /// Reads a CSV file with the columns `query` (any name), `distance` (a number) and `shares` (0 or 1). Where it has the
    /// columns `verified` (0 or 1) and `change`, `steps`, `detail`, `motion`, `pictures`, `common_change` and `common_detail`, these are what `search` prints of a
    /// match and its agreement, empty where there is none; `speed` may be beside them. Others are not looked at. Every second query by name is held
    /// out, with all its pairs.
    public init(csv text: String, path: String) throws(EvaluationError) {
        let table = try CSVTable(text: text, path: path)
        func failure(_ line: Int, _ problem: String) -> EvaluationError {
            .file(
                path: path, line: line, problem: problem,
                hint: "the first line must name the columns query, distance and shares")
        }
        guard let header = table.rows.first else { throw failure(1, "is empty") }
        func column(_ name: String) throws(EvaluationError) -> Int {
            guard let place = header.fields.firstIndex(of: name) else {
                throw failure(header.line, "has no column \"\(name)\"")
            }
            return place
        }
        let (query, distance, shares) = (try column("query"), try column("distance"), try column("shares"))
        let agreement =
            header.fields.contains("verified")
            ? try [
                "verified", "change", "steps", "detail", "motion", "pictures", "common_change",
                "common_detail",
            ].map(column) : []
        let speed = agreement.isEmpty ? nil : header.fields.firstIndex(of: "speed")
        let rows = table.rows.dropFirst()
        for row in rows where row.fields.count != header.fields.count {
            throw failure(row.line, "has \(row.fields.count) fields, the first line \(header.fields.count)")
        }
        let queries = Set(rows.map { $0.fields[query] }).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let number = Dictionary(uniqueKeysWithValues: queries.enumerated().map { ($1, $0) })
        for row in rows {
            guard let value = Double(row.fields[distance]), value.isFinite, value >= 0 else {
                throw failure(row.line, "\"\(row.fields[distance])\" is not a distance")
            }
            guard row.fields[shares] == "0" || row.fields[shares] == "1" else {
                throw failure(row.line, "\"\(row.fields[shares])\" is neither 0 nor 1")
            }
            guard
                let verification = Self.verification(
                    agreement.map { row.fields[$0] }, speed: speed.map { row.fields[$0] } ?? "1")
            else {
                throw failure(row.line, "has an agreement that is not a number")
            }
            let pair = Pair(
                distance: value, sharesFootage: row.fields[shares] == "1", verification: verification)
            if number[row.fields[query], default: 0] % 2 == 0 {
                fitted.append(pair)
            } else {
                heldOut.append(pair)
            }
        }
        for (name, part) in [("fitted", fitted), ("held-out", heldOut)] {
            guard Set(part.map(\.sharesFootage)).count == 2 else {
                throw failure(1, "the \(name) half lacks pairs that share footage, or pairs that do not")
            }
        }
    }

    /// Of the fields from `verified` on; nil where they are no verification.
    private static func verification(_ fields: [String], speed: String) -> Verification? {
        guard fields.first == "1" else { return .unavailable }
        if fields[1].isEmpty { return .nothingCorresponds }
        let numbers = fields.dropFirst().compactMap(Double.init).filter(\.isFinite)
        guard numbers.count == 7, numbers[3] >= 0, (0...1e6).contains(numbers[4]),
            let speed = Double(speed), speed > 0, speed.isFinite
        else { return nil }
        var agreement = Agreement(
            change: numbers[0], steps: numbers[1], detail: numbers[2], motion: numbers[3],
            pictures: Int(numbers[4]), speed: speed)
        agreement.common.change = numbers[5]
        agreement.common.detail = numbers[6]
        return .agreement(agreement)
    }
}

extension CalibrationPairs.Pair {
    /// What the log odds are a weighted sum of; nil where the two could not be looked at.
    var evidence: [Double]? { VerifiedCalibration.evidence(distance: distance, verification) }
}
