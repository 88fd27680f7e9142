"""Hold everything that reads untrusted bytes against libFuzzer.

Builds the targets of Tests/Fuzzing, counting what their code reaches and with the address sanitizer, into .build-fuzz, and
runs each for so many seconds of processor time, --jobs of them at once, each on one thread. What libFuzzer finds worth keeping
grows from run to run in .build-fuzz/work; so do the figures, which are said every ten minutes: Ctrl-C loses nothing. --keep
writes a small set that reaches the same code to Tests/Fixtures/fuzz, which the tests replay. A crash, a failed check, an
input that takes more than 25 seconds or 3 GB is an error; its file is named, and
`tools/break/fuzz readers --target NAME --input FILE` shows it again.

Needs the Swift toolchain, which brings libFuzzer, and ffmpeg for videos to begin with.
"""

import base64
import contextlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tool import ROOT, Failure, note

BUILD = ROOT / ".build-fuzz"
WORK = BUILD / "work"
KEPT = ROOT / "Tests/Fixtures/fuzz"
# Seconds after which the figures of a target are written down, and it goes on with another seed.
ROUND = 600
# libFuzzer's status where a signal ended it.
INTERRUPTED = 72
# Bytes of the longest input, where not 4096.
LONGEST = {"video": 16384, "container": 16384, "model": 8192}
# Numbers at the edges of what types hold, which Tests/Fuzzing/Edges.swift puts into the inputs to begin with.
EDGES = (
    "0 -0 1 -1 0.5 255 256 8192 8193 16384 16385 65535 65536 2147483647 2147483648 -2147483648 4294967295 4294967296 "
    "1999999999 2000000000 9007199254740993 9223372036854775807 9223372036854775808 -9223372036854775808 "
    "18446744073709551615 18446744073709551616 5e-324 1e19 1e308 -1e308 1e309"
).split()
# Containers and codecs of the videos to begin with, with what ffmpeg wants to hear.
VIDEOS = (
    ("mp4", "mpeg4"), ("mov", "mjpeg"), ("mkv", "libx264"), ("webm", "libvpx"), ("avi", "mpeg4"), ("ts", "mpeg2video"),
    ("flv", "flv1"), ("ogv", "libtheora"), ("gif", "gif"), ("wmv", "wmv2"), ("mpg", "mpeg1video"), ("h264", "libx264"),
    ("mxf", "mpeg2video"), ("3gp", "h263"), ("nut", "ffv1"), ("mjpeg", "mjpeg"), ("y4m", "rawvideo"), ("mp4", "libx265"),
)


# What is wrong with a video, or beside it: arguments of ffmpeg behind its input, a film of ten frames. KEY is any key.
KEY = "76a6c65c5ea762046bd749a2e632ccbb"
TROUBLED = {
    "ahead.mkv": ["-c:v", "mpeg4", "-bsf:v", "setts=pts=if(eq(N\\,5)\\,PTS+3600000\\,PTS)"],
    "gap.mp4": ["-c:v", "mpeg4", "-bsf:v", "setts=ts=if(gt(N\\,5)\\,TS+20000000\\,TS)"],
    "standing.mp4": ["-c:v", "mpeg4", "-bsf:v", "setts=ts=min(TS\\,8192)"],
    "fragments.mp4": ["-c:v", "mpeg4", "-g", "4", "-movflags", "frag_keyframe+empty_moov"],
    "encrypted.mp4": ["-c:v", "mpeg4", "-encryption_scheme", "cenc-aes-ctr", "-encryption_key", KEY, "-encryption_kid", KEY],
    "poster.mkv": ["-map", "0:v", "-map", "0:v", "-c:v:0", "mpeg4", "-c:v:1", "mjpeg", "-frames:v:1", "1"],
    "two.mkv": ["-map", "0:v", "-map", "0:v", "-c:v", "mpeg4"],
    "programmes.ts": ["-map", "0:v", "-map", "0:v", "-c:v", "mpeg2video", "-program", "st=0", "-program", "st=1"],
    "live.webm": ["-c:v", "libvpx", "-live", "1"],
    "moving.png": ["-f", "apng"],
    "moving.avif": ["-c:v", "libaom-av1", "-cpu-used", "8", "-f", "avif"],
    "moving.webp": ["-c:v", "libwebp_anim"],
    "photo.jpg": ["-frames:v", "1"],
}


