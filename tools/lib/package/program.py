"""The program as it is packaged: without symbols, with its commit, and the same bytes whenever it is built."""

import hashlib
import shutil
import struct
import tempfile
from pathlib import Path

from tool import Failure, run

# Sources/C/CCommit has the room.
SECTION, SIZE = ".mixtape_commit", 41
RPATHS = (15, 29)
# A GNU build id is 20 bytes behind a heading of 16.
BUILD_ID, HEADING = ".note.gnu.build-id", 16


def strip_and_mark(program, target, commit):
    """Copies the program, less its symbols, and writes the commit into it."""
    with tempfile.NamedTemporaryFile() as mark:
        mark.write(commit.encode().ljust(SIZE, b"\0"))
        mark.flush()
        shutil.copyfile(program, target)
        run("objcopy", "--strip-all", "--remove-section=.comment", "--update-section", f"{SECTION}={mark.name}", target)
    settle(Path(target))
    Path(target).chmod(0o755)
    said = run(target, "--version")
    if f"commit     {commit}\n" not in said:
        raise Failure(f"{program}: does not tell its commit once it was written into it")


def sections(data):
    """{name: (offset, size)} of an ELF file."""
    table, = struct.unpack_from("<Q", data, 40)
    size, count, names = struct.unpack_from("<HHH", data, 58)
    found = [struct.unpack_from("<IIQQQQ", data, table + size * number) for number in range(count)]
    text = found[names][4]
    return {data[text + name:data.index(0, text + name)].decode(): (at, length) for name, _, _, _, at, length in found}


def settle(file):
    data = bytearray(file.read_bytes())
    places = sections(data)
    # SwiftPM has every program look beside itself for libraries; in /usr/bin there are none.
    at, length = places[".dynamic"]
    entries = list(struct.iter_unpack("<QQ", data[at:at + length]))
    kept = [entry for entry in entries if entry[0] not in RPATHS]
    kept += [(0, 0)] * (len(entries) - len(kept))
    data[at:at + length] = b"".join(struct.pack("<QQ", *entry) for entry in kept)
    # What the compiler notes for its next build differs each time, and so does the linker's sum of all.
    at, length = places.get(".swift_modhash", (0, 0))
    data[at:at + length] = bytes(length)
    if BUILD_ID in places:
        at, length = places[BUILD_ID][0] + HEADING, places[BUILD_ID][1] - HEADING
        data[at:at + length] = bytes(length)
        data[at:at + length] = hashlib.sha1(data).digest()[:length]
    file.write_bytes(data)
