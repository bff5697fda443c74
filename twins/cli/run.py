"""``twins run``: run an image on a board."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twins.cli.script import find_part, load_script, play
from twins.errors import FirmwareCrashed, UsageError
from twins.frames import Video, frame_of, save_png, sha256
from twins.twin import Twin
from twins.units import MS, SECOND, Duration, ps
from twins.vcd import PinRecorder

DONE, FAILED, TIME_OVER, CRASHED = 0, 1, 3, 4
STEP = 20 * MS
UNTIL, FAIL_ON, SCRIPT = 1, 2, 3


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add = parser.add_argument
    add("board", metavar="BOARD", help="a name (see `twins boards`) or a .toml file")
    add("image", metavar="IMAGE", help=".uf2, .elf, .hex or .bin")
    add("--elf", metavar="FILE", help="symbols for the image")
    add("--for", dest="duration", metavar="TIME", default="10s", help="virtual time to run at the most (10s)")
    add("--until", metavar="TEXT", help="done when a console shows this")
    add("--fail-on", metavar="TEXT", help="failed (exit 1) when a console shows this")
    add("--input", metavar="SCRIPT.yaml", help="what a person does: turn, press, type, wait")
    add("--frame", metavar="PART=FILE.png", action="append", default=[], help="picture of a part at the end")
    add("--video", metavar="PART=FILE.gif", action="append", default=[], help="video of a part")
    add("--uart", metavar="FILE", help="what the consoles showed")
    add("--vcd", metavar="FILE", help="every change of a pin")
    add("--flash-out", metavar="FILE", help="the flash chip's contents at the end")
    add("--rom", metavar="FILE", help="a real boot ROM image to run")
    add("--seed", metavar="N", type=int, default=0, help="for all that is random (0)")
    add("--json", action="store_true", help="end with one JSON object")


class _Run:
    """One run of the command."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.frames = [_pair(text, "--frame") for text in options.frame]
        self.videos = [(*_pair(text, "--video"), Video()) for text in options.video]
        self.deadline = ps(options.duration)
        steps = load_script(options.input) if options.input else []
        self.twin = Twin(options.board, options.image, elf=options.elf, seed=options.seed, rom=options.rom)
        for part, _ in self.frames:
            frame_of(find_part(self.twin, part))
        self.script: Iterator[tuple[str, Any]] = play(self.twin, steps)
        self.script_at: int | None = 0
        self.wanted: str | None = None
        self.vcd = self._start_vcd() if options.vcd else None
        self.terminal = sys.stderr.isatty() and not options.json
        self.shown = 0

    def _start_vcd(self) -> PinRecorder:
        self.twin.trace.record_pins()
        pins = {f"GPIO{n}": n for n in range(self.twin.board.chip.pins)}
        return PinRecorder(self.options.vcd, pins, 0)

    def go(self) -> int:
        """Runs to the end; the exit code."""
        self._watch()
        while True:
            self._play()
            now = self.twin.now
            if now >= self.deadline:
                return TIME_OVER if self.options.until else DONE
            goal = min(self.deadline, now + STEP, self.script_at if self.script_at is not None else self.deadline)
            kind, key, _, _ = self.twin.advance(max(goal, now + 1), stop_at_text=True)
            self._look()
            if kind == "text":
                if key == UNTIL:
                    return DONE
                if key == FAIL_ON:
                    return FAILED
                self.wanted = None
                self.script_at = self.twin.now
                self._watch()

    def _watch(self) -> None:
        self.twin.unwatch_texts()
        for text, key in ((self.options.fail_on, FAIL_ON), (self.options.until, UNTIL), (self.wanted, SCRIPT)):
            if text:
                self.twin.watch_text(text, key)

    def _play(self) -> None:
        """Carries out the steps of the script that are due."""
        while self.script_at is not None and self.wanted is None and self.script_at <= self.twin.now:
            step: tuple[str, Any] = next(self.script, ("end", None))
            action, value = step
            if action == "wait":
                self.script_at = self.twin.now + value
            elif action == "expect":
                self.script_at = None
                if value not in self.twin.console.text:
                    self.wanted = value
                    self._watch()
                    return
                self.script_at = self.twin.now
            else:
                self.script_at = None

    def _look(self) -> None:
        for part, _, video in self.videos:
            video.add(frame_of(find_part(self.twin, part)), self.twin.now)
        if self.vcd is not None:
            self.vcd.add(*self.twin.trace.take_pins())
        text = self.twin.console.text
        if not self.options.json and not self.terminal:
            sys.stdout.write(text[self.shown :])
        elif self.terminal:
            last = text.rstrip().rsplit("\n", 1)[-1][:60]
            rate = self.twin.now / SECOND / max(time.process_time(), 1e-9)
            sys.stderr.write(f"\r\x1b[K{Duration(self.twin.now // MS * MS)!s:>9}  {rate:6.2f}x  {last}")
        self.shown = len(text)

    def save(self) -> dict[str, dict[str, str]]:
        """Writes what was asked for; the pictures by part."""
        if self.terminal:
            sys.stderr.write("\n")
        pictures = {}
        for part, path in self.frames:
            frame = frame_of(find_part(self.twin, part))
            pictures[part] = {"path": str(save_png(frame, path)), "sha256": sha256(frame)}
        for _, path, video in self.videos:
            video.save_gif(path)
        if self.options.uart:
            _parent(self.options.uart).write_bytes(self.twin.console.log)
        if self.vcd is not None:
            self.vcd.close(self.twin.now)
        if self.options.flash_out:
            self.twin.save_flash(_parent(self.options.flash_out))
        return pictures


def run(options: argparse.Namespace) -> int:
    """Runs the image; the exit code."""
    job = _Run(options)
    start = time.process_time()
    report = ""
    try:
        code = job.go()
    except FirmwareCrashed as crash:
        code, report = CRASHED, str(crash)
    cpu = time.process_time() - start
    frames = job.save()
    twin = job.twin
    if report:
        print(report, file=sys.stderr)
    if code == TIME_OVER:
        last = twin.console.text.rstrip().rsplit("\n", 1)[-1]
        print(
            f"twins: {options.until!r} was not seen within {Duration(job.deadline)}; last line: {last!r}",
            file=sys.stderr,
        )
    virtual = twin.now / SECOND
    instructions = twin.instructions
    if options.json:
        result = {
            "virtual_s": virtual,
            "cpu_s": cpu,
            "instructions": instructions,
            "mips": sum(instructions) / max(cpu, 1e-9) / 1e6,
            "rtf": virtual / max(cpu, 1e-9),
            "trace_sha256": twin.trace.sha256,
            "unimplemented": {name: gap.count for name, gap in twin.unimplemented.items()},
            "frames": frames,
            "exit": code,
        }
        if report:
            result["crash"] = report
        print(json.dumps(result))
    else:
        print(
            f"{Duration(twin.now)} of virtual time in {cpu:.2f} s of CPU time: "
            f"{virtual / max(cpu, 1e-9):.2f} times real time, {sum(instructions) / max(cpu, 1e-9) / 1e6:.1f} MIPS",
            file=sys.stderr,
        )
    return code


def _pair(text: str, option: str) -> tuple[str, str]:
    part, separator, path = text.partition("=")
    if not separator or not part or not path:
        raise UsageError(f"{option} {text!r}: expected PART=FILE, as in lcd=screen.png")
    return part, path


def _parent(path: str) -> Path:
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target
