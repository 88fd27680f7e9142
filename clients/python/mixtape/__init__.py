"""Search for videos by example.

    from mixtape import Mixtape

    with Mixtape(index="index") as mixtape:
        for match in mixtape.search("query.mp4", limit=3)["matches"]:
            print(match["score"], match["path"])

`Mixtape(index=…)` starts `mixtape serve` and talks to it over its standard input and output; `Mixtape(url=…)` talks to a
running `mixtape serve --http`. Only the standard library is needed.
"""

from .client import Mixtape
from .errors import Cancelled, MixtapeError, ServiceEnded
from .types import (
    DuplicateGroup,
    DuplicateMember,
    Duplicates,
    IndexResult,
    Match,
    Progress,
    SearchResult,
    Segment,
    Video,
    Videos,
)

__all__ = [
    "Cancelled", "DuplicateGroup", "DuplicateMember", "Duplicates", "IndexResult", "Match", "Mixtape", "MixtapeError",
    "Progress", "SearchResult", "Segment", "ServiceEnded", "Video", "Videos",
]
__version__ = "0.2.0"
