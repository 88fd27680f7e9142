"""One command without a fault, and with one."""

import shutil
import time
from collections import namedtuple

from faults.bench import COUNTED
from tool import Failure, note

# What processes end by where Swift or the system stops them: SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV.
TRAPS = {-4, -5, -6, -7, -8, -11}

# A command, the folder before it, how many calls it makes and how long it takes, and what it results in without a fault.
Plan = namedtuple("Plan", "command ready calls milliseconds wanted")


def plan(bench, command, number):
    """Runs the command without a fault."""
    ready, place = bench.work / f"before-{number}", bench.work / f"whole-{number}"
    command.prepare(bench, ready)
    shutil.copytree(ready, place)
    started = time.monotonic()
    command.start(bench, place, COUNTED)
    milliseconds = int(1000 * (time.monotonic() - started))
    calls, streams = bench.counted()
    if calls == 0:
        raise Failure(f"{command.name}: no call was seen; is the program linked statically?")
    note(f"{command.name}: {calls} calls that change files in {milliseconds} ms")
    if streams:
        note(f"note: {command.name}: {streams} files written by stdio, whose writes are not let fail")
    return Plan(command, ready, calls, milliseconds, command.state(bench, place))


def ended_well(outcome, kind):
    """Raises where the program ended otherwise than by the signal, with 0 or with an error in words."""
    if outcome.status in TRAPS or "Fatal error" in outcome.errors:
        raise Failure(f"it ended by a trap, status {outcome.status}: {outcome.errors[-800:]}")
    allowed = (0, -9) if kind in ("kill", "torn", "signal") else (0, 1)
    if outcome.status not in allowed:
        raise Failure(f"status {outcome.status}: {outcome.errors[-500:]}")
    if outcome.status == 1 and "error:" not in outcome.errors:
        raise Failure(f"it failed without a word: {outcome.errors[-500:]}")


def one_fault(bench, plan, place, fault):
    """One fault and what follows it; its outcome. Raises where anything is not as it must be, and keeps `place` then."""
    command = plan.command
    shutil.copytree(plan.ready, place)
    outcome = command.start(bench, place, fault)
    try:
        ended_well(outcome, fault.kind)
        command.check(bench, place, outcome, plan.wanted)
        again = command.start(bench, place)
        command.check(bench, place, again, plan.wanted)
        command.check_again(bench, place, outcome, again, plan.wanted)
    except Failure as failure:
        raise Failure(f"{failure} (after {outcome.call or 'no call'} went wrong)") from None
    shutil.rmtree(place)
    return outcome
