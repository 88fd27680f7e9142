"""The shapes of answers. Seconds are floats; paths are absolute. Answers may have further members, which
`mixtape serve --schema` describes."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, TypedDict


class Segment(TypedDict):
    """Parts of the query and of a match that correspond."""

    query: List[float]
    target: List[float]
    offset: float
    speed: float
    distance: float
    score: Optional[float]


class Match(TypedDict):
    """A video that was found, the nearest with rank 1."""

    rank: int
    id: int
    path: str
    distance: float
    score: Optional[float]
    shares_footage: Optional[bool]
    verified: bool
    uncertainty: float
    segments: List[Segment]
    duration: Optional[float]
    width: int
    height: int
    clips: int
    fingerprint: str


class SearchResult(TypedDict):
    """An answer to a search."""

    matches: List[Match]
    query: Dict[str, Any]
    elapsed_ms: float


class DuplicateMember(TypedDict):
    """A video of a group; `keep` is a suggestion."""

    id: int
    path: str
    distance: float
    score: Optional[float]
    keep: bool
    reason: str
    explanation: str
    duration: Optional[float]
    width: int
    height: int
    size: int
    fingerprint: str


class DuplicateGroup(TypedDict):
    """Videos that share footage with `centre`."""

    centre: str
    members: List[DuplicateMember]
    maximum_distance: float
    minimum_score: Optional[float]


class Duplicates(TypedDict):
    """All groups."""

    groups: List[DuplicateGroup]
    found: int
    videos: int
    low_information: List[str]
    rejected: int
    max_distance: float
    min_score: Optional[float]
    elapsed_ms: float


class IndexResult(TypedDict):
    """What an index run did, in files."""

    indexed: int
    failed: int
    unchanged: int
    moved: int
    copied: int
    removed: int
    kept: int
    total: int
    clips: int
    problems: List[str]
    elapsed_ms: float


class Progress(TypedDict):
    """How far a run is. `phase` is "scanning", "comparing", "encoding" or another; `bytes_done` counts what it reads."""

    phase: str
    done: int
    total: int
    bytes_done: int
    bytes_total: int
    seconds_left: Optional[float]
    reading: List[str]


class Video(TypedDict):
    """An indexed video."""

    id: int
    path: str
    duration: Optional[float]
    width: int
    height: int
    size: int
    modified: float
    clips: int
    codec: str
    container: str
    fingerprint: str


class Videos(TypedDict):
    """A page of indexed videos."""

    videos: List[Video]
    offset: int
    total: int
