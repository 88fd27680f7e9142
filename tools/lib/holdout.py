"""Which videos training leaves out: the rule of `mixtape train --hold-out N`."""

from pathlib import PurePath


def is_held_out(path, parts):
    """Whether FNV-1a (64 bits) of the file's name, with its ending, is a multiple of `parts`."""
    value = 0xCBF29CE484222325
    for byte in PurePath(path).name.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value % parts == 0
