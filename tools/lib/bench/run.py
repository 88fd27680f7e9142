"""The whole run: options, environment, groups, report."""

import signal
import sys

from bench import machine, report
from bench.contest import Store
from bench.environment import Environment
from bench.groups import GROUPS
from bench.options import parse
from bench.program import Bench, Program
from tool import note


def main(description):
    options = parse(description)
    # A shell's background jobs are started with the one ignored, and the other would leave the peers behind.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        measure(options)
    except KeyboardInterrupt:
        note("interrupted; run the same command again to go on")
        raise


def measure(options):
    facts = machine.facts()
    # Two processors' worth of other work halves everything, and not on both sides alike.
    if facts["load"] > 0.3 * facts["processors"]:
        note(f"warning: the machine is busy (load {facts['load']}); ratios are less certain, times are wrong")
    program = Program(options.mixtape)
    options.work.mkdir(parents=True, exist_ok=True)
    environment = Environment(options.venv, options.python, not options.no_install)
    store = Store(options.work / "results.json", program.fingerprint)
    bench = Bench(options, program, environment, store)
    for name in options.rows:
        if options.fresh:
            store.forget(name)
        store.skipped.pop(name, None)
        note(f"— {GROUPS[name].TITLE} —")
        GROUPS[name].measure(bench)
        store.save()
    # Rows that an earlier run measured needed nothing of the environment in this one.
    store.versions.update(environment.versions)
    store.save()
    text = report.write(options, facts, store)
    sys.stdout.write(text)
    note(f"written to {options.out}/{report.NAME}")
