import Base
import Library
import Retrieval

/// A ranking for people.
enum SearchTable {
    /// The column of scores is there where the model has any, that of parts where any match has one.
    static func text(_ response: SearchResponse) -> String {
        if response.matches.isEmpty { return "no matches" }
        let hasScores = response.calibration != nil
        let hasParts = response.matches.contains { !$0.segments.isEmpty }
        let rows = response.matches.map { match in
            let score = response.score(of: match).map { [$0.fixed(2)] } ?? []
            return [String(match.rank)] + score + [
                match.distance.fixed(3),
                match.video.facts.duration.map(TimeText.clock) ?? "?",
            ] + (hasParts ? [part(match)] : []) + [Terminal.printable(match.video.identity.path)]
        }
        let header =
            ["rank"] + (hasScores ? ["score"] : []) + ["distance", "duration"] + (hasParts ? ["part"] : [])
            + ["path"]
        return TextTable.text(header, rows)
    }

    /// Where the best segment lies in the match.
    private static func part(_ match: Match) -> String {
        match.segments.first.map { "\(TimeText.clock($0.target.start))–\(TimeText.clock($0.target.stop))" }
            ?? ""
    }
}
