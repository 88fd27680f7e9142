"""What is counted: precision, recall, average precision, calibration. Pairs that count as neither take no part."""

BINS = 10
HIGH_PRECISION = 0.98


class Questions:
    """What the queries of one or more libraries should find.

    `wanted` is query → true targets; `planted` is copy → (the original it was made from, alteration).
    """

    def __init__(self, wanted, planted):
        self.wanted, self.planted = wanted, planted

    @classmethod
    def of(cls, library):
        originals = {member.path for member in library.originals}
        wanted = {query: [path for path in library.partners(query) if path in originals] for query in library.members}
        planted = {member.path: (member.original, member.alteration) for member in library.copies}
        return cls(wanted, planted)

    @classmethod
    def union(cls, parts):
        return cls({query: paths for part in parts for query, paths in part.wanted.items()},
                   {copy: made for part in parts for copy, made in part.planted.items()})

    @property
    def true_pairs(self):
        return sum(map(len, self.wanted.values()))


def ratio(part, whole):
    return part / whole if whole else None


def ranking(rows, key):
    """(right, wrong) of each group of equals, best first."""
    groups = {}
    for row in rows:
        if row.truth is not None:
            counts = groups.setdefault(key(row), [0, 0])
            counts[0 if row.truth else 1] += 1
    return [groups[place] for place in sorted(groups)]


def by_score(row):
    return -(row.score if row.score is not None else -2.0)


def by_score_and_distance(row):
    return (by_score(row), row.distance)


def micro_average_precision(rows, total):
    """Average precision of all named pairs in one list; recall is counted over all true pairs."""
    right = named = area = 0
    for good, bad in ranking(rows, by_score_and_distance):
        right, named = right + good, named + good + bad
        area += good * right / named
    return ratio(area, total)


def recall_at_precision(rows, total, key, precision=HIGH_PRECISION):
    """The largest recall of any threshold that is this precise."""
    right = named = best = 0
    for good, bad in ranking(rows, key):
        right, named = right + good, named + good + bad
        if named and right / named >= precision:
            best = right
    return ratio(best, total)


def recall_at_1(rows, planted):
    """How many copies have a video of their family first. Pairs that count as neither are passed over."""
    first = {}
    for row in rows:
        if row.query in planted and row.truth is not None:
            first.setdefault(row.query, row.truth)
    return ratio(sum(first.values()), len(planted))


def reliability(rows):
    """For each of the equal bins of the score: pairs, their mean score, the share of them that is true."""
    bins = [[0, 0.0, 0] for _ in range(BINS)]
    for row in rows:
        if row.truth is not None and row.score is not None:
            place = min(BINS - 1, int(row.score * BINS))
            bins[place][0] += 1
            bins[place][1] += row.score
            bins[place][2] += row.truth
    return [{"from": place / BINS, "pairs": count, "mean_score": ratio(total, count), "true": ratio(right, count)}
            for place, (count, total, right) in enumerate(bins)]


def calibration_error(bins):
    """The expected calibration error: how far mean score and truth are apart, weighed by pairs."""
    known = [part for part in bins if part["pairs"]]
    return ratio(sum(part["pairs"] * abs(part["mean_score"] - part["true"]) for part in known),
                 sum(part["pairs"] for part in known))


def measure_search(rows, questions, calibrated=True):
    """All numbers of the search, for the rows of these queries."""
    total = questions.true_pairs
    said = [row for row in rows if row.shares and row.truth is not None]
    right = sum(row.truth for row in said)
    judged = any(row.shares is not None for row in rows)
    found = {row.query for row in said
             if row.query in questions.planted and row.target == questions.planted[row.query][0]}
    result = {
        "queries": len(questions.wanted), "planted": len(questions.planted), "true_pairs": total, "rows": len(rows),
        "recall_at_98": recall_at_precision(rows, total, by_score),
        "recall_at_98_with_distance": recall_at_precision(rows, total, by_score_and_distance),
        "recall_at_1": recall_at_1(rows, questions.planted),
        "average_precision": micro_average_precision(rows, total),
    }
    if judged:
        result.update({
            "said": len(said), "wrong": len(said) - right,
            # Nothing said is nothing wrong.
            "precision": right / len(said) if said else 1.0, "recall": ratio(right, total),
            "planted_recall": ratio(len(found), len(questions.planted)),
            "recall_by_alteration": by_alteration(found, questions),
        })
    if calibrated:
        bins = reliability(rows)
        result.update({"calibration_error": calibration_error(bins), "reliability": bins})
    return result


def by_alteration(found, questions):
    counts = {}
    for copy, (_, alteration) in questions.planted.items():
        count = counts.setdefault(alteration, [0, 0])
        count[0] += copy in found
        count[1] += 1
    return {alteration: {"found": part, "planted": whole} for alteration, (part, whole) in sorted(counts.items())}


def measure_duplicates(library, pairs):
    """Pairs of one group against the true pairs."""
    true = library.true_pairs()
    wrong = sorted(pair for pair in pairs if library.truth(*pair) == 0)
    right = pairs & true
    return {"true_pairs": len(true), "right": len(right), "wrong": len(wrong),
            "wrong_pairs": wrong, "missed_pairs": sorted(true - pairs)}


def sum_duplicates(parts):
    return {key: sum(part[key] for part in parts) for key in ("true_pairs", "right", "wrong")}


def with_ratios(duplicates):
    named = duplicates["right"] + duplicates["wrong"]
    return {**duplicates, "precision": duplicates["right"] / named if named else 1.0,
            "recall": ratio(duplicates["right"], duplicates["true_pairs"])}