def add_options(parser):
    parser.add_argument("--target", nargs="+", metavar="NAME", help="these alone (default: all)")
    parser.add_argument("--seconds", type=int, default=60, metavar="N",
                        help="of processor time, a target (default: 60)")
    parser.add_argument("--in-all", action="store_true", help="count what a target had in earlier runs among its seconds")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="targets at once (default: 1)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--input", metavar="FILE", help="run one input through the one target")
    parser.add_argument("--keep", action="store_true", help="write the smallest set to Tests/Fixtures/fuzz")
    parser.add_argument("--most-bytes", type=int, default=30_000, metavar="N", help="kept of a target (default: 30000)")


def build():
    """The fuzzer."""
    swift = shutil.which("swift")
    if swift is None:
        raise Failure("there is no swift program on the PATH", "install Swift 6.2 or newer: https://swift.org/install")
    usr = Path(swift).resolve().parent.parent
    machine = platform.machine()
    libraries = sorted(usr.glob(f"lib/clang/*/lib/**/libclang_rt.fuzzer_no_main*{machine}*.a")) or sorted(
        usr.glob("lib/clang/*/lib/**/libclang_rt.fuzzer_no_main*.a"))
    if not libraries:
        raise Failure(f"the toolchain in {usr} has no libFuzzer")
    note("building")
    done = subprocess.run(
        [swift, "build", "-c", "release", "--build-path", str(BUILD), "--product", "mixtape-fuzz"], cwd=ROOT,
        env=os.environ | {"MIXTAPE_LIBFUZZER": str(libraries[-1])}, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise Failure(f"the build failed:\n{done.stdout[-3000:]}")
    return BUILD / "release" / "mixtape-fuzz"


def drawn(plain, arguments):
    """The bytes of a video of a second and 16 × 16 pixels; None where this ffmpeg cannot write it."""
    done = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=s=16x16:r=8:d=1.25", *arguments,
         "-strict", "-2", "-threads", "1", str(plain)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    content = plain.read_bytes() if done.returncode == 0 else None
    plain.unlink(missing_ok=True)
    return content


def draw_videos(folder):
    """A video of each kind."""
    for container, codec in VIDEOS:
        content = drawn(folder / f".{codec}.{container}", ["-c:v", codec])
        # Clips, and a picture of the middle.
        for kind in (0, 7) if content else ():
            (folder / f"{codec}-{container}-{kind}").write_bytes(bytes([kind]) + content)


def draw_troubled(folder):
    """Wrong times, posters, keys, several streams, pictures that move; and files that are joined or cut off."""
    made = {name: drawn(folder / f".{name}", arguments) for name, arguments in TROUBLED.items()}
    made = {name: content for name, content in made.items() if content}
    for name in ("live.webm", "programmes.ts", "fragments.mp4"):
        if name in made:
            made["twice-" + name] = made[name] * 2
            made["half-" + name] = made[name][: len(made[name]) // 2]
    if "photo.jpg" in made and "gap.mp4" in made:
        made["motion.jpg"] = made["photo.jpg"] + made["gap.mp4"]
    for name, content in made.items():
        (folder / f"troubled-{name}").write_bytes(bytes([0]) + content)


def environment(target=None):
    # Not a fault: FFmpeg asks for more than there is, and copes. Leaks are not looked for: Swift's lazy values are some.
    named = {"MIXTAPE_FUZZ_TARGET": target} if target else {}
    return os.environ | named | {
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1", "SWIFT_BACKTRACE": "enable=no"}


def read_kept(name):
    path = KEPT / f"{name}.base64"
    return [base64.b64decode(line) for line in path.read_text().split()] if path.exists() else []


def prepare(program, name):
    """The folders of a target: what it begins with, what grows, where crashes go."""
    place = WORK / name
    seeds, corpus, crashes = place / "seeds", place / "corpus", place / "crashes"
    for folder in (seeds, corpus, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    if not any(seeds.iterdir()):
        subprocess.run([program, "seeds", name, str(seeds)], check=True, env=environment())
        if name in ("video", "container"):
            draw_videos(seeds)
            draw_troubled(seeds)
    for number, content in enumerate(read_kept(name)):
        (seeds / f"kept-{number}").write_bytes(content)
    # Words of the format, which no mutation of bytes would come upon.
    words = set()
    for seed in seeds.glob("seed-*"):
        words |= set(re.findall(rb'"[A-Za-z_0-9.]{1,24}"', seed.read_bytes()))
    words |= {f'"{edge}"'.encode() for edge in EDGES}
    (place / "words").write_text("".join(f'"{word[1:-1].decode()}"\n' for word in sorted(words)))
    return place


class Fuzzing:
    """Targets, some at once, until each had its time or somebody stops it."""

    def __init__(self, program, options):
        self.program, self.options = program, options
        self.lock = threading.Lock()
        self.running = set()
        self.stopping = False

    def all(self, names):
        """The crashes that were found."""
        with ThreadPoolExecutor(max(1, self.options.jobs)) as pool:
            found = [pool.submit(self.target, name) for name in names]
            # Whoever runs it in the background can end it, too; with nothing lost.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                return [crash for crashes in found for crash in crashes.result()]
            except BaseException:
                self.stop()
                raise

    def stop(self):
        with self.lock:
            self.stopping = True
            for process in self.running:
                # Not send_signal, which may wait for the process before its thread does.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGINT)

    def target(self, name):
        place = prepare(self.program, name)
        had = read_figures().get(name, {}).get("seconds", 0) if self.options.in_all else 0
        left = self.options.seconds - had
        while left > 0:
            seconds = min(left, ROUND)
            before = set((place / "crashes").iterdir())
            status, figures = self.one_round(name, place, seconds)
            if figures is None:
                break
            crashes = sorted(set((place / "crashes").iterdir()) - before)
            with self.lock:
                total = add_up(name, figures, crashes)
                print(
                    f"{name:12} {figures['runs']:>9,} runs  {figures['seconds']:>7.1f} s  {figures['edges']:>6,} edges; "
                    f"in all {total['runs']:,} runs, {total['seconds'] / 60:.1f} min of processor time", flush=True)
            if crashes:
                shutil.copy(place / "last-run.txt", place / "last-crash.txt")
                # At once: the other targets may go on for hours.
                for crash in crashes:
                    print(f"{name:12} found {crash}", flush=True)
                return crashes
            if status == INTERRUPTED:
                break
            if status:
                raise Failure(f"{name}: status {status}\n{(place / 'last-run.txt').read_text(errors='replace')[-3000:]}")
            # Of a target that waits for something, half of the time counts, so that it ends.
            left -= max(figures["seconds"], seconds / 2)
        return []

    def one_round(self, name, place, seconds):
        """libFuzzer's status and the figures of so many seconds; none where it is time to stop."""
        # No run is that of before again.
        rounds = read_figures().get(name, {}).get("rounds", 0)
        with self.lock:
            if self.stopping:
                return None, None
            with open(place / "last-run.txt", "wb") as said:
                process = subprocess.Popen(
                    [self.program, str(place / "corpus"), str(place / "seeds"), f"-max_total_time={max(1, round(seconds))}",
                     f"-dict={place / 'words'}", f"-max_len={LONGEST.get(name, 4096)}", "-timeout=25", "-rss_limit_mb=3000",
                     "-malloc_limit_mb=8000", "-print_final_stats=1", "-report_slow_units=1000",
                     f"-seed={self.options.seed + rounds}", f"-artifact_prefix={place / 'crashes'}/"],
                    env=environment(name), stdout=subprocess.DEVNULL, stderr=said)
            self.running.add(process)
        # Its own use of the processor, which subprocess does not tell.
        _, status, used = os.wait4(process.pid, 0)
        with self.lock:
            self.running.discard(process)
        process.returncode = os.waitstatus_to_exitcode(status)
        said = (place / "last-run.txt").read_text(errors="replace")
        runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", said)
        reached = re.findall(r"cov: (\d+)", said)
        return process.returncode, {
            "seconds": round(used.ru_utime + used.ru_stime, 1),
            "runs": int(runs[1]) if runs else 0, "edges": int(reached[-1]) if reached else 0,
        }


def read_figures():
    path = WORK / "figures.json"
    return json.loads(path.read_text()) if path.exists() else {}


def add_up(name, figures, crashes):
    """Keeps the figures of all runs together."""
    all_figures = read_figures()
    total = all_figures.setdefault(name, {"seconds": 0, "runs": 0, "edges": 0, "crashes": 0})
    total["seconds"] = round(total["seconds"] + figures["seconds"], 1)
    total["runs"] += figures["runs"]
    total["rounds"] = total.get("rounds", 0) + 1
    total["edges"] = max(total["edges"], figures["edges"])
    total["crashes"] += len(crashes)
    new = WORK / "figures.json.new"
    new.write_text(json.dumps(all_figures, indent=2))
    new.replace(WORK / "figures.json")
    return total


def keep(program, name, most_bytes):
    """Writes a small set that reaches what everything found so far reaches."""
    place = prepare(program, name)
    smallest = place / "smallest"
    shutil.rmtree(smallest, ignore_errors=True)
    smallest.mkdir()
    subprocess.run(
        [program, "-set_cover_merge=1", "-timeout=25", "-rss_limit_mb=3000", "-malloc_limit_mb=8000", str(smallest),
         str(place / "corpus"), str(place / "seeds")],
        env=environment(name), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    chosen, total = [], 0
    # Smallest first: they say most a byte.
    for path in sorted(smallest.iterdir(), key=lambda path: (path.stat().st_size, path.name)):
        line = base64.b64encode(path.read_bytes()).decode()
        if line and total + len(line) <= most_bytes:
            chosen.append(line)
            total += len(line) + 1
    KEPT.mkdir(parents=True, exist_ok=True)
    # Regressions are kept for what they once did, whatever they reach today.
    regressions = KEPT / f"{name}.regressions"
    old = regressions.read_text().split() if regressions.exists() else []
    lines = chosen + [line for line in old if line not in chosen]
    (KEPT / f"{name}.base64").write_text("".join(line + "\n" for line in lines))
    return len(lines), sum(len(line) + 1 for line in lines)


def main(options):
    program = build()
    names = subprocess.run([program, "names"], check=True, capture_output=True, text=True).stdout.split()
    for name in options.target or []:
        if name not in names:
            raise Failure(f"no target {name}", "there are " + ", ".join(names))
    names = options.target or names
    if options.input:
        if len(names) != 1:
            raise Failure("--input needs one --target")
        raise SystemExit(subprocess.run([program, options.input], env=environment(names[0])).returncode)
    found = Fuzzing(program, options).all(names) if options.seconds > 0 else []
    if options.keep:
        for name in names:
            count, size = keep(program, name, options.most_bytes)
            print(f"{name:12} {count:,} inputs kept, {size:,} bytes", flush=True)
    if found:
        raise Failure("found:\n  " + "\n  ".join(map(str, found)), "last-crash.txt beside them says where")
