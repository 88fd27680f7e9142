import Base
import Library
import Retrieval

/// Shows a search for duplicates: its progress on standard error, its groups as a table.
struct DuplicatesDisplay: Sendable {
    private let line = StatusLine(admitsFirst: false)

    @Sendable func show(_ progress: DuplicateProgress) {
        guard line.isDue() else { return }
        let work =
            switch progress.phase {
            case .reading: "reading clips"
            case .comparing: "comparing videos"
            case .aligning: "aligning the nearest"
            }
        line.show("\(work), \(Int(progress.share * 100)) %", share: progress.share)
    }

    /// Takes the redrawn line away.
    func clear() { line.clear() }

    /// A paragraph a group: how alike its least alike members are, then the one to keep and the others.
    static func table(_ response: DuplicatesResponse) -> String {
        response.groups.enumerated().map { number, group in
            paragraph(number + 1, group, response)
        }.joined(separator: "\n\n")
    }

    /// A paragraph for each video that others look like.
    static func similar(_ response: DuplicatesResponse) -> String {
        response.found.similar.map { group in
            let title =
                "similar, not the same: \(Terminal.printable(group.centre.identity.path)) and "
                + "\(group.others.count) more"
            let lines = group.others.map { other in
                "  \(other.distance.fixed(3))  "
                    + Terminal.printable(other.video.identity.path)
            }
            return ([Terminal.styledForOutput(title, .bold)] + lines).joined(separator: "\n")
        }.joined(separator: "\n\n")
    }

    private static func paragraph(
        _ number: Int, _ group: DuplicateGroup, _ response: DuplicatesResponse
    ) -> String {
        let likeness =
            response.lowestScore(in: group).map { "score \($0.fixed(2)) or more" }
            ?? "distance \(group.largestDistance.fixed(3)) or less"
        let title = "group \(number): \(group.members.count) videos, \(likeness)"
        let rows = group.members.map { member -> [String] in
            [
                member.isKept ? "keep" : "",
                response.score(of: member).map { $0.fixed(2) }
                    ?? member.distance.fixed(3),
                member.video.facts.duration.map(TimeText.clock) ?? "?",
                "\(member.video.facts.width)×\(member.video.facts.height)",
                Terminal.printable(member.video.identity.path),
            ]
        }
        let lines = zip(group.members, TextTable.lines(rows, leftAligned: 1)).map { member, line in
            "  \(line)  (\(remark(member, in: group)))"
        }
        return ([Terminal.styledForOutput(title, .bold)] + lines).joined(separator: "\n")
    }

    private static func remark(_ member: DuplicateMember, in group: DuplicateGroup) -> String {
        guard let containment = member.containment else { return group.explanation(of: member) }
        let name = containment.path.split(separator: "/").last.map(String.init) ?? containment.path
        return "\(group.explanation(of: member)); \(TimeText.clock(containment.interval.start))–"
            + "\(TimeText.clock(containment.interval.stop)) of \(Terminal.printable(name))"
    }
}
