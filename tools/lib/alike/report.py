"""Tables as Markdown, the reliability plot as SVG, the lists of what went wrong."""

from bench.svg import COLOURS, document, line, text

LOOKALIKES, DIVERSE_ROW, ALL = "all look-alikes", "diverse (web)", "all"


def cell(value, digits=3):
    if value is None:
        return "–"
    return f"{value:.{digits}f}" if isinstance(value, float) else str(value)


def markdown(headings, rows):
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def own_table(results):
    """`results` is library → {"search": …, "duplicates": …}."""
    headings = ("library", "true pairs", "precision", "recall", "of planted", "wrong", "recall at .98", "recall@1",
                "cal. error", "µAP", "dup. precision", "dup. recall", "dup. wrong")
    rows = []
    for name, result in results.items():
        search, duplicates = result["search"], result["duplicates"]
        rows.append([name, *(cell(search[key]) for key in (
            "true_pairs", "precision", "recall", "planted_recall", "wrong", "recall_at_98", "recall_at_1",
            "calibration_error", "average_precision")),
            *(cell(duplicates[key]) for key in ("precision", "recall", "wrong"))])
    return markdown(headings, rows)


def alteration_table(results):
    """Recall of planted copies at the threshold, by alteration, of the rows that sum up."""
    names = [name for name in (LOOKALIKES, DIVERSE_ROW) if name in results]
    parts = {name: results[name]["search"]["recall_by_alteration"] for name in names}
    kinds = sorted({kind for part in parts.values() for kind in part})
    return markdown(("alteration", *names), [
        [kind, *(f"{part[kind]['found']} of {part[kind]['planted']}" if kind in part else "–"
                 for part in parts.values())] for kind in kinds])


def reliability_table(results):
    """For each bin of the score: how many pairs, and the share of them that is true."""
    names = [name for name in (LOOKALIKES, DIVERSE_ROW, ALL) if name in results]
    bins = [results[name]["search"]["reliability"] for name in names]
    headings = ("score from", *(f"{name}: {what}" for name in names for what in ("pairs", "mean score", "true")))
    return markdown(headings, [
        [f"{parts[0]['from']:.1f}", *(cell(part[key]) for part in parts for key in ("pairs", "mean_score", "true"))]
        for parts in zip(*bins)])


def peer_table(results, peers):
    """µAP and recall of the program beside the peers, then the peers at their own thresholds."""
    headings = ["library"]
    for what in ("µAP", "recall at .98", "recall@1"):
        headings += [f"{what}: {name}" for name in ("mixtape", *peers)]
    rows = []
    for library, result in results.items():
        row = [library]
        for key in ("average_precision", "recall_at_98", "recall_at_1"):
            row += [cell(result["search"][key])] + [cell(peer[library][key]) for peer in peers.values()]
        rows.append(row)
    judged = {name: peer for name, peer in peers.items() if "precision" in peer[ALL]}
    own = markdown(
        ("library", *(f"{name}: {what}" for name in judged for what in ("precision", "recall", "wrong"))),
        [[library, *(cell(peer[library][key]) for peer in judged.values()
                     for key in ("precision", "recall", "wrong"))] for library in results])
    return markdown(headings, rows) + "\n\nAt the peers' own thresholds:\n\n" + own


def reliability_plot(results):
    """SVG: for each row that sums up, how often the pairs of a score are true."""
    left, top, size = 60, 50, 400

    def place(x, y):
        return left + size * x, top + size * (1 - y)

    parts = [text(left, 28, "Reliability of the score", 16, weight="bold")]
    for tick in range(0, 11, 2):
        x, y = place(tick / 10, tick / 10)
        parts += [line(left, y, left + size, y), line(x, top, x, top + size),
                  text(left - 8, y + 4, f"{tick / 10:g}", 11, "end"),
                  text(x, top + size + 16, f"{tick / 10:g}", 11, "middle")]
    parts += [line(*place(0, 0), *place(1, 1), "#868e96"),
              text(left + size / 2, top + size + 36, "mean score of a bin", 12, "middle"),
              text(left, top - 6, "share of its pairs that is true", 12)]
    names = [name for name in (LOOKALIKES, DIVERSE_ROW, ALL) if name in results]
    for number, name in enumerate(names):
        colour = COLOURS[number % len(COLOURS)]
        search = results[name]["search"]
        points = [(*place(part["mean_score"], part["true"]), part["pairs"])
                  for part in search["reliability"] if part["pairs"]]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
        parts.append(f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2'/>")
        for x, y, pairs in points:
            parts.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='4' fill='{colour}'>"
                         f"<title>{pairs} pairs</title></circle>")
        parts.append(text(left + 12, top + 20 + 18 * number,
                          f"{name}: error {cell(search['calibration_error'])}", 12, colour=colour))
    return document(left + size + 30, top + size + 50, parts)


def wrong_and_missed(rows, questions):
    """The pairs said to share footage that do not, and the true ones that were not said to, with what was said."""
    def facts(row):
        return {"query": row.query, "target": row.target, "distance": row.distance, "score": row.score, **row.extra}

    wrong = sorted((row for row in rows if row.shares and row.truth == 0),
                   key=lambda row: (-(row.score or 0), row.distance, row.query, row.target))
    seen = {(row.query, row.target): row for row in rows if row.truth == 1}
    missed = []
    for query, targets in questions.wanted.items():
        for target in targets:
            row = seen.get((query, target))
            if row is None or not row.shares:
                what = questions.planted.get(query, (None, "mirrored original"))[1]
                missed.append({"query": query, "target": target, "alteration": what,
                               **(facts(row) if row else {"score": None})})
    return [facts(row) for row in wrong], missed
