"""A Debian root folder, and programs in it."""

import os
import platform
import shutil
import subprocess
import time
from pathlib import Path

from tool import Failure, note

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Unavailable(Exception):
    """Why there can be no root folder here."""


class Root:
    """Below a folder; its mounts are of this process's own namespace, and go with it."""

    def __init__(self, folder):
        self.folder = Path(folder)

    @classmethod
    def bootstrap(cls, folder, mirror):
        """A fresh Debian 12 with nothing but what every Debian has."""
        words = ["debootstrap", "--variant=minbase", "bookworm", str(folder), *([mirror] if mirror else [])]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise Unavailable(f"debootstrap: {(done.stdout.strip().splitlines() or ['failed'])[-1]}")
        root = cls(folder)
        # Whoever is asked for names here is asked there; and nothing here has to outlive a failure of power.
        shutil.copyfile("/etc/resolv.conf", root.folder / "etc/resolv.conf")
        (root.folder / "etc/dpkg/dpkg.cfg.d/unsafe-io").write_text("force-unsafe-io\n")
        return root

    def copy(self, folder):
        subprocess.run(["cp", "-a", self.folder, folder], check=True)
        return Root(folder)

    def mount(self):
        for kind, place in (("proc", "proc"), ("sysfs", "sys")):
            subprocess.run(["mount", "-t", kind, kind, self.folder / place], check=True)

    def words(self, command, user):
        changed = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs"] if user else []
        return ["chroot", self.folder, *changed, *map(str, command)]

    def environment(self, more):
        proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        return {"PATH": PATH, "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **proxies, **(more or {})}

    def try_run(self, *command, user=None, env=None):
        return subprocess.run(
            self.words(command, user), env=self.environment(env), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *command, **more):
        """Standard output of a command that must succeed."""
        done = self.try_run(*command, **more)
        if done.returncode:
            said = (done.stdout[-2000:] + done.stderr[-2000:]).strip()
            raise Failure(f"{' '.join(map(str, command))} ended with status {done.returncode}: {said}")
        return done.stdout

    def start(self, *command, user=None, env=None):
        return subprocess.Popen(
            self.words(command, user), env=self.environment(env), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def install(self, file, *options):
        """By apt, from a file of the root; the seconds that took."""
        begun = time.monotonic()
        self.run("apt-get", "update", "-qq", "-o", "Acquire::Retries=3")
        self.run("apt-get", "install", "-y", "-qq", "-o", "Acquire::Retries=3", *options, file)
        return time.monotonic() - begun

    def has(self, program):
        return shutil.which(program, path=":".join(str(self.folder) + place for place in PATH.split(":"))) is not None

    def make_folder(self, path, owner):
        (self.folder / path).mkdir(parents=True, exist_ok=True)
        os.chown(self.folder / path, owner, owner)


def skip_reason():
    """Why this machine can have no root folder; None where it can."""
    if os.geteuid() != 0:
        return "only root can make one"
    if platform.machine() != "x86_64":
        return "the packages are for x86-64"
    missing = [name for name in ("debootstrap", "dpkg-deb", "dpkg-shlibdeps", "objcopy", "zstd") if not shutil.which(name)]
    if missing:
        return f"there is no {', '.join(missing)}"
    tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--mount-proc", "true"], capture_output=True, text=True)
    if tried.returncode:
        return f"unshare: {tried.stderr.strip()}"
    return None


def said(seconds, what):
    note(f"{seconds:5.1f} s  {what}")
