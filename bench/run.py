"""Measure this engine and its peers side by side, in one run on one machine: `make bench`.

Speeds are taken from outside, the same way for every engine: the CPU time (user and system) that the kernel counts for
the child process. Each measurement runs the child twice, short and long, and divides the difference of the work by the
difference of the time, so that start-up and the warming of a just-in-time compiler are nobody's cost. Engines take
turns within each repetition, so that a neighbour on the machine disturbs all alike; medians are reported.

Writes bench/out/latest.json: the names of each module's `NAMES`, each with a number, or null where it could not be
measured, and `missing`: what and why.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path

from bench import esp32s3, lamp, rp2040, view
from bench.measure import BUILD, HERE, Bench

LATEST = HERE / "out" / "latest.json"
CHIPS = {"rp2040": rp2040, "esp32s3": esp32s3, "lamp": lamp, "view": view}
GOALS = rp2040.GOALS | esp32s3.GOALS | lamp.GOALS | view.GOALS


def report(bench: Bench) -> None:
    """The table, and the file. The goals are those of the issues; the reader judges."""
    print(f"\n{'figure':34} {'measured':>10}   asked for")
    for name, value in bench.figures.items():
        print(f"{name:34} {'MISSING' if value is None else f'{value:10.3g}':>10}   {GOALS.get(name, '')}")
    for line in bench.missing:
        print(f"MISSING {line}")
    LATEST.parent.mkdir(exist_ok=True)
    LATEST.write_text(json.dumps({**bench.figures, "missing": bench.missing}, indent=2) + "\n")
    print(f"written to {LATEST}")


def cpu_name() -> str:
    """What the kernel calls this processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(": ")[2]
    return platform.machine()


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--repetitions", type=int, default=5, metavar="N", help="measure each figure N times (5)")
    parser.add_argument("--chip", choices=CHIPS, action="append", help="only this chip's figures")
    arguments = parser.parse_args()
    chosen = [CHIPS[name] for name in arguments.chip or CHIPS]
    BUILD.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    print(f"{cpu_name()}, {os.cpu_count()} CPUs, load {load:.1f}, Python {platform.python_version()}")
    bench = Bench(arguments.repetitions, sum((chip.NAMES for chip in chosen), ()))
    for chip in chosen:
        chip.measure(bench)
    report(bench)
    return 0


if __name__ == "__main__":
    sys.exit(main())
