"""Contests: ours and its peers timed in turns, every round kept on the disk as it ends."""

import json
import os
import statistics

from tool import note

OURS = "ours"


class Unavailable(Exception):
    """A peer, or a row, cannot be measured here; the text says why."""


class Store:
    """The results of a folder: contests and series by key, and what was left out."""

    def __init__(self, path, program):
        """Results of another program are forgotten; `program` tells programs apart."""
        self.path = path
        self.content = {"program": program, "contests": {}, "series": {}, "skipped": {}}
        if path.exists():
            content = json.loads(path.read_text())
            if content.get("program") == program:
                self.content = content
        self.versions = self.content.setdefault("versions", {})

    @property
    def contests(self):
        return self.content["contests"]

    @property
    def series(self):
        return self.content["series"]

    @property
    def skipped(self):
        """Group → lines that say what was left out and why."""
        return self.content["skipped"]

    def forget(self, group):
        for part in (self.contests, self.series):
            for key in [key for key, value in part.items() if value["group"] == group]:
                del part[key]

    def save(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(self.content, indent=1) + "\n")
        os.replace(partial, self.path)


class Contest:
    """One task, ours and some peers.

    An entrant is a function that does the task once and returns the seconds it took, or a pair of seconds and a
    dictionary of remarks (numbers). `amount` and `unit` say how seconds are shown: `amount` things of `unit` in that
    time, or plain milliseconds or seconds.
    """

    def __init__(self, group, title, unit="s", amount=1, settings=None):
        self.group, self.title, self.unit, self.amount = group, title, unit, amount
        self.settings = settings or {}
        self.entrants = {}
        self.closing = []

    def enter(self, name, prepare):
        """`prepare` makes the entrant ready, warm-up included, and returns its function; it may raise Unavailable.
        It is called only where rounds are missing."""
        self.entrants[name] = prepare
        return self

    def close_with(self, action):
        """Called when the contest is over."""
        self.closing.append(action)

    @property
    def key(self):
        return f"{self.group}: {self.title}"

    def hold(self, store, rounds):
        key = self.key
        head = {
            "group": self.group, "title": self.title, "unit": self.unit, "amount": self.amount,
            "settings": self.settings, "names": list(self.entrants),
        }
        kept = store.contests.get(key, {})
        same = all(kept.get(name) == head[name] for name in ("unit", "amount", "settings", "names"))
        if not same:
            kept = {**head, "rounds": [], "remarks": {}, "absent": {}}
        try:
            ready = self.prepare(kept, rounds)
            while OURS in ready and len(ready) > 1 and len(kept["rounds"]) < rounds:
                kept["rounds"].append(self.round(ready, kept))
                store.contests[key] = kept
                store.save()
        finally:
            for action in self.closing:
                action()
        store.contests[key] = kept
        store.save()
        for row in rows(kept):
            note(f"{row.group}: {row.title}: ours {row.ours}, {row.peer} {row.theirs}: {row.ratio:.2f}×")

    def prepare(self, kept, rounds):
        """The entrants' functions; none where every round is there already."""
        done = len(kept["rounds"]) >= rounds
        ready = {}
        # A peer that was absent gets another chance, and then the contest starts again.
        absent = [name for name in self.entrants if not any(name in turn for turn in kept["rounds"])]
        for name in absent if done else self.entrants:
            try:
                ready[name] = self.entrants[name]()
                kept["absent"].pop(name, None)
            except Unavailable as error:
                self.leave_out(name, error, kept)
                if name == OURS:
                    return {}
        if kept["rounds"] and any(name in absent for name in ready):
            kept["rounds"], kept["remarks"] = [], {}
            for name in self.entrants:
                if name not in ready and name not in kept["absent"]:
                    ready[name] = self.entrants[name]()
            # Ours goes first in every round.
            return {name: ready[name] for name in self.entrants if name in ready}
        return {} if done else ready

    def leave_out(self, name, error, kept):
        kept["absent"][name] = str(error)
        note(f"skipped: {self.group}: {self.title}: {name}: {error}")

    def round(self, ready, kept):
        taken = {}
        for name, run in list(ready.items()):
            try:
                result = run()
            except Unavailable as error:
                self.leave_out(name, error, kept)
                del ready[name]
                continue
            seconds, said = result if isinstance(result, tuple) else (result, {})
            taken[name] = seconds
            for label, value in said.items():
                kept["remarks"].setdefault(name, {}).setdefault(label, []).append(value)
        return taken


class Row:
    """Ours against one peer: medians, and the paired ratio (peer's time over ours; above 1: ours is faster)."""

    def __init__(self, contest, peer, has_our_remarks=True):
        self.group, self.title, self.peer = contest["group"], contest["title"], peer
        pairs = [(turn[OURS], turn[peer]) for turn in contest["rounds"] if peer in turn]
        self.rounds = len(pairs)
        self.ours = show(statistics.median(first for first, _ in pairs), contest)
        self.theirs = show(statistics.median(second for _, second in pairs), contest)
        ratios = sorted(second / first for first, second in pairs)
        self.ratio = statistics.median(ratios)
        self.low, self.high = ratios[0], ratios[-1]
        # Each with whose it is: "ours", "theirs".
        self.remarks = []
        for name, whose in ((OURS, "ours"), (peer, "theirs")):
            for label, values in contest["remarks"].get(name, {}).items():
                if name == peer or has_our_remarks:
                    self.remarks.append((whose, label, statistics.median(values)))


def rows(contest):
    """A row a peer; what was remarked of ours stands in the first."""
    peers = [name for name in contest["names"] if name != OURS and any(name in turn for turn in contest["rounds"])]
    return [Row(contest, peer, number == 0) for number, peer in enumerate(peers)]


def show(seconds, contest):
    unit, amount = contest["unit"], contest["amount"]
    if unit == "s":
        return f"{number(seconds)} s"
    if unit == "ms":
        return f"{number(seconds * 1000)} ms"
    return f"{number(amount / seconds)} {unit}/s"


def number(value):
    """Three digits that say something."""
    if value == 0:
        return "0"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"
