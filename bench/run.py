#!/usr/bin/env python3
"""Measure this engine and its peers side by side, in one run on one machine: `make bench`.

Speeds are taken from outside, the same way for every engine: the CPU time (user and system) that the kernel counts for
the child process. Each measurement runs the child twice, short and long, and divides the difference of the work by the
difference of the time, so that start-up and the warming of a just-in-time compiler are nobody's cost. Engines take
turns within each repetition, so that a neighbour on the machine disturbs all alike; medians are reported.

Writes bench/out/latest.json: the names of `NAMES`, each with a number, or null where it could not be measured, and
`missing`: what and why.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = ROOT / "build" / "bench"
IMAGES = ROOT / "firmware" / "images"
LATEST = HERE / "out" / "latest.json"

RP2040JS, RP2040PY = "1.4.1", "0.3.6"

NAMES = (
    "rp2040_tight_loop_mips",
    "rp2040_tight_loop_vs_rp2040js",
    "rp2040_tight_loop_vs_rp2040py",
    "media_controller_rtf",
    "media_controller_dual_rtf",
    "rp2040_idle_rtf",
    "fork_ms",
    "twin_rss_mb",
    "import_ms",
)
# What issue 2, section 10 asks for; shown beside the figures, judged by the reader.
GOALS = {
    "rp2040_tight_loop_vs_rp2040js": ">= 5",
    "media_controller_rtf": ">= 1",
    "media_controller_dual_rtf": ">= 0.5",
    "rp2040_idle_rtf": ">= 20",
    "fork_ms": "<= 20",
    "twin_rss_mb": "<= 150",
    "import_ms": "<= 150",
}

# firmware/tight_loop: eight instructions each turn, and one turn more in this word
COUNTER, INSTRUCTIONS_PER_TURN = "tight_loop_counter", 8


class Missing(Exception):  # noqa: N818  (nothing is wrong: it is absent)
    """An engine or an image that is not here; the message says why."""


@dataclass(frozen=True)
class Usage:
    """What the kernel counted for one child process."""

    cpu_s: float
    peak_rss_mb: float
    stdout: str


def run(*command: str | Path) -> Usage:
    """Run a child to its end, waiting for it alone, so that its resource usage is its own."""
    words = [str(word) for word in command]
    with tempfile.TemporaryFile("w+") as complaints:
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=complaints, text=True) as child:
            assert child.stdout is not None
            stdout = child.stdout.read()
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            complaints.seek(0)
            reason = (complaints.read() or stdout).strip()[-600:]
            raise Missing(f"`{' '.join(words[:6])} …` ended with {child.returncode}: {reason}")
    return Usage(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, stdout)


# --- the image that all run -------------------------------------------------------------------------------------------


def tight_loop(path: Path) -> Path:
    """The tight loop as a plan that a peer's runner can follow without an ELF reader of its own."""
    if not path.exists():
        raise Missing(f"{path} is not there: `make firmware` builds it")
    with path.open("rb") as file:
        elf = ELFFile(file)
        symbols = elf.get_section_by_name(".symtab")
        if not isinstance(symbols, SymbolTableSection) or not (counter := symbols.get_symbol_by_name(COUNTER)):
            raise Missing(f"{path} has no symbol {COUNTER}: it is not a build of firmware/tight_loop")
        plan = {
            "entry": elf["e_entry"] & ~1,
            "counter": counter[0]["st_value"],
            "instructions_per_turn": INSTRUCTIONS_PER_TURN,
            "segments": [
                {"address": segment["p_paddr"], "hex": segment.data().hex()}
                for segment in elf.iter_segments("PT_LOAD")
                if segment["p_filesz"]
            ],
        }
    place = BUILD / "tight_loop.json"
    place.write_text(json.dumps(plan))
    return place


# --- the engines ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Engine:
    """Something that runs the tight loop: `work(amount)` returns instructions executed and what the child used."""

    name: str
    amounts: tuple[float, float]
    work: Callable[[float], tuple[float, Usage]]

    def mips(self) -> float:
        """Million instructions each CPU second: the slope between a short run and a long one."""
        (few, short), (many, long) = (self.work(amount) for amount in self.amounts)
        return (many - few) / (long.cpu_s - short.cpu_s) / 1e6


