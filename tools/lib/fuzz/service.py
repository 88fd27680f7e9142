"""Hold the HTTP service against its own OpenAPI document with schemathesis, on 127.0.0.1 alone.

Serves the demonstration's dozen videos and a GIF, and has schemathesis make up requests, right and wrong ones, from /openapi.json.
An answer of 5xx, a status, media type, header or body that the document does not foresee, or a service that is not well
afterwards is an error. The program schemathesis is looked for on the PATH and in ~/.cache/mixtape/schemathesis, where
--install puts it. Needs ffmpeg.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from service import HTTPService
from tool import Failure, cache_folder, model_words, note, program, run

CHECKS = ",".join([
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "unsupported_method", "allow_header_conformance", "negative_data_rejection",
])


def add_options(parser):
    parser.add_argument("--examples", type=int, default=100, help="requests an operation and phase")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--schemathesis", help="the program")
    parser.add_argument("--mixtape", help="the program (built where left out)")
    parser.add_argument("--model", help="the model folder")


def schemathesis(path, install):
    """The program."""
    home = cache_folder() / "schemathesis"
    if install and not (home / "bin/schemathesis").exists():
        note(f"installing schemathesis into {home}")
        run(sys.executable, "-m", "venv", home)
        run(home / "bin/pip", "install", "-q", "schemathesis==4.*")
    for found in [path, shutil.which("schemathesis"), home / "bin/schemathesis"]:
        if found and Path(found).exists():
            return found
    raise Failure("there is no schemathesis program", "tools/break/fuzz service --install, or --schemathesis PROGRAM")


def main(options):
    tool = schemathesis(options.schemathesis, options.install)
    mixtape, model = program(options.mixtape), model_words(options)
    with tempfile.TemporaryDirectory(prefix="mixtape-fuzz-") as folder:
        note("drawing and indexing videos")
        run(mixtape, "demo", "--keep", folder, *model)
        # What browsers take for a picture is a video here.
        run("ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=5:d=3", f"{folder}/videos/moving.gif")
        run(mixtape, "index", f"{folder}/videos", "--index", f"{folder}/index", *model)
        # A stream of events stays open while its job runs: the time limit of requests would count against it.
        with HTTPService(mixtape, f"{folder}/index", *model, "--rate", 0, "--log-level", "notice") as service:
            done = subprocess.run([
                str(tool), "run", f"{service.url}/openapi.json", "--checks", CHECKS, "--max-examples",
                str(options.examples), "--seed", str(options.seed), "--request-timeout", "60", "--workers", "1",
                "--suppress-health-check", "all", "--continue-on-failure",
            ], cwd=folder)
            health = service.ask("/health")["status"]
            faults = [record for record in service.records if record.get("level") == "error"]
    if faults:
        print("the service's log:", *faults[-10:], sep="\n  ", file=sys.stderr)
    if done.returncode or health != "ok" or faults:
        raise Failure("the service and its document differ")
    print(f"ok: {options.examples} examples an operation, seed {options.seed}")
