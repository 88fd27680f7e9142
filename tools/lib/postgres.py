"""A PostgreSQL server of a tool's own: its programs come from tools/lib/postgres.sh, its data go with it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Server:
    """Runs on a socket in a temporary folder, and on an address where one is given; as nobody where the tool runs as root."""

    def __init__(self, settings=(), listen="", prefix=()):
        named = os.environ.get("MIXTAPE_POSTGRES")
        self.bin = Path(named or subprocess.run(
            [ROOT / "tools/lib/postgres.sh"], check=True, capture_output=True, text=True).stdout.strip())
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
        done = subprocess.run(self.prefix + user + [str(word) for word in (self.bin / program, *arguments)],
                              capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr[-2000:]}{done.stdout[-2000:]}")

    def sql(self, text, database="postgres"):
        """What psql prints, unadorned."""
        done = subprocess.run(
            [self.bin / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "mixtape", "-d", database,
             "-c", text], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def make_database(self, name):
        self.sql(f"CREATE DATABASE {name}")
        return f"postgres://mixtape@/{name}?host=" + str(self.folder).replace("/", "%2F")

    def restart(self):
        """Ends the server as a crash does, and starts it again."""
        self._as_user("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-m", "immediate", "restart")

    def close(self):
        try:
            self._as_user("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
