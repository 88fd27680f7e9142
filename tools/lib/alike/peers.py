"""Asks the peers the same questions, and measures their answers as the program's are measured."""

from alike.asking import LIMIT, Found
from alike.measures import Questions, measure_search
from tool import ask


def ask_peers(libraries, python, weights, work, jobs):
    """Peer → {"threshold", "failed", "rows": kind → rows}; see alike_peers.py."""
    questions = [{"kind": library.kind, "references": [member.path for member in library.originals],
                  "queries": [member.path for member in library.copies + library.originals]}
                 for library in libraries]
    answers = ask(python, "alike_peers.py", questions, "--cache", work / "features", "--jobs", jobs, "--limit",
                  LIMIT, *(["--sscd", weights] if weights else []))
    for answer in answers.values():
        threshold = answer["threshold"]
        answer["rows"] = {
            library.kind: [Found(query, target, 0.0, score, None if threshold is None else score >= threshold,
                                 library.truth(query, target))
                           for query, target, score in answer["rows"][library.kind]]
            for library in libraries}
    return answers


def measure_peers(answers, groups):
    """Peer → name of a group of libraries → numbers. `groups` is name → [library]."""
    return {
        peer: {name: measure_search([row for library in libraries for row in answer["rows"][library.kind]],
                                    Questions.union([Questions.of(library) for library in libraries]),
                                    calibrated=False)
               for name, libraries in groups.items()}
        for peer, answer in answers.items()}
