"""Tables as Markdown, the reliability plot as SVG, the lists of what went wrong."""

from svg import Panel, panels
from tool import table

LOOKALIKES, DIVERSE_ROW, ALL = "all look-alikes", "diverse (web)", "all"


def cell(value, digits=3):
    if value is None:
        return "–"
    return f"{value:.{digits}f}" if isinstance(value, float) else str(value)


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
    return table(headings, rows)


def alteration_table(results):
    """Recall of planted copies at the threshold, by alteration, of the rows that sum up."""
    names = [name for name in (LOOKALIKES, DIVERSE_ROW) if name in results]
    parts = {name: results[name]["search"]["recall_by_alteration"] for name in names}
    kinds = sorted({kind for part in parts.values() for kind in part})
    return table(("alteration", *names), [
        [kind, *(f"{part[kind]['found']} of {part[kind]['planted']}" if kind in part else "–"
                 for part in parts.values())] for kind in kinds])


def reliability_table(results):
    """For each bin of the score: how many pairs, and the share of them that is true."""
    names = [name for name in (LOOKALIKES, DIVERSE_ROW, ALL) if name in results]
    bins = [results[name]["search"]["reliability"] for name in names]
    headings = ("score from", *(f"{name}: {what}" for name in names for what in ("pairs", "mean score", "true")))
    return table(headings, [
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
    own = table(
        ("library", *(f"{name}: {what}" for name in judged for what in ("precision", "recall", "wrong"))),
        [[library, *(cell(peer[library][key]) for peer in judged.values()
                     for key in ("precision", "recall", "wrong"))] for library in results])
    return table(headings, rows) + "\n\nAt the peers' own thresholds:\n\n" + own


def reliability_plot(results):
    """SVG: for each row that sums up, how often the pairs of a score are true."""
    curves = [("as it should be", [(0, 0), (1, 1)])]
    for name in (LOOKALIKES, DIVERSE_ROW, ALL):
        if name in results:
            search = results[name]["search"]
            curves.append((f"{name}: error {cell(search['calibration_error'])}", [
                (part["mean_score"], part["true"]) for part in search["reliability"] if part["pairs"]]))
    return panels([[Panel(
        "Reliability of the score", "mean score of a bin", "share of its pairs that is true", curves, "xy")]])


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
