import Base
import Library
import Retrieval

/// Groups of videos that share footage, as a page to look at: the one to keep first, and why.
struct DuplicatesReport {
    let response: DuplicatesResponse
    private let pictures: ReportPictures

    /// Decodes the pictures.
    ///
    /// - Throws: `cancelled`.
    init(_ response: DuplicatesResponse, library: VideoLibrary) throws(LibraryError) {
        self.response = response
        let moments = response.groups.flatMap { group in group.members.map { Self.moment($0, group) } }
        pictures = try ReportPictures(moments, from: library)
    }

    var page: ReportPage {
        let shown = response.groups.count
        let all = response.found.groups.count
        let title = all == 1 ? "1 group of duplicates" : "\(all) groups of duplicates"
        var facts = [
            (name: "Videos", value: String(response.found.videos)), (name: "Groups", value: String(all)),
        ]
        if shown < all { facts.append(("Shown", String(shown))) }
        if response.found.rejected > 0 {
            facts.append(("Rejected pairs", String(response.found.rejected)))
        }
        facts.append(("Largest distance", response.maximumDistance.fixed(2)))
        if let score = response.minimumScore {
            facts.append(("Lowest score", score.fixed(2)))
        }
        let groups = response.groups.enumerated().map { group($0.element, number: $0.offset + 1) }
        let list =
            groups.isEmpty
            ? "<p class=\"card empty\">No two videos of the index share footage.</p>"
            : "<ol class=\"matches\">\n\(groups.joined(separator: "\n"))\n</ol>"
        let body = """
            <section class="card query only">
            <div class="words">
            <p class="eyebrow">Duplicates</p>
            <h1>\(title)</h1>
            \(ReportPage.facts(facts))
            </div>
            </section>
            <h2>\(all == 1 ? "The group" : "The groups"), largest first</h2>
            \(list)
            \(uninformative)
            \(Self.explanation)
            """
        return ReportPage(
            title: title, body: body,
            footer: "Made by mixtape duplicates: \(title) among \(response.found.videos) videos.")
    }

    /// The middle of a video; for an excerpt's home, the middle of the part that the excerpt is.
    private static func moment(_ member: DuplicateMember, _ group: DuplicateGroup) -> ReportPictures.Moment {
        let path = member.video.identity.path
        let excerpt = group.members.first { $0.containment?.path == path }
        if let interval = excerpt?.containment?.interval {
            return .init(path, at: (interval.start + interval.stop) / 2)
        }
        return .init(path, at: (member.video.facts.duration ?? 0) / 2)
    }

    private func group(_ group: DuplicateGroup, number: Int) -> String {
        let members = group.members.map { member($0, group) }
        let score = response.lowestScore(in: group).map {
            """
            <div class="score yes">\(ReportPage.meter($0))\
            <span class="small">lowest score of a copy</span></div>
            """
        }
        return """
            <li class="card match">
            <div class="head">
            <span class="rank"><span class="hidden">Group </span>\(number)</span>
            <div><h3>\(group.members.count) videos</h3>\
            <p class="path">largest distance \(group.largestDistance.fixed(2))</p></div>
            \(score ?? "")
            </div>
            <ul class="members">
            \(members.joined(separator: "\n"))
            </ul>
            </li>
            """
    }

    private func member(_ member: DuplicateMember, _ group: DuplicateGroup) -> String {
        let path = HTMLText.path(member.video.identity.path)
        let moment = Self.moment(member, group)
        var facts = [
            (name: "Length", value: member.video.facts.duration.map(TimeText.clock) ?? "unknown"),
            (name: "Picture", value: "\(member.video.facts.width) × \(member.video.facts.height)"),
            (name: "Size", value: Self.size(member.video.identity.size)),
        ]
        if member.distance > 0 || !member.isKept {
            facts.append(("Distance", member.distance.fixed(2)))
        }
        let picture = pictures.figure(
            moment, kind: member.isKept ? "of-query" : "of-match",
            alternative:
                "\(member.isKept ? "The video to keep" : "A duplicate") at \(TimeText.clock(moment.seconds))",
            caption: "at \(TimeText.clock(moment.seconds))")
        return """
            <li\(member.isKept ? " class=\"kept\"" : "")>
            \(picture)
            <p><span class="verdict">\(member.isKept ? "keep" : "duplicate")</span> \
            <span class="small">\(HTMLText.escaped(group.explanation(of: member)))</span></p>
            <p class="name">\(path.name)</p><p class="path">\(path.folder)</p>
            \(ReportPage.facts(facts))
            \(bars(member, group))
            </li>
            """
    }

    /// Where an excerpt lies in the longer video.
    private func bars(_ member: DuplicateMember, _ group: DuplicateGroup) -> String {
        guard let containment = member.containment else { return "" }
        let home = group.members.first { $0.video.identity.path == containment.path }?.video
        let own = member.video.facts.duration ?? containment.interval.duration
        var bars = TimeBars(
            upperDuration: own, lowerDuration: home?.facts.duration,
            pairs: [
                .init(upper: TimeRange(start: 0, stop: own), lower: containment.interval, score: nil)
            ])
        bars.upperName = "This excerpt"
        bars.lowerName = containment.path.split(separator: "/").last.map(String.init) ?? containment.path
        return bars.html
    }

    private var uninformative: String {
        let videos = response.found.uninformative
        if videos.isEmpty { return "" }
        let items = videos.prefix(100).map { video in
            let path = HTMLText.path(video.identity.path)
            return "<li>\(path.name) <span class=\"path\">\(path.folder)</span></li>"
        }
        let rest = videos.count - items.count
        return """
            <details>
            <summary>\(videos.count) \(videos.count == 1 ? "video shows" : "videos show") too little to be compared by their pictures</summary>
            <p class="small">They were only checked for identical files.</p>
            <ul>\(items.joined(separator: "\n"))\(rest > 0 ? "<li>and \(rest) more</li>" : "")</ul>
            </details>
            """
    }

    private static func size(_ bytes: Int64) -> String {
        let value = Double(bytes)
        if value < 1e6 { return "\((value / 1e3).fixed(1)) kB" }
        if value < 1e9 { return "\((value / 1e6).fixed(1)) MB" }
        return "\((value / 1e9).fixed(2)) GB"
    }

    private static let explanation = """
        <details>
        <summary>How to read this page</summary>
        <dl>
        <dt>Group</dt><dd>Videos that share footage with one of them, the one to keep. Every member matches that one, so similarity does not chain.</dd>
        <dt>Keep</dt><dd>A suggestion: the longest, then the largest picture, then the best quality. Nothing was deleted.</dd>
        <dt>Lowest score</dt><dd>The lowest probability that a member shares footage with the one to keep.</dd>
        <dt>Distance</dt><dd>The Bhattacharyya distance to the one to keep: 0 for identical content.</dd>
        </dl>
        </details>
        """
}
