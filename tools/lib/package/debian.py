"""Makes the .deb: what it depends on, its control files, and dpkg-deb's work."""

import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path

from package.contents import DATA
from tool import ROOT, Failure, run

LAZY = ROOT / "Sources/C/CLazyLibraries/lazy.c"
# Loaded only for an index on a server, with the package that has it.
OPTIONAL, SUGGESTED = "pq", "libpq5"
SCRIPTS = ("postinst", "prerm", "postrm")


def compiler():
    found = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    if found is None:
        raise Failure("no C compiler", "install gcc")
    return found


def compile_stand_in(target, libraries):
    """A library that needs all functions which the program takes from these libraries when it first calls them."""
    functions = re.findall(r"(?m)^FUNCTION\((\w+), (\w+)\)", LAZY.read_text())
    wanted = [function for library, function in functions if library in libraries]
    code = "".join(f'extern char {name}[]; void *use_{name} = {name};\n' for name in wanted)
    source = target.with_suffix(".c")
    source.write_text(code)
    names = [f"-l{library}" for library in sorted(libraries)]
    run(compiler(), "-shared", "-fPIC", "-nostdlib", "-w", "-o", target, source, *names)


def shared_libraries(work, *files):
    """What dpkg-shlibdeps says that these files depend on."""
    (work / "debian").mkdir(exist_ok=True)
    (work / "debian/control").write_text("Source: mixtape\n\nPackage: mixtape\nArchitecture: amd64\n")
    said = run("dpkg-shlibdeps", "-O", "--warnings=0", *(f"-e{file}" for file in files), cwd=work)
    return said.strip().split("=", 1)[1]


def dependencies(program):
    """What the package of a program depends on, as its control file says it."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        lazy = set(re.findall(r"(?m)^FUNCTION\((\w+),", LAZY.read_text()))
        compile_stand_in(work / "needed.so", lazy - {OPTIONAL})
        return shared_libraries(work, program, work / "needed.so")


def lay_out(files, root, epoch):
    """Writes files below a folder, with the same times and modes wherever that is done."""
    for path, (mode, content) in sorted(files.items()):
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, target)
        else:
            target.write_bytes(content)
        target.chmod(mode)
    settle(root, epoch)


def settle(root, epoch):
    for folder, _, names in os.walk(root, topdown=False):
        os.chmod(folder, 0o755)
        for name in [*names, "."]:
            os.utime(Path(folder, name), (epoch, epoch))


def checksums(files, root):
    return "".join(f"{hashlib.md5((root / path).read_bytes()).hexdigest()}  {path}\n" for path in sorted(files))


def control(root, values):
    kilobytes = sum(-(-file.lstat().st_size // 1024) if file.is_file() else 1 for file in root.rglob("*"))
    text = (DATA / "control").read_text()
    for name, value in {**values, "KILOBYTES": str(kilobytes)}.items():
        text = text.replace(f"@{name}@", value)
    return text


def build(files, target, epoch, values, quick):
    """Writes the .deb of these files; the same bytes each time."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "root")
        lay_out(files, root, epoch)
        text, sums = control(root, values), checksums(files, root)
        (root / "DEBIAN").mkdir()
        (root / "DEBIAN/control").write_text(text)
        (root / "DEBIAN/md5sums").write_text(sums)
        for name in ("control", "md5sums"):
            (root / "DEBIAN" / name).chmod(0o644)
        for name in SCRIPTS:
            shutil.copyfile(DATA / name, root / "DEBIAN" / name)
            (root / "DEBIAN" / name).chmod(0o755)
        settle(root, epoch)
        run("dpkg-deb", "--root-owner-group", "-Zxz", "-z0" if quick else "-z6", "--build", root, target,
            env=os.environ | {"SOURCE_DATE_EPOCH": str(epoch)})
