"""What is packaged, and where it lies: {path: (mode, bytes)}, or a Path in place of the bytes."""

import gzip

from package import licences, manual
from tool import ROOT, run

DATA = ROOT / "tools/packaging"
MODEL = ROOT / "models/default"
# Where each shell looks for a system's completions.
COMPLETIONS = {
    "bash": "share/bash-completion/completions/mixtape",
    "zsh": "share/zsh/vendor-completions/_mixtape",
    "fish": "share/fish/vendor_completions.d/mixtape.fish",
}


def packed(text):
    data = text.encode() if isinstance(text, str) else text
    return gzip.compress(data, 9, mtime=0)


def shared(program, version, epoch):
    """What both packages have below a folder "share"."""
    files = {f"share/man/man1/{name}.gz": (0o644, packed(text))
             for name, text in manual.pages(program, epoch, version).items()}
    for shell, path in COMPLETIONS.items():
        # Sourced, not run.
        files[path] = 0o644, run(program, "--generate-completion-script", shell).removeprefix("#!/bin/bash\n").encode()
    return files


def debian(program, version, epoch, maintainer, date):
    """Of the .deb, below its root."""
    names, holders, texts = licences.collect(program)
    copyright = (DATA / "copyright").read_text()
    copyright = copyright.replace("@LINKED@", ",\n ".join(names)).replace("@HOLDERS@", "\n ".join(holders))
    changes = (f"mixtape ({version}) stable; urgency=medium\n\n  * Release {version}; CHANGELOG.md.gz tells what is new.\n\n"
               f" -- {maintainer}  {date}\n")
    doc = "usr/share/doc/mixtape"
    return {
        **{f"usr/{path}": file for path, file in shared(program, version, epoch).items()},
        "usr/share/mixtape/models/default/config.json": (0o644, MODEL / "config.json"),
        "usr/share/mixtape/models/default/model.safetensors": (0o644, MODEL / "model.safetensors"),
        "lib/systemd/system/mixtape.service": (0o644, DATA / "mixtape.service"),
        "usr/lib/systemd/user/mixtape-watch@.service": (0o644, DATA / "mixtape-watch@.service"),
        f"{doc}/copyright": (0o644, copyright.encode()),
        f"{doc}/licences.gz": (0o644, packed(texts)),
        f"{doc}/changelog.gz": (0o644, packed(changes)),
        f"{doc}/CHANGELOG.md.gz": (0o644, packed((ROOT / "CHANGELOG.md").read_bytes())),
        f"{doc}/examples/nginx.conf": (0o644, DATA / "nginx.conf"),
    }


def archive(program, version, epoch, depends):
    """Of the .tar.zst, below its one folder."""
    read_me = (DATA / "archive-readme.txt").read_text()
    read_me = read_me.replace("@VERSION@", version).replace("@DEPENDS@", " ".join(depends))
    return {
        **shared(program, version, epoch),
        "README": (0o644, read_me.encode()),
        "LICENSE": (0o644, ROOT / "LICENSE"),
        "LICENCES-OF-PARTS": (0o644, licences.collect(program)[2].encode()),
        "CHANGELOG.md": (0o644, ROOT / "CHANGELOG.md"),
        "models/default/config.json": (0o644, MODEL / "config.json"),
        "models/default/model.safetensors": (0o644, MODEL / "model.safetensors"),
        "models/default/README.md": (0o644, MODEL / "README.md"),
        "share/systemd/mixtape.service": (0o644, DATA / "mixtape.service"),
        "share/systemd/mixtape-watch@.service": (0o644, DATA / "mixtape-watch@.service"),
        "share/nginx.conf": (0o644, DATA / "nginx.conf"),
    }
