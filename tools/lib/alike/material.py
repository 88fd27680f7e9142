"""Chooses the real videos of a library: which half, in which order, and who is related to whom."""

import csv
import hashlib
from collections import namedtuple
from pathlib import Path

from alike.kin import is_uncertain, source_of
from tool import Failure, need_folders
from videos import EXTENSIONS, is_held_out, seeded_order

# Folders of real videos that look alike, each of one kind of scene.
REAL = ("asl", "yoga", "running", "intel", "crash", "fight", "animatives")

# The library of all sorts of videos.
DIVERSE = "web"

# Seeds from here on are for judging. Nothing may be chosen on them.
FIRST_JUDGING_SEED = 101

MIRRORED = "_flipped"


def base_name(path):
    """The file's name. A mirrored copy has the name of the video that it mirrors."""
    path = Path(path)
    return path.stem.removesuffix(MIRRORED) + path.suffix


def read_sources(videos):
    """Name of a web video → the source that it was cut from."""
    with (videos / "sources.csv").open(newline="") as file:
        return {Path(row["path"]).name: row["source"] for row in csv.DictReader(file)}


# One real video: its file, and two names that say what it is related to. Videos of one family show the same footage.
# Different families of one source may share some: such pairs count neither as right nor as wrong.
Pick = namedtuple("Pick", "path family source")


def pick_real(videos, kind, seed, size):
    """At most `size` videos of the folder, from the half that the seed may see, in the seed's order.

    Families stay together: both of a pair are chosen, or neither is.
    """
    folder = videos / kind
    need_folders(folder)
    sources = read_sources(videos) if kind == DIVERSE else {}
    families = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in EXTENSIONS:
            continue
        if is_uncertain(kind, path.stem):
            continue
        family = base_name(path)
        known = source_of(kind, path.stem)
        source = sources.get(path.name) or (known + path.suffix if known else family)
        held = hashlib.sha256(source.encode()).digest()[0] % 2 == 1 if kind == DIVERSE else is_held_out(source, 2)
        if held == (seed >= FIRST_JUDGING_SEED):
            families.setdefault(family, []).append(Pick(path, family, source))
    chosen = []
    for family in sorted(families, key=lambda name: seeded_order(seed, name)):
        if len(chosen) + len(families[family]) <= size:
            chosen += families[family]
    if not chosen:
        raise Failure(f"{folder}: no videos")
    return chosen
