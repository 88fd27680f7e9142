"""What ends a measuring run, and what is said on the way."""

import sys


class Failure(Exception):
    """Ends the run with a message and a hint."""

    def __init__(self, message, hint=None):
        super().__init__(message)
        self.hint = hint


class Unavailable(Exception):
    """A peer, or a row, cannot be measured here; the text says why."""


def note(text):
    print(text, file=sys.stderr, flush=True)
