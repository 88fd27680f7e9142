import Base
import Library
import Retrieval

/// What searches found, as a page to look at: both ends of every match, side by side.
struct SearchReport {
    let responses: [SearchResponse]
    private let pictures: ReportPictures

    /// Decodes the pictures.
    ///
    /// - Throws: `cancelled`.
    init(_ responses: [SearchResponse], library: VideoLibrary) throws(LibraryError) {
        self.responses = responses
        let moments = responses.flatMap { response in
            [Self.moment(ofQuery: response)] + Self.examples(response).map(\.moment)
                + response.matches.flatMap {
                    [Self.moments($0, response).query, Self.moments($0, response).match]
                }
        }
        pictures = try ReportPictures(moments, from: library)
    }

    var page: ReportPage {
        let title =
            responses.count == 1
            ? "Videos like \(Self.name(responses[0].query.path))" : "Matches of \(responses.count) videos"
        let count = responses.reduce(0) { $0 + $1.matches.count }
        var sections = responses.enumerated().map { section($0.element, number: $0.offset) }
        if responses.count != 1 { sections.insert("<h1>\(HTMLText.escaped(title))</h1>", at: 0) }
        return ReportPage(
            title: title, body: sections.joined(separator: "\n") + "\n" + Self.explanation,
            footer: "Made by mixtape search: \(count) \(count == 1 ? "match" : "matches").")
    }

    // MARK: - Moments

    /// What two pictures of a match show: the middles of what corresponds best.
    private static func moments(
        _ match: Match, _ response: SearchResponse
    ) -> (query: ReportPictures.Moment, match: ReportPictures.Moment) {
        if let best = pairs(match, response).first {
            return (
                .init(response.query.path, at: (best.upper.start + best.upper.stop) / 2),
                .init(match.video.identity.path, at: (best.lower.start + best.lower.stop) / 2)
            )
        }
        return (
            moment(ofQuery: response),
            .init(match.video.identity.path, at: (match.video.facts.duration ?? 0) / 2)
        )
    }

    private static func moment(ofQuery response: SearchResponse) -> ReportPictures.Moment {
        let query = response.query
        let start = query.range?.start ?? 0
        let stop = min(query.range?.stop ?? .infinity, query.duration ?? start)
        return .init(query.path, at: (start + max(start, stop)) / 2)
    }

    private static func examples(
        _ response: SearchResponse
    ) -> [(moment: ReportPictures.Moment, kind: String)] {
        response.query.like.map { (.init($0, at: 0), "and like") }
            + response.query.unlike.map { (.init($0, at: 0), "but not like") }
    }

    /// What of both videos corresponds, best first.
    private static func pairs(_ match: Match, _ response: SearchResponse) -> [TimeBars.Pair] {
        match.segments.map {
            TimeBars.Pair(upper: $0.query, lower: $0.target, score: response.score(of: $0, in: match))
        }
    }

    // MARK: - Markup

    private func section(_ response: SearchResponse, number: Int) -> String {
        let isOnly = responses.count == 1
        let heading = isOnly ? "h1" : "h2"
        let count = isOnly ? "h2" : "p class=\"count\""
        let query = response.query
        let path = HTMLText.path(query.path)
        let moment = Self.moment(ofQuery: response)
        var facts = [(name: "Length", value: query.duration.map(TimeText.clock) ?? "unknown")]
        if let range = query.range {
            let stop = range.stop.isFinite ? TimeText.clock(range.stop) : "its end"
            facts.append(("Part", "\(TimeText.clock(range.start)) to \(stop)"))
        }
        facts += [
            ("Clips", String(query.clips)), ("Uncertainty", query.uncertainty.fixed(2)),
        ]
        let picture = pictures.figure(
            moment, kind: "of-query", alternative: "The query at \(TimeText.clock(moment.seconds))",
            caption: "at \(TimeText.clock(moment.seconds))")
        let examples = Self.examples(response).map {
            pictures.figure(
                $0.moment, kind: "of-query", alternative: "The example \(Self.name($0.moment.path))",
                caption: "\($0.kind) \(Self.name($0.moment.path))")
        }
        let more = examples.isEmpty ? "" : "<div class=\"examples\">\(examples.joined(separator: "\n"))</div>"
        let matches =
            response.matches.isEmpty
            ? "<p class=\"card empty\">No video of the index matches.</p>"
            : "<ol class=\"matches\">\n\(response.matches.map { match($0, response) }.joined(separator: "\n"))\n</ol>"
        return """
            <section aria-labelledby="query\(number)">
            <div class="card query">
            \(picture)
            <div class="words">
            <p class="eyebrow">Query</p>
            <\(heading) id="query\(number)" class="title">\(path.name)</\(heading)>
            <p class="path">\(path.folder)</p>
            \(ReportPage.facts(facts))
            \(query.isTooEmpty ? Self.emptiness : "")
            \(more)
            </div>
            </div>
            <\(count)>\(Self.count(response.matches.count))</\(isOnly ? "h2" : "p")>
            \(matches)
            </section>
            """
    }

