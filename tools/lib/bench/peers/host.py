"""Runs one peer: the first line on standard input sets it up, each further line does its task once.

A peer's module has `setup(**settings)`, which returns a function that takes a request's members and returns seconds,
or a dictionary that holds them. Replies are JSON, a line each; whatever libraries print goes to standard error.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path

PR_SET_PDEATHSIG = 1
HERE = Path(__file__).resolve().parent


def main():
    # Dies with its parent, even while it stands still.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.dont_write_bytecode = True
    # The modules of this folder by their own names, then the reference in PyTorch.
    sys.path[0:1] = [str(HERE), str(HERE.parents[2] / "reference")]
    run = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if run is None:
                run = importlib.import_module(sys.argv[1]).setup(**request)
                reply = {}
            else:
                result = run(**request)
                reply = result if isinstance(result, dict) else {"seconds": result}
        except Exception as error:
            text = str(error).strip().splitlines()
            reply = {"error": f"{type(error).__name__}: {text[0][:200] if text else ''}"}
            traceback.print_exc()
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
