"""What programs of this machine say of the package's files."""

import os
import shutil
import subprocess

from tool import Failure, note

# systemd-analyze's exposure, in tenths.
MOST_EXPOSURE = 25
LOADS = {
    "bash": ("share/bash-completion/completions", 'source "$0/mixtape" && complete -p mixtape'),
    "zsh": ("share/zsh/vendor-completions",
            'fpath=("$0" $fpath); autoload -Uz compinit && compinit -u -D && [[ $_comps[mixtape] == _mixtape ]] '
            '&& autoload -Uz +X _mixtape && whence -w _mixtape'),
    "fish": ("share/fish/vendor_completions.d",
             'source $argv[1]/mixtape.fish; and string match -q "search*" -- (complete -C "mixtape sea")'),
}


def is_there(program):
    found = shutil.which(program) is not None
    if not found:
        note(f"note: there is no {program} here: what it would say is left out")
    return found


def say(*words, **environment):
    done = subprocess.run(
        [str(word) for word in words], env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    return done.returncode, done.stdout, done.stderr.strip()


def check_pages(unpacked):
    pages = sorted((unpacked / "usr/share/man/man1").glob("*.gz"))
    if len(pages) < 20:
        raise Failure(f"only {len(pages)} man pages")
    for page in pages:
        status, output, errors = say("man", "--warnings", "-E", "UTF-8", "-l", page, LC_ALL="C.UTF-8", MANWIDTH="80")
        if status or errors or "EXAMPLES" not in output and "COMMANDS" not in output:
            raise Failure(f"{page.name}: man ends with {status}: {errors or output}")


def check_completions(unpacked):
    for shell, (folder, script) in LOADS.items():
        if not is_there(shell):
            continue
        words = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
        status, output, errors = say(shell, *words, "-c", script, unpacked / "usr" / folder)
        if status or errors:
            raise Failure(f"{shell} does not load its completions: {errors or output}")


def check_unit(unpacked):
    status, output, errors = say(
        "systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSURE}", "--no-pager",
        unpacked / "lib/systemd/system/mixtape.service")
    if status:
        raise Failure(f"the unit is too exposed: {errors or output.strip().splitlines()[-1]}")


def check_package(package):
    status, output, errors = say("lintian", "--allow-root", "--fail-on", "error", package)
    if status:
        raise Failure(f"lintian: {output} {errors}")


def all_of(unpacked, package):
    if is_there("man"):
        check_pages(unpacked)
    check_completions(unpacked)
    if is_there("systemd-analyze"):
        check_unit(unpacked)
    if is_there("lintian"):
        check_package(package)
