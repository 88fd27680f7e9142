"""The virtual environment that the peers live in."""

import json
import re
import subprocess
import sys
from pathlib import Path

from tool import Failure, note

# What to import → what pip installs. torch first: torchcodec is made for a version of it.
PACKAGES = {
    "torch": "torch", "numpy": "numpy", "safetensors": "safetensors", "av": "av", "torchcodec": "torchcodec",
    "decord": "decord", "onnx": "onnx", "onnxscript": "onnxscript", "onnxruntime": "onnxruntime",
    "openvino": "openvino", "faiss": "faiss-cpu",
}

# Asks in one process per package: some take others down when they cannot be loaded.
PROBE = "import importlib, sys; m = importlib.import_module(sys.argv[1]); print(getattr(m, '__version__', '?'))"


class Environment:
    """`python` runs the peers; of what was asked for, `versions` says what there is, `missing` why the rest is not."""

    def __init__(self, folder, reused=None, installs=True):
        self.folder = Path(folder)
        self.python = self.folder / "bin" / "python"
        self.installs = installs
        self.versions, self.missing = {}, {}
        if not self.python.exists():
            self.make(reused)
        elif reused:
            self.reuse(reused)

    def make(self, reused):
        note(f"making {self.folder}")
        done = subprocess.run([reused or sys.executable, "-m", "venv", self.folder], capture_output=True, text=True)
        if done.returncode:
            raise Failure(
                f"{self.folder}: cannot be made: {last_line(done.stderr or done.stdout)}",
                "install Debian's package python3-venv, or name another folder with --venv DIR")
        if reused:
            self.reuse(reused)

    def reuse(self, python):
        """Lets the environment see another's packages; its own come first."""
        code = "import json, site; print(json.dumps(site.getsitepackages()))"
        theirs = json.loads(subprocess.run([python, "-c", code], check=True, capture_output=True).stdout)
        own = json.loads(subprocess.run([self.python, "-c", code], check=True, capture_output=True).stdout)
        (Path(own[0]) / "reused.pth").write_text("\n".join(theirs) + "\n")

    def provide(self, module):
        """Installs a package where it is missing."""
        package = PACKAGES[module]
        problem = self.probe(module)
        if problem and self.installs:
            note(f"installing {package}")
            command = [self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]
            done = subprocess.run(command, capture_output=True, text=True)
            problem = self.probe(module) if done.returncode == 0 else last_line(done.stderr)
        if problem:
            self.missing[module] = problem

    def probe(self, module):
        """None where it can be imported, else the reason."""
        done = subprocess.run([self.python, "-c", PROBE, module], capture_output=True, text=True)
        if done.returncode:
            # Without the folders: they say where somebody's environment is, and the report is for others.
            reason = re.sub(r"(?<!\S)/\S*/", "", last_line(done.stderr))
            return reason or f"import ends with status {done.returncode}"
        self.versions[module] = last_line(done.stdout)
        return None

    def lacks(self, *modules):
        """Why a peer that needs these modules cannot run; None where it can."""
        for module in modules:
            if module not in self.versions and module not in self.missing:
                self.provide(module)
            if module in self.missing:
                return f"{PACKAGES[module]} cannot be used: {self.missing[module]}"
        return None


def last_line(text):
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""
