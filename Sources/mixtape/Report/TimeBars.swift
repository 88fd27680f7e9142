import Base

/// Two time lines, one above the other, and bands between the parts that correspond.
struct TimeBars {
    /// Parts of both videos that show the same.
    struct Pair {
        var upper: TimeRange
        var lower: TimeRange
        var score: Double?
    }

    /// Seconds of the videos; what is not known is taken from the parts.
    let upperDuration: Double?
    let lowerDuration: Double?
    /// Best first; empty where only the videos as wholes were compared.
    let pairs: [Pair]
    /// What the lines are called.
    var upperName = "Query"
    var lowerName = "Match"
    /// The part of the upper video that was asked for.
    var asked: TimeRange?

    /// More would be a carpet.
    private static let mostPairs = 40
    private static let mostLines = 8

    var html: String {
        let upper = length(upperDuration, pairs.map(\.upper.stop))
        let lower = length(lowerDuration, pairs.map(\.lower.stop))
        let drawn = pairs.prefix(Self.mostPairs)
        let wholes = [
            Pair(
                upper: asked.map { clamped($0, upper) } ?? TimeRange(start: 0, stop: upper),
                lower: TimeRange(start: 0, stop: lower), score: nil)
        ]
        let kind = pairs.isEmpty ? " whole" : ""
        // The best lies on top.
        let shapes = (pairs.isEmpty ? wholes[...] : drawn).reversed().map { pair in
            shape(pair, upper, lower)
        }
        return """
            <div class="bars\(kind)">
            <p class="ends"><span>\(HTMLText.escaped(upperName))</span><span>\(TimeText.clock(upper))</span></p>
            <svg viewBox="0 0 1000 56" preserveAspectRatio="none" role="img" aria-label="\(HTMLText.escaped(words))">
            <rect class="line" x="0" y="0" width="1000" height="10" rx="3" />
            <rect class="line" x="0" y="46" width="1000" height="10" rx="3" />
            \(shapes.joined(separator: "\n"))
            </svg>
            <p class="ends"><span>\(HTMLText.escaped(lowerName))</span><span>\(TimeText.clock(lower))</span></p>
            \(list)
            </div>
            """
    }

    private func length(_ duration: Double?, _ ends: [Double]) -> Double {
        max(duration ?? 0, ends.filter(\.isFinite).max() ?? 0, 0.001)
    }

    private func clamped(_ range: TimeRange, _ length: Double) -> TimeRange {
        TimeRange(start: min(max(0, range.start), length), stop: min(max(0, range.stop), length))
    }

    private func shape(_ pair: Pair, _ upperLength: Double, _ lowerLength: Double) -> String {
        let (a, b) = place(pair.upper, upperLength)
        let (c, d) = place(pair.lower, lowerLength)
        let opacity = (0.35 + 0.65 * (pair.score ?? 1)).fixed(2)
        func x(_ value: Double) -> String { value.fixed(1) }
        return """
            <g opacity="\(opacity)"><polygon class="band" points="\(x(a)),10 \(x(b)),10 \(x(d)),46 \(x(c)),46" />\
            <rect class="upper" x="\(x(a))" y="0" width="\(x(b - a))" height="10" rx="3" />\
            <rect class="lower" x="\(x(c))" y="46" width="\(x(d - c))" height="10" rx="3" /></g>
            """
    }

    /// In thousandths of the line; five of them at least, so that seconds of a film are seen.
    private func place(_ range: TimeRange, _ length: Double) -> (Double, Double) {
        let range = clamped(range, length)
        let start = min(1000 * range.start / length, 995)
        return (start, min(1000, max(start + 5, 1000 * range.stop / length)))
    }

    /// The same in words, for those who do not see the lines.
    private var words: String {
        guard let best = pairs.first else { return "The whole videos were compared." }
        let more = pairs.count > 1 ? ", and \(pairs.count - 1) more" : ""
        return
            "\(upperName) \(span(best.upper)) corresponds to \(lowerName.lowercased()) \(span(best.lower))\(more)."
    }

    private func span(_ range: TimeRange) -> String {
        "\(TimeText.clock(range.start))–\(TimeText.clock(range.stop))"
    }

    private var list: String {
        if pairs.isEmpty { return "" }
        let lines = pairs.prefix(Self.mostLines).map { pair in
            let score =
                pair.score.map { "<span class=\"small\">score \($0.fixed(2))</span>" }
                ?? ""
            return """
                <li><span class="q">\(span(pair.upper))</span> <span aria-hidden="true">↔</span> \
                <span class="t">\(span(pair.lower))</span> \(score)</li>
                """
        }
        let rest = pairs.count - lines.count
        let more = rest > 0 ? "<li class=\"small\">and \(rest) more</li>" : ""
        return "<ol class=\"segments\">\(lines.joined(separator: "\n"))\(more)</ol>"
    }
}
