"""What a failed test leaves: files for people, and a few lines that name them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twins.crash import register_lines
from twins.engines import Capability
from twins.errors import TwinError
from twins.files import whole_file
from twins.frames import frame_of, save_png
from twins.saved import save
from twins.testing.panics import fault_report, panic_report
from twins.testing.watch import Watch
from twins.trace import PinWindow
from twins.twin import Twin
from twins.units import Duration
from twins.vcd import PinRecorder

if TYPE_CHECKING:
    from twins.ports import Times

TRACE_LINES = 200
LOG_LINES = 15
SNAPSHOT = "snapshot.twin"


def folder_for(root: Path, nodeid: str) -> Path:
    """The folder of a test; another for each, so that workers of pytest-xdist keep apart.

    >>> folder_for(Path("out"), "tests/test_x.py::test_y[a/b-1]").as_posix()
    'out/tests.test_x/test_y[a_b-1]'
    """
    file, _, name = nodeid.partition("::")
    module = re.sub(r"\.py$", "", file).replace("/", ".").replace("\\", ".") or "tests"
    return root / re.sub(r"[^\w.\-]", "_", module) / re.sub(r"[^\w.\-\[\]]", "_", name.replace("::", "."))[:120]


def clear(folder: Path) -> None:
    """What an earlier run of the test left goes away."""
    if folder.is_dir():
        shutil.rmtree(folder)


def gather(watch: Watch, folder: Path) -> Iterator[tuple[str, Path | str]]:
    """Writes the evidence of each twin; names with paths, and texts under names that end in a colon."""
    for number, twin in enumerate(watch.twins):
        place = folder if len(watch.twins) == 1 else folder / f"{number}_{twin.board.name}"
        prefix = "" if len(watch.twins) == 1 else f"{place.name}."
        for name, found in _of_twin(twin, place, watch.windows.get(id(twin))):
            yield prefix + name, found


def _of_twin(twin: Twin, folder: Path, window: PinWindow | None) -> Iterator[tuple[str, Path | str]]:
    engine = "" if twin.engine_name == "native" else f", engine {twin.engine_name}"
    yield "twin:", f"{twin.board.name} at {twin.time}, image {twin.image.path.name if twin.image else 'none'}{engine}"
    for name in twin.console_names:
        log = twin.output(name)
        if log:
            yield f"console.{name}", _write(folder / f"console-{name}.log", log)
    panics = [panic_report(twin.output(name).decode("utf-8", "replace"), twin.symbols) for name in twin.console_names]
    for panic in dict.fromkeys(text for text in panics if text):
        yield "panic:", panic
    if Capability.REGISTERS in twin.capabilities and Capability.CORES in twin.capabilities:
        fault = fault_report(twin)
        if fault:
            yield "fault:", fault
        yield "registers", _write(folder / "registers.txt", registers(twin).encode())
    if window is not None:
        twin.pin_log.drain()
        start, before, at, level = window.last(twin.now)
        yield "trace", _write(folder / "trace.txt", trace_lines(twin, before, at, level).encode())
        yield "vcd", _vcd(twin, folder / "pins.vcd", start, before, at, level)
    for name, part in twin.parts.items():
        try:
            frame = frame_of(part)
        except TwinError:
            continue
        yield f"frame.{name}", save_png(frame, folder / f"{name}.png")
    try:
        yield "snapshot", save(twin.snapshot(), folder / SNAPSHOT)
    except TwinError as error:
        yield "snapshot:", f"none: {error}"


def registers(twin: Twin) -> str:
    """The registers and the backtrace of each core, resets, and what is not modelled."""
    lines = [f"{twin.board.name} at {twin.time}"]
    for core in range(len(twin.instructions)):
        place = twin.symbols.name(twin.registers(core)["pc"])
        lines.append(f"\ncore {core}: {place}, {twin.instructions[core]} instructions so far")
        lines.extend(register_lines(twin, core))
    lines.append("")
    lines.extend(f"reset at {Duration(at)}: {why}" for at, why in twin.resets)
    gaps = twin.unimplemented if Capability.LEDGER in twin.capabilities else {}
    lines.extend(f"not modelled: {name}, {gap.count} times: {gap.why}" for name, gap in gaps.items())
    return "\n".join(lines) + "\n"


def trace_lines(twin: Twin, before: int | None, at: Times, level: Times) -> str:
    """The last changes of pins, and resets between them, a line each."""
    names = [f"GPIO{number}" for number in range(twin.board.chip.pins)]
    known = (1 << len(names)) - 1
    moments, levels = at[-TRACE_LINES:].tolist(), level[-TRACE_LINES:].tolist()
    first = int(level[-TRACE_LINES - 1]) if len(level) > TRACE_LINES else before
    lines = [(moment, f"reset: {why}") for moment, why in twin.resets if not moments or moment >= moments[0]]
    for moment, now in zip(moments, levels, strict=True):
        changed = (now ^ first if first is not None else 0) & known
        words = [f"{name}={now >> bit & 1}" for bit, name in enumerate(names) if changed >> bit & 1]
        if words:
            lines.append((moment, " ".join(words)))
        first = now
    return "".join(f"{Duration(moment)!s:>16}  {words}\n" for moment, words in sorted(lines)[-TRACE_LINES:])


def _vcd(twin: Twin, path: Path, start: int, before: int | None, at: Times, level: Times) -> Path:
    pins = {f"GPIO{number}": number for number in range(twin.board.chip.pins)}
    initial = before if before is not None else int(level[0]) if len(level) else twin.pins.levels
    recorder = PinRecorder(path, pins, initial)
    recorder.add(np.array([start], np.uint64), np.array([initial], np.uint64))
    recorder.add(at, level)
    recorder.close(twin.now)
    return path


def _write(path: Path, data: bytes) -> Path:
    with whole_file(path) as partial:
        partial.write_bytes(data)
    return path


def last_lines(twin: Twin) -> str:
    """The last lines that the consoles showed."""
    words = []
    for name in twin.console_names:
        shown = twin.output(name).decode("utf-8", "replace").splitlines()[-LOG_LINES:]
        if shown:
            words.append(f"last lines of console {name}:")
            words.extend(f"  {line}" for line in shown)
    return "\n".join(words)
