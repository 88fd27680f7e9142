"""Commands that write an index."""

import json
import re
import shutil
import sqlite3
from pathlib import Path

from faults.bench import VIDEOS, Command, is_done, options
from tool import Failure

# How far a run is, as it says on a terminal. Files that failed are among those that are done.
PROGRESS = re.compile(r"(\d+)/\d+ files(?:, [\d.]+ a second)?(?:, (\d+) failed)?")
# Milliseconds. A run says ten times a second how many files it has stored, and stores six tiny ones in less: it gets the time
# to say so before a call goes wrong, or, to be killed from outside, between one file and the next.
PAUSE_OF_CALL, PAUSE_OF_SYNCS = 250, 60
NEWEST_FORMAT = 3


class Index(Command):
    """A command on an index: what stands before it, and how what results is told."""

    def __init__(self, name, command, before, after, at_once=False, folder="videos", make_old=None):
        """`at_once`: whether nothing between `before` and `after` may ever be seen."""
        self.name, self.command, self.before, self.after = name, command, set(before), set(after)
        self.at_once, self.folder, self.make_old = at_once, folder, make_old

    def prepare(self, bench, place):
        place.mkdir()
        folder = getattr(bench, self.folder)
        if self.before:
            bench.run("index", *[folder / name for name in sorted(self.before)], *options(bench, place))
        if self.folder == "shrinking":
            for name in self.before - self.after:
                (folder / name).unlink()
        if self.make_old:
            self.make_old(place / "index" / "videos.sqlite")

    def start(self, bench, place, fault=None):
        pause = PAUSE_OF_CALL if fault and fault.kind not in ("count", "signal") else PAUSE_OF_SYNCS
        return bench.run(*self.command(bench), *options(bench, place), fault=fault, below=self.below(place),
                         on_screen=not self.at_once, pause=0 if self.at_once else pause)

    def check(self, bench, place, outcome, wanted):
        """Raises where the index is not what it may be after the run."""
        # In a copy: whoever opens an index brings in what its log holds. The command to come is to find it as it was left.
        look = place.with_name(place.name + "-look")
        shutil.copytree(place, look)
        stored = self.stored(bench, look, is_done(outcome))
        if not (self.before & self.after) <= stored <= (self.before | self.after):
            raise Failure(f"stored is {sorted(stored)}; it was {sorted(self.before)}, and {sorted(self.after)} is to come")
        if self.at_once and stored not in (self.before, self.after):
            raise Failure(f"stored is {sorted(stored)}, neither what was there before nor what was to come")
        reported = self.reported(outcome.errors)
        if len(stored) < reported:
            raise Failure(f"it said that {reported} videos were stored, and there are {sorted(stored)}")
        if is_done(outcome):
            if stored != self.after:
                raise Failure(f"it said it was done, and stored is {sorted(stored)}, not {sorted(self.after)}")
            if self.state(bench, look) != wanted:
                raise Failure("it said it was done, and what results differs from what it is without a fault")
        shutil.rmtree(look)

    @staticmethod
    def reported(text):
        """How many videos were stored by what the run said of itself. It names none of them, only the file begun last."""
        counts = [int(done) - int(failed or 0) for done, failed in PROGRESS.findall(text)]
        return max(counts, default=0)

    def stored(self, bench, place, is_done):
        """The names of the videos that are ready."""
        base = place / "index" / "videos.sqlite"
        if not base.exists() or base.stat().st_size == 0:
            if self.before or is_done:
                raise Failure("there is no index")
            return set()
        information = bench.run("info", "--json", *options(bench, place), may_fail=True)
        with sqlite3.connect(base) as connection:
            problem = connection.execute("PRAGMA integrity_check").fetchone()[0]
            file_format = connection.execute("PRAGMA user_version").fetchone()[0]
            tables = {name for name, in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            rows = connection.execute("SELECT path, failed FROM video").fetchall() if "video" in tables else []
        connection.close()
        if problem != "ok":
            raise Failure(f"SQLite says of the index: {problem}")
        if information.status != 0:
            # An index that was never finished may say so; one that was there may not.
            if self.before or is_done or rows or information.status != 1:
                raise Failure(f"mixtape info: status {information.status}: {information.errors}")
            return set()
        fits = ("decision" in tables) == (file_format >= 2) and ("signatures" in tables) == (file_format >= 3)
        if not fits or (is_done and file_format != NEWEST_FORMAT):
            raise Failure(f"the index has format {file_format} and the tables {sorted(tables)}")
        if any(failed for _, failed in rows):
            raise Failure(f"videos failed: {rows}")
        ready = json.loads(information.output)["videos"]["ready"]
        if ready != len(rows):
            raise Failure(f"mixtape info says that {ready} videos are ready, and there are {rows}")
        return {Path(path).name for path, _ in rows}

    def state(self, bench, place):
        """What results, as text: every video with its distance, to the bit."""
        videos = [bench.videos / name for name in VIDEOS]
        reply = bench.run("search", *videos, "--limit", "100", "--json", *options(bench, place))
        answers = [json.loads(line)["matches"] for line in reply.output.splitlines()]
        return json.dumps([[(match["path"], match["distance"]) for match in matches] for matches in answers])


def make_first_format(database):
    """Format 1 is format 3 without its tables of decisions and of signatures, and without three columns."""
    with sqlite3.connect(database) as connection:
        connection.execute("DROP TABLE decision")
        connection.execute("DROP TABLE signatures")
        for column in ("times_mended", "decoded_share", "status_changed"):
            connection.execute(f"ALTER TABLE video DROP COLUMN {column}")
        connection.execute("PRAGMA user_version = 1")
    connection.close()


COMMANDS = (
    Index("index, from nothing", lambda bench: ["index", bench.videos], [], VIDEOS),
    Index("index, four more", lambda bench: ["index", bench.videos], VIDEOS[:2], VIDEOS),
    # All videos are there already, so that what is written is the migration.
    Index("migrate", lambda bench: ["index", bench.videos], VIDEOS, VIDEOS, at_once=True, make_old=make_first_format),
    Index("prune", lambda bench: ["index", bench.shrinking, "--prune"], VIDEOS, VIDEOS[:2], at_once=True,
          folder="shrinking"),
    Index("remove", lambda bench: ["remove", bench.videos / "0.mp4", bench.videos / "3.mp4"],
          VIDEOS, [name for name in VIDEOS if name not in ("0.mp4", "3.mp4")], at_once=True),
)
