"""How things are measured: the CPU time of child processes, medians, and peers that take turns."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = ROOT / "build" / "bench"
IMAGES = ROOT / "firmware" / "images"


class Missing(Exception):  # noqa: N818  (nothing is wrong: it is absent)
    """An engine or an image that is not here; the message says why."""


@dataclass(frozen=True)
class Usage:
    """What the kernel counted for one child process."""

    cpu_s: float
    wall_s: float
    peak_rss_mb: float
    stdout: str


def run(*command: str | Path, cwd: Path | None = None) -> Usage:
    """Run a child to its end, waiting for it alone, so that its resource usage is its own."""
    words = [str(word) for word in command]
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as complaints:
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=complaints, text=True, cwd=cwd) as child:
            assert child.stdout is not None
            stdout = child.stdout.read()
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            complaints.seek(0)
            reason = (complaints.read() or stdout).strip()[-600:]
            raise Missing(f"`{' '.join(words[:6])} …` ended with {child.returncode}: {reason}")
    return Usage(usage.ru_utime + usage.ru_stime, time.monotonic() - started, usage.ru_maxrss / 1024, stdout)


def python(script: str, *arguments: str | Path) -> Usage:
    """A few lines of Python in a process of their own."""
    return run(sys.executable, "-c", script, *arguments, cwd=ROOT)


def image(name: str) -> Path:
    """One of our own images."""
    path = IMAGES / name
    if not path.exists():
        raise Missing(f"{name} is not there: `make firmware` builds it")
    return path


def symbol(path: Path, name: str) -> int:
    """The address of a symbol of an ELF."""
    with path.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        if not isinstance(table, SymbolTableSection) or not (found := table.get_symbol_by_name(name)):
            raise Missing(f"{path} has no symbol {name}: it is not the image that is asked for")
        return int(found[0]["st_value"])


def twins(board: str, path: Path, virtual_s: float) -> tuple[dict[str, Any], Usage]:
    """One run of our own command line, as a user would start it."""
    command = Path(sys.executable).parent / "twins"
    if not command.exists():
        raise Missing(f"{command} is not there: `make bench` installs boardtwins first")
    usage = run(command, "run", board, path, "--for", f"{virtual_s}s", "--json")
    return json.loads(usage.stdout.splitlines()[-1]), usage


@dataclass(frozen=True)
class Engine:
    """Something that runs an image: `work(amount)` returns instructions executed and what the child used."""

    name: str
    amounts: tuple[float, float]
    work: Callable[[float], tuple[float, Usage]]

    def mips(self) -> float:
        """Million instructions each CPU second: the slope between a short run and a long one."""
        (few, short), (many, long) = (self.work(amount) for amount in self.amounts)
        return (many - few) / (long.cpu_s - short.cpu_s) / 1e6


def ours(board: str, path: Path, amounts: tuple[float, float]) -> Engine:
    """This engine, all of its processors."""

    def work(virtual_s: float) -> tuple[float, Usage]:
        report, usage = twins(board, path, virtual_s)
        return float(sum(report["instructions"])), usage

    return Engine("boardtwins", amounts, work)


class Bench:
    """Collects the figures, and what is missing with its reason."""

    def __init__(self, repetitions: int, names: tuple[str, ...]) -> None:
        self.repetitions = repetitions
        self.figures: dict[str, float | None] = dict.fromkeys(names)
        self.missing: list[str] = []

    @contextmanager
    def trying(self, what: str) -> Iterator[None]:
        """What cannot be measured is named, and the rest goes on."""
        try:
            yield
        except Missing as reason:
            self.missing.append(f"{what}: {reason}")
            print(f"MISSING {what}: {reason}", file=sys.stderr, flush=True)

    def median(self, name: str, measure: Callable[[], float]) -> None:
        """A figure: the median of the repetitions."""
        with self.trying(name):
            self.figures[name] = statistics.median(measure() for _ in range(self.repetitions))

    def real_time_factor(self, name: str, board: str, file: str, short: float, long: float) -> None:
        """A figure: virtual seconds each CPU second, start-up left out."""

        def factor() -> float:
            (few, less), (many, more) = (twins(board, image(file), seconds) for seconds in (short, long))
            return float(many["virtual_s"] - few["virtual_s"]) / (more.cpu_s - less.cpu_s)

        self.median(name, factor)

    def compare(self, what: str, prepared: Mapping[str, Callable[[], Engine]]) -> dict[str, float]:
        """Million instructions a second of each engine that is here, ours first; they take turns."""
        engines: list[Engine] = []
        for name, prepare in prepared.items():
            with self.trying(f"{what}, {name}"):
                engine = prepare()
                engine.work(engine.amounts[0])
                engines.append(engine)
        samples: dict[str, list[float]] = {engine.name: [] for engine in engines}
        for _ in range(self.repetitions):
            for engine in engines:
                samples[engine.name].append(engine.mips())
        print(f"\n{what}, {self.repetitions} repetitions".ljust(42), "MIPS (median, lowest, highest)   boardtwins is")
        speed = {name: statistics.median(values) for name, values in samples.items()}
        own = speed.get("boardtwins")
        for name, values in samples.items():
            ratio = f"{own / speed[name]:8.2f} x" if own else "     ?"
            print(f"  {name:24} {speed[name]:10.1f} {min(values):9.1f} {max(values):9.1f}      {ratio}")
        return speed

    def fork(self, name: str, board: str, path: str | Path, virtual: str) -> None:
        """A figure: CPU milliseconds of a fork of a twin that has run for a while."""
        script = (
            "import sys, time, statistics\n"
            "from twins import Image, Twin\n"
            "from twins.image import chip_of\n"
            "spent = []\n"
            "with Twin(sys.argv[1], image=Image.load(sys.argv[2], chip_of(sys.argv[2]))) as twin:\n"
            "    twin.run(sys.argv[3])\n"
            "    for _ in range(20):\n"
            "        t = time.process_time()\n"
            "        with twin.fork() as fork:\n"
            "            spent.append((time.process_time() - t) * 1e3)\n"
            "            fork.run('1ms')\n"
            "print(statistics.median(spent))\n"
        )
        self.median(name, lambda: float(python(script, board, path, virtual).stdout))


class Peer:
    """A package from PyPI in a virtual environment of its own."""

    def __init__(self, name: str, version: str) -> None:
        self.home = BUILD / name
        self.python = self.home / "bin" / "python"
        if not list(self.home.glob(f"lib/python*/site-packages/{name}-{version}.dist-info")):
            venv.create(self.home, with_pip=True, clear=True)
            run(self.python, "-m", "pip", "install", "--quiet", f"{name}=={version}")


def first(figures: Mapping[str, float], name: str) -> float | None:
    """The speed of the engine whose name starts with this."""
    return next((speed for engine, speed in figures.items() if engine.startswith(name)), None)
