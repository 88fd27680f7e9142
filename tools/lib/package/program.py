"""The program as it is packaged: without symbols, with its commit, and loading libraries from the system's places alone."""

import shutil
import struct
import tempfile
from pathlib import Path

from tool import Failure, run

# Sources/C/CCommit has the room.
SECTION, SIZE = ".mixtape_commit", 41
DYNAMIC, RPATHS = 6, (15, 29)


def strip_and_mark(program, target, commit):
    """Copies the program, less its symbols, and writes the commit into it."""
    with tempfile.NamedTemporaryFile() as mark:
        mark.write(commit.encode().ljust(SIZE, b"\0"))
        mark.flush()
        shutil.copyfile(program, target)
        run("objcopy", "--strip-all", "--remove-section=.comment", "--update-section", f"{SECTION}={mark.name}", target)
    drop_run_path(Path(target))
    Path(target).chmod(0o755)
    said = run(target, "--version")
    if f"commit     {commit}\n" not in said:
        raise Failure(f"{program}: does not tell its commit once it was written into it")


def drop_run_path(file):
    """SwiftPM has every program look beside itself for libraries; in /usr/bin there are none."""
    data = bytearray(file.read_bytes())
    table, = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    for at in range(table, table + size * count, size):
        kind, = struct.unpack_from("<I", data, at + 4)
        start, length = struct.unpack_from("<QQ", data, at + 24)
        if kind != DYNAMIC:
            continue
        entries = list(struct.iter_unpack("<QQ", data[start:start + length]))
        kept = [entry for entry in entries if entry[0] not in RPATHS]
        kept += [(0, 0)] * (len(entries) - len(kept))
        data[start:start + length] = b"".join(struct.pack("<QQ", *entry) for entry in kept)
    file.write_bytes(data)
