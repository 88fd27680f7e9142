"""The machine: what it is, and what a process on it took."""

import contextlib
import os
import subprocess
import threading
import time
from collections import namedtuple

from tool import Failure


def facts():
    """What a reader must know of the machine: processor, its instructions, memory, load."""
    model, flags = "unknown processor", set()
    with open("/proc/cpuinfo") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                model = value.strip()
            elif name.strip() == "flags":
                flags = set(value.split())
                break
    with open("/proc/meminfo") as lines:
        kilobytes = int(next(lines).split()[1])
    wanted = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")
    return {
        "processor": model, "processors": len(os.sched_getaffinity(0)),
        "instructions": [flag for flag in wanted if flag in flags], "memory_gb": round(kilobytes / 1e6, 1),
        "load": round(os.getloadavg()[0], 2),
    }


def multiplies_bfloat16():
    """Whether bfloat16 products are an instruction here; emulated ones take a hundred times as long."""
    return any(flag.endswith("_bf16") for flag in facts()["instructions"])


@contextlib.contextmanager
def kept_to(processors):
    """What is started inside runs on that many processors; None: on all."""
    # What a process is allowed to run on is inherited: cheaper than a hook in the child, which would slow its start.
    allowed = os.sched_getaffinity(0)
    if processors:
        os.sched_setaffinity(0, sorted(allowed)[:processors])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


# Wall time in seconds and peak memory in bytes of one process, with what it wrote.
Taken = namedtuple("Taken", "seconds peak output")


def decode(path, processors, *options):
    """Decodes a video with the ffmpeg program, and throws the frames away."""
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", *options, "-i", path, "-map", "0:v:0"]
    return timed([*command, "-f", "null", "-"], processors).seconds


def timed(command, processors=None):
    """Runs a process to its end; `processors` keeps it to that many. Its failure ends the run."""
    command = [str(word) for word in command]
    try:
        with kept_to(processors):
            start = time.perf_counter()
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        raise Failure(f"{command[0]}: cannot be run: {error.strerror}") from None
    complaints = []
    reader = threading.Thread(target=lambda: complaints.append(process.stderr.read()))
    reader.start()
    output = process.stdout.read()
    reader.join()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    process.stderr.close()
    if process.returncode:
        text = complaints[0].decode(errors="replace").strip()
        raise Failure(f"{' '.join(command[:4])} … ended with status {process.returncode}: {text[-600:]}")
    return Taken(seconds, usage.ru_maxrss * 1024, output.decode(errors="replace"))
