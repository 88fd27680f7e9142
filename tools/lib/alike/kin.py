"""Which real videos were cut from the same source as others, as far as looking at them has shown.

Found by hashes of their frames, then by eye. Such pairs count neither as right nor as wrong: some are exact copies,
some are parts, some have other captions.
"""

import re

# Folder → sets of file names, without their ending, that show the same footage or parts of it.
RELATED = {
    "asl": (
        ("Unit5_Number_Practice_11-20_5-2", "Unit6_Comprehension_6-3"),
        ("Unit7_Comprehension_7-2", "Unit7_Number_Practice_21-30_7-1"),
    ),
    "running": (("1-1-1", "181"), ("1-1", "176"), ("1", "52"), ("22", "23")),
    "intel": (
        ("bottle-detection", "bottle-detection-1"),
        # Its seconds 14 to 19.
        ("car-detection", "car-detection-1"),
        ("one-by-one-person-detection", "one-by-one-person-detection-1"),
    ),
    "crash": (
        ("1600", "Easy", "Easy-1", "Easy-2", "Test_Corners"),
        ("liveFeed-1", "Extra-1500", "vids-1500"), ("liveFeed-2", "Extra-1502", "vids-1502"),
        ("liveFeed-3", "Extra-1501", "vids-1501"),
    ),
    "animatives": (("rabbit-tortoise", "rabbit-tortoise2"), ("real_virtual", "kamehameha")),
}

# Crops of traffic videos, and a few others: nobody can say from which videos of the folder they were cut.
UNCERTAIN = {"crash": re.compile(r"(No_)?Accidents-|loading|output|video2?$")}

# The traffic videos 1505.mp4, 1505-1.mp4, vids-1505.mp4 and Extra-1505.mp4 are of one recording.
RECORDING = re.compile(r"(?:vids-|Extra-)?(\d{4})(?:-\d)?$")


def source_of(kind, stem):
    """The source's name, or None where no other video is known to share it."""
    for names in RELATED.get(kind, ()):
        if stem in names:
            return names[0]
    found = RECORDING.match(stem) if kind == "crash" else None
    return found.group(1) if found else None


def is_uncertain(kind, stem):
    return kind in UNCERTAIN and bool(UNCERTAIN[kind].match(stem))
