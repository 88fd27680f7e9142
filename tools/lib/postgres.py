"""A PostgreSQL server of a tool's own: its programs come from tools/lib/postgres.sh, its data go with it."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from tool import Failure, run


class Server:
    """Runs on a socket in a temporary folder, and on an address where one is given; as nobody where the tool runs as root."""

    def __init__(self, settings=(), listen="", prefix=()):
        named = os.environ.get("MIXTAPE_POSTGRES")
        self.bin = Path(named or run(Path(__file__).with_suffix(".sh")).strip())
        self.database = "postgres"
        self.folder = Path(tempfile.mkdtemp(prefix="mixtape-"))
        self.prefix = list(prefix)
        self.settings = ["-k", str(self.folder), "-c", f"listen_addresses={listen}"]
        for setting in settings:
            self.settings += ["-c", setting]
        if os.getuid() == 0:
            os.chown(self.folder, 65534, 65534)
        self._as_user("initdb", "-D", self.folder / "data", "-U", "mixtape", "-A", "trust", "-E", "UTF8", "--no-locale",
                      "-N")
        if listen:
            with open(self.folder / "data/pg_hba.conf", "a") as rules:
                rules.write("host all all 0.0.0.0/0 trust\n")
        self._as_user("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o",
                      " ".join(f"'{word}'" for word in self.settings), "start")

    def _as_user(self, program, *arguments):
        user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
        run(*self.prefix, *user, self.bin / program, *arguments)

    def sql(self, text):
        """What psql prints, unadorned, of the database made last."""
        return run(self.bin / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "mixtape", "-d",
                   self.database, "-c", text).strip()

    def number(self, query):
        return int(self.sql(query) or 0)

    def has_tasks(self):
        return self.sql("SELECT to_regclass('mixtape.task')") != "" and self.number(
            "SELECT count(*) FROM mixtape.task") > 0

    def make_database(self, name):
        """Its address."""
        self.sql(f"CREATE DATABASE {name}")
        self.database = name
        return f"postgres://mixtape@/{name}?host=" + str(self.folder).replace("/", "%2F")

    def restart(self):
        """Ends the server as a crash does, and starts it again."""
        self._as_user("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-m", "immediate", "restart")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._as_user("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def indexed_by(workers, seconds=None):
    """Waits for workers to end, at most so long each; how many videos they indexed."""
    indexed = 0
    for worker in workers:
        output, errors = worker.communicate(timeout=seconds)
        if worker.returncode:
            raise Failure(f"a worker ended with {worker.returncode}: {errors or ''}")
        indexed += json.loads(output)["indexed"]
    return indexed