def rp2040js(plan: Path) -> Engine:
    """rp2040js from npm."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise Missing("rp2040js needs node and npm on PATH (Debian packages nodejs, npm)")
    home = BUILD / "rp2040js"
    manifest = home / "node_modules" / "rp2040js" / "package.json"
    if not manifest.exists() or json.loads(manifest.read_text())["version"] != RP2040JS:
        run("npm", "install", "--silent", "--no-save", "--prefix", home, f"rp2040js@{RP2040JS}")
    runner = home / "rp2040js.mjs"  # node looks for packages beside the script
    shutil.copy(HERE / "peers" / "rp2040js.mjs", runner)

    def work(instructions: float) -> tuple[float, Usage]:
        usage = run("node", runner, plan, str(int(instructions)))
        return float(usage.stdout), usage

    return Engine(f"rp2040js {RP2040JS}", (20e6, 120e6), work)


def rp2040py(plan: Path) -> Engine:
    """rp2040py from PyPI, with its compiled core."""
    home = BUILD / "rp2040py"
    python = home / "bin" / "python"
    if not list(home.glob(f"lib/python*/site-packages/rp2040py-{RP2040PY}.dist-info")):
        venv.create(home, with_pip=True, clear=True)
        run(python, "-m", "pip", "install", "--quiet", f"rp2040py=={RP2040PY}")

    def work(instructions: float) -> tuple[float, Usage]:
        usage = run(python, HERE / "peers" / "rp2040py_runner.py", plan, str(int(instructions)))
        return float(usage.stdout), usage

    return Engine(f"rp2040py {RP2040PY}", (3e6, 15e6), work)


def twins(board: str, image: Path, virtual_s: float) -> tuple[dict[str, Any], Usage]:
    """One run of our own command line, as a user would start it."""
    if not image.exists():
        raise Missing(f"{image} is not there: `make firmware` builds it")
    command = Path(sys.executable).parent / "twins"
    if not command.exists():
        raise Missing(f"{command} is not there: `make bench` installs boardtwins first")
    usage = run(command, "run", board, image, "--for", f"{virtual_s}s", "--json")
    return json.loads(usage.stdout.splitlines()[-1]), usage


def ours(image: Path) -> Engine:
    """This engine."""

    def work(virtual_s: float) -> tuple[float, Usage]:
        report, usage = twins("pico", image, virtual_s)
        return float(sum(report["instructions"])), usage

    return Engine("boardtwins", (1, 11), work)


# --- the figures ------------------------------------------------------------------------------------------------------


class Bench:
    """Collects the figures, and what is missing with its reason."""

    def __init__(self, repetitions: int) -> None:
        self.repetitions = repetitions
        self.figures: dict[str, float | None] = dict.fromkeys(NAMES)
        self.missing: list[str] = []

    @contextmanager
    def trying(self, what: str) -> Iterator[None]:
        """What cannot be measured is named, and the rest goes on."""
        try:
            yield
        except Missing as reason:
            self.missing.append(f"{what}: {reason}")
            print(f"MISSING {what}: {reason}", file=sys.stderr, flush=True)

    def median(self, measure: Callable[[], float]) -> float:
        """The median of the repetitions."""
        return statistics.median(measure() for _ in range(self.repetitions))

    def speeds(self, image: Path) -> None:
        """The tight loop on every engine that is here."""
        engines: list[Engine] = []
        plan: Path | None = None
        with self.trying("tight loop"):
            plan = tight_loop(image)
        if plan is None:
            return
        prepared = {
            "boardtwins": partial(ours, image),
            "rp2040js": partial(rp2040js, plan),
            "rp2040py": partial(rp2040py, plan),
        }
        for name, prepare in prepared.items():
            with self.trying(name):
                engine = prepare()
                engine.work(engine.amounts[0])
                engines.append(engine)
        samples: dict[str, list[float]] = {engine.name: [] for engine in engines}
        for _ in range(self.repetitions):
            for engine in engines:
                samples[engine.name].append(engine.mips())
        print(f"\ntight loop, {self.repetitions} repetitions   MIPS (median, lowest, highest)   boardtwins is")
        speed = {name: statistics.median(values) for name, values in samples.items()}
        own = speed.get("boardtwins")
        for name, values in samples.items():
            ratio = f"{own / speed[name]:8.2f} x" if own else "     ?"
            print(f"  {name:24} {speed[name]:10.1f} {min(values):9.1f} {max(values):9.1f}      {ratio}")
            if own and name != "boardtwins":
                self.figures[f"rp2040_tight_loop_vs_{name.partition(' ')[0]}"] = own / speed[name]
        self.figures["rp2040_tight_loop_mips"] = own

    def real_time_factors(self) -> None:
        """Virtual seconds each CPU second, start-up left out."""
        for name, board, image, (short, long) in (
            ("media_controller_rtf", "media_controller", "media_controller_bench.elf", (1, 5)),
            ("media_controller_dual_rtf", "media_controller", "media_controller_dual_bench.elf", (1, 5)),
            ("rp2040_idle_rtf", "pico", "idle.elf", (1, 101)),
        ):

            def factor(board: str = board, image: str = image, short: float = short, long: float = long) -> float:
                (few, less), (many, more) = (twins(board, IMAGES / image, seconds) for seconds in (short, long))
                return float(many["virtual_s"] - few["virtual_s"]) / (more.cpu_s - less.cpu_s)

            with self.trying(name):
                self.figures[name] = self.median(factor)

    def costs(self) -> None:
        """What one twin costs a test suite."""
        media = IMAGES / "media_controller.uf2"
        with self.trying("import_ms"):
            probe = "import time; t = time.process_time(); import twins; print((time.process_time() - t) * 1e3)"
            run(sys.executable, "-c", "import twins")  # byte-compiles
            self.figures["import_ms"] = self.median(lambda: float(run(sys.executable, "-c", probe).stdout))
        with self.trying("twin_rss_mb"):
            self.figures["twin_rss_mb"] = self.median(lambda: twins("media_controller", media, 1)[1].peak_rss_mb)
        with self.trying("fork_ms"):
            if not media.exists():
                raise Missing(f"{media} is not there: `make firmware` builds it")
            probe = (
                "import sys, time, statistics\n"
                "from twins import Twin\n"
                "spent = []\n"
                "with Twin('media_controller', image=sys.argv[1]) as twin:\n"
                "    twin.run('500ms')\n"
                "    for _ in range(20):\n"
                "        t = time.process_time()\n"
                "        with twin.fork() as fork:\n"
                "            spent.append((time.process_time() - t) * 1e3)\n"
                "            fork.run('1ms')\n"
                "print(statistics.median(spent))\n"
            )
            self.figures["fork_ms"] = self.median(lambda: float(run(sys.executable, "-c", probe, media).stdout))

    def report(self) -> None:
        """The table, and the file."""
        print(f"\n{'figure':34} {'measured':>10}   asked for")
        for name in NAMES:
            value = self.figures[name]
            print(f"{name:34} {'MISSING' if value is None else f'{value:10.3g}':>10}   {GOALS.get(name, '')}")
        for line in self.missing:
            print(f"MISSING {line}")
        LATEST.parent.mkdir(exist_ok=True)
        LATEST.write_text(json.dumps({**self.figures, "missing": self.missing}, indent=2) + "\n")
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
    parser.add_argument("--elf", type=Path, default=IMAGES / "tight_loop.elf", help="another build of the tight loop")
    arguments = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    print(f"{cpu_name()}, {os.cpu_count()} CPUs, load {load:.1f}, Python {platform.python_version()}")
    bench = Bench(arguments.repetitions)
    bench.speeds(arguments.elf)
    bench.real_time_factors()
    bench.costs()
    bench.report()
    return 0


if __name__ == "__main__":
    sys.exit(main())
