"""Folders."""

import os
from pathlib import Path

# The repository.
ROOT = Path(__file__).resolve().parents[3]


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG base directory specification: relative paths are to be ignored.
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "mixtape"
