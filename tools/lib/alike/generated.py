"""The kinds of look-alikes that are made, not filmed."""

from alike import fixed, moving, texts
from alike.drawing import make_film

# Kind → what one video of it shows, from the seed and the video's number.
GENERATED = {
    "slides": texts.slides, "documents": texts.documents, "terminals": texts.terminals, "chats": texts.chats,
    "charts": texts.charts, "cameras": fixed.cameras, "takes": fixed.takes, "heads": fixed.heads,
    "sports": fixed.sports, "boards": fixed.boards, "whiteboards": fixed.whiteboards, "drones": moving.drones,
    "games": moving.games, "skeletons": moving.skeletons, "openings": moving.openings, "loops": moving.loops,
}

# How many videos each library has.
COUNT = 24


def make_generated(kind, seed, number, target):
    make_film(GENERATED[kind](seed, number), target)