    private static func count(_ count: Int) -> String {
        count == 1 ? "1 match" : "\(count) matches, nearest first"
    }

    private func match(_ match: Match, _ response: SearchResponse) -> String {
        let path = HTMLText.path(match.video.identity.path)
        let moments = Self.moments(match, response)
        var facts = [
            (name: "Distance", value: match.distance.fixed(2)),
            (name: "Uncertainty", value: match.uncertainty.fixed(2)),
            (name: "Length", value: match.video.facts.duration.map(TimeText.clock) ?? "unknown"),
            (name: "Picture", value: "\(match.video.facts.width) × \(match.video.facts.height)"),
        ]
        if !response.query.unlike.isEmpty {
            facts.insert(("Penalty", match.penalty.fixed(2)), at: 1)
        }
        if match.view != .plain { facts.append(("Query seen", match.view.words)) }
        var bars = TimeBars(
            upperDuration: response.query.duration, lowerDuration: match.video.facts.duration,
            pairs: Self.pairs(match, response))
        bars.asked = response.query.range
        let figures = [(moments.query, "of-query", "Query"), (moments.match, "of-match", "Match")].map {
            pictures.figure(
                $0.0, kind: $0.1, alternative: "The \($0.2.lowercased()) at \(TimeText.clock($0.0.seconds))",
                caption: "\($0.2) at \(TimeText.clock($0.0.seconds))")
        }
        return """
            <li class="card match">
            <div class="head">
            <span class="rank"><span class="hidden">Rank </span>\(match.rank)</span>
            <div><h3>\(path.name)</h3><p class="path">\(path.folder)</p></div>
            \(Self.score(match, response))
            </div>
            <div class="pair">
            \(figures.joined(separator: "\n"))
            </div>
            <div class="side">
            \(bars.html)
            \(ReportPage.facts(facts))
            </div>
            </li>
            """
    }

    private static func score(_ match: Match, _ response: SearchResponse) -> String {
        guard let score = response.score(of: match) else {
            return "<div class=\"score\"><span class=\"verdict\">no score</span></div>"
        }
        let shares = response.sharesFootage(match) == true
        return """
            <div class="score\(shares ? " yes" : "")">\(ReportPage.meter(score))\
            <span class="verdict">\(shares ? "shares footage" : "below threshold")</span></div>
            """
    }

    private static func name(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    private static let emptiness = """
        <p class="note">The query shows next to nothing, such as black or noise, so its matches mean little.</p>
        """

    private static let explanation = """
        <details>
        <summary>How to read this page</summary>
        <dl>
        <dt>Score</dt><dd>The probability that both videos share footage. Videos at or above the model's threshold are marked; the \
        others are only the nearest.</dd>
        <dt>Distance</dt><dd>The Bhattacharyya distance between both videos' distributions: 0 for the video itself, larger for \
        less similar videos.</dd>
        <dt>Uncertainty</dt><dd>The mean logarithm of a video's variances. Larger (closer to 0) means less certain, as with dark, \
        blurred or empty pictures.</dd>
        <dt>Time lines</dt><dd>The query above, the match below, each over its own length. Bands join corresponding parts.</dd>
        </dl>
        </details>
        """
}

extension PictureView {
    /// How it is said to people.
    fileprivate var words: String {
        var words: [String] = []
        if region != .whole {
            func percent(_ share: Double) -> String { "\(Int((100 * share).rounded())) %" }
            words.append(
                "\(percent(region.width)) × \(percent(region.height)) of its picture, from \(percent(region.x)), "
                    + percent(region.y))
        }
        if quarterTurns != 0 { words.append("turned by \(90 * quarterTurns)°") }
        if isInverted { words.append("inverted") }
        return words.joined(separator: ", ")
    }
}
