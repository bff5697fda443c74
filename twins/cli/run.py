"""``twins run``: run an image on a board."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twins.cli.engine import add_engine_argument, check_board, twin_of
from twins.cli.imports import say_missing
from twins.cli.interrupts import exit_code
from twins.cli.serve import add_serve_arguments, is_served, limit, serve
from twins.cli.watch import Shown
from twins.engines import Capability
from twins.errors import FirmwareCrashed, ScriptFailed, UsageError
from twins.files import check_writable, whole_file
from twins.frames import VIDEOS, Video, frame_of, save_png, sha256
from twins.scripts import Player, Recorder, Step, check, find_part, load, watch
from twins.texts import Wanted
from twins.twin import Twin
from twins.units import MS, SECOND, Duration
from twins.vcd import PinRecorder
from twins.wokwi import Names, load_project
from twins.wokwi.project import is_project

DONE, FAILED, TIME_OVER, CRASHED = 0, 1, 3, 4
STEP = 20 * MS
WRITTEN = 2 * MS


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add = parser.add_argument
    add("board", metavar="BOARD", help="a name (see `twins boards`), a .toml file, or the folder of a project of Wokwi")
    add("image", metavar="IMAGE", nargs="?", help=".uf2, .elf, .hex or .bin; of a project it is in its wokwi.toml")
    add("--elf", metavar="FILE", help="symbols for the image")
    add("--rom", metavar="PATH", help="a real boot ROM to run: an image, an ELF, or the folder ESP_ROM_ELF_DIR names")
    add("--fuses", metavar="FILE", help="the fuses of an ESP32-S3, instead of those of a new module")
    add("--seed", metavar="N", type=int, default=0, help="for all that is random (0)")
    add_engine_argument(parser)
    add_going_arguments(parser)


def add_going_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of a run, whatever it begins from."""
    add = parser.add_argument
    add(
        "--for",
        dest="duration",
        metavar="TIME",
        help="virtual time to run at the most (10s; no end with --pty or --tcp)",
    )
    add("--until", metavar="TEXT", help="done when a console shows this")
    add("--fail-on", metavar="TEXT", help="failed (exit 1) when a console shows this")
    add(
        "--input",
        "--scenario",
        metavar="SCRIPT.yaml",
        help="what a person does: turn, press, type, wait (see twins.scripts), or a scenario of Wokwi; the run ends "
        "with it unless --for or --until says when",
    )
    add("--frame", metavar="PART=FILE.png", action="append", default=[], help="picture of a part at the end")
    add("--video", metavar="PART=FILE.gif", action="append", default=[], help="video of a part, .gif or .mp4")
    add("--uart", metavar="FILE", help="what the consoles showed")
    add("--vcd", metavar="FILE", help="every change of a pin")
    add("--flash-out", metavar="FILE", help="the flash chip's contents at the end")
    add("--fuses-out", metavar="FILE", help="the chip's fuses at the end")
    add_serve_arguments(parser)
    add("--json", action="store_true", help="end with one JSON object")


class _Run:
    """One run of the command."""

    def __init__(self, options: argparse.Namespace, resumed: Twin | None = None) -> None:
        self.options = options
        self.frames = [_pair(text, "--frame") for text in options.frame]
        self.videos = [(*_pair(text, "--video"), Video()) for text in options.video]
        self.deadline = limit(options)
        self._check_files()
        names = None
        if resumed is None:
            check_board(options.board, options.image)
        if resumed is None and is_project(options.board):
            names = _open_project(options)
        steps = load(options.input, names) if options.input else []
        if resumed is not None:
            self.twin = resumed
            self.deadline = self.deadline + resumed.now if self.deadline is not None else None
        else:
            if options.image is None:
                raise UsageError(f"run {options.board}: which image? Give IMAGE, as in twins run pico blink.uf2")
            self.twin = twin_of(options)
        try:
            self._prepare(steps, resumed)
        except BaseException:
            self.twin.close()
            raise

    def _prepare(self, steps: list[Step], resumed: Twin | None) -> None:
        """Checks what was asked for on the twin, and puts the listeners there."""
        options = self.options
        self.began = self.twin.now
        for part in [part for part, _ in self.frames] + [part for part, _, _ in self.videos]:
            frame_of(find_part(self.twin, part))
        check(self.twin, steps)
        # What a snapshot had shown already is neither shown nor looked for again.
        behind = {name: self.twin.output_length(name) for name in self.twin.console_names} if resumed else {}
        self.fail_on = Wanted(self.twin, options.fail_on, behind) if options.fail_on else None
        self.until = Wanted(self.twin, options.until, behind) if options.until else None
        self.player = Player(self.twin, steps, behind)
        self.watched: list[str] | None = None
        self.ends_with_script = bool(options.input) and not (options.until or options.duration or is_served(options))
        self.recorder: Recorder | None = None
        self.shown = Shown(self.twin, behind)
        self.vcd = self._start_vcd() if options.vcd else None
        self.terminal = sys.stderr.isatty() and not options.json
        # Another engine's work is not in this process: its seconds are those of the wall.
        self.clock = time.process_time if self.twin.engine_name == "native" else time.monotonic
        self.start = self.clock()

    def _check_files(self) -> None:
        """What cannot be written behind the run is refused before it."""
        for _, path in self.frames:
            check_writable(path, ".png")
        for _, path, _ in self.videos:
            if Path(path).suffix.lower() not in VIDEOS:
                raise UsageError(f"cannot write {path}: a video is a .gif or an .mp4")
            check_writable(path)
        options = self.options
        for path in (
            options.uart,
            options.vcd,
            options.flash_out,
            options.fuses_out,
            options.record,
            options.record_script,
        ):
            if path:
                check_writable(path)

    def open_to_outside(self) -> None:
        """Record, replay and servers, as asked for."""
        door = self.twin.door
        if self.options.replay:
            end = door.replay(self.options.replay)
            self.deadline = end if self.deadline is None else min(end, self.deadline)
        if self.options.record:
            door.record(self.options.record)
        if self.options.record_script:
            self.recorder = Recorder(self.twin, self.options.record_script)
        serve(self.twin, self.options)

    def _start_vcd(self) -> PinRecorder:
        self.twin.trace.record_pins()
        pins = {f"GPIO{n}": n for n in range(self.twin.board.chip.pins)}
        return PinRecorder(self.options.vcd, pins, self.twin.pins.levels if self.began else 0)

    @contextmanager
    def vcd_or_nothing(self) -> Iterator[None]:
        """A run that ends in an error leaves no VCD."""
        try:
            yield
        except BaseException:
            if self.vcd is not None:
                self.vcd.abandon()
            raise

    @property
    def cpu(self) -> float:
        """Seconds of processor time since the run began; of another engine, on the wall."""
        return max(self.clock() - self.start, 1e-6)

    def go(self) -> int:
        """Runs to the end; the exit code."""
        try:
            while True:
                self.player.play()
                self._watch()
                goal = self.twin.now + STEP
                if self.ends_with_script and self.player.done:
                    return DONE
                if self.deadline is not None:
                    if self.twin.now >= self.deadline:
                        return DONE if self.player.done and not self.until else TIME_OVER
                    goal = min(goal, self.deadline)
                if self.player.due is not None:
                    goal = min(goal, self.player.due)
                self._advance(goal)
                self._look()
                if self.fail_on and self.fail_on.find():
                    return FAILED
                self.player.play()
                if self.until and self.until.find():
                    return DONE
        finally:
            self._look()

    def _advance(self, goal: int) -> None:
        """To the goal, or to a text. Changes of pins are written down on the way: a display has millions in `STEP`."""
        while True:
            until = goal if self.vcd is None else min(goal, self.twin.now + WRITTEN)
            stop = self.twin.advance(max(until, self.twin.now + 1), stop_at_text=True)
            if self.vcd is not None:
                self.vcd.add(*self.twin.trace.take_pins())
            if stop[0] != "time" or self.twin.now >= goal:
                return

    def _watch(self) -> None:
        """The engine stops at these texts, so that nothing comes late."""
        texts = [wanted.text for wanted in (self.fail_on, self.until) if wanted] + self.player.texts
        if texts != self.watched:
            self.watched = texts
            watch(self.twin, texts)

    def _look(self) -> None:
        for part, _, video in self.videos:
            video.add(frame_of(find_part(self.twin, part)), self.twin.now)
        text = self.shown.take()
        if self.terminal:
            rate = (self.twin.now - self.began) / SECOND / self.cpu
            now = Duration(self.twin.now // MS * MS)
            sys.stderr.write(f"\r\x1b[K{now!s:>9}  {rate:6.2f}x  {self.shown.last_line[:60]}")
        elif not self.options.json:
            sys.stdout.write(text)

    def save(self) -> dict[str, dict[str, str]]:
        """Writes what was asked for; the pictures by part."""
        if self.terminal:
            sys.stderr.write("\n")
        elif not self.options.json:
            sys.stdout.write(self.shown.take(rest=True))
        pictures = {}
        for part, path in self.frames:
            frame = frame_of(find_part(self.twin, part))
            pictures[part] = {"path": str(save_png(frame, path)), "sha256": sha256(frame)}
        for _, path, video in self.videos:
            video.save(path)
        if self.recorder is not None:
            self.recorder.stop()
        if self.options.uart:
            with whole_file(self.options.uart) as partial:
                partial.write_bytes(self.twin.console.log)
        if self.vcd is not None:
            self.vcd.add(*self.twin.trace.take_pins())
            self.vcd.close(self.twin.now)
        if self.options.flash_out:
            self.twin.flash.save(self.options.flash_out)
        if self.options.fuses_out:
            self.twin.fuses.save(self.options.fuses_out)
        return pictures

    def why(self, code: int) -> str:
        """A sentence about an exit code other than 0."""
        last = f"last line: {self.shown.last_line!r}"
        limit = Duration(self.deadline) if self.deadline is not None else self.twin.time
        if code == FAILED:
            return f"{self.options.fail_on!r} was seen at {self.twin.time}; {last}"
        if not self.player.done:
            return f"{self.player.unfinished()} within {limit}; {last}"
        return f"{self.options.until!r} was not seen within {limit}; {last}"


def run(options: argparse.Namespace, resumed: Twin | None = None) -> int:
    """Runs the image, or goes on with a twin; the exit code."""
    job = _Run(options, resumed)
    report = ""
    with job.twin, job.vcd_or_nothing():
        job.open_to_outside()
        try:
            code = job.go()
        except ScriptFailed as failure:
            code, report = FAILED, f"{failure}; last line: {job.shown.last_line!r}"
        except FirmwareCrashed as crash:
            code, report = CRASHED, str(crash)
        except KeyboardInterrupt as interrupt:
            code, report = exit_code(interrupt), f"interrupted at {job.twin.time}"
        cpu = job.cpu
        frames = job.save()
        if code != DONE:
            print(f"twins: {report or job.why(code)}", file=sys.stderr)
        result = _result(job.twin, cpu, frames, code, job.began)
    if options.json:
        print(json.dumps(result))
    else:
        kind = "of CPU time" if job.twin.engine_name == "native" else f"on the engine {job.twin.engine_name}"
        mips = f", {result['mips']:.1f} MIPS" if result["mips"] is not None else ""
        print(
            f"{Duration(job.twin.now - job.began)} of virtual time in {cpu:.2f} s {kind}: "
            f"{result['rtf']:.2f} times real time{mips}",
            file=sys.stderr,
        )
    return code


def _result(twin: Twin, cpu: float, frames: dict[str, dict[str, str]], code: int, began: int) -> dict[str, Any]:
    """What an engine cannot tell is null."""
    virtual = (twin.now - began) / SECOND
    has = twin.capabilities
    instructions = twin.instructions if Capability.INSTRUCTIONS in has else None
    gaps = {name: gap.count for name, gap in twin.unimplemented.items()} if Capability.LEDGER in has else None
    return {
        "virtual_s": virtual,
        "cpu_s": cpu,
        "instructions": instructions,
        "mips": sum(instructions) / cpu / 1e6 if instructions is not None else None,
        "rtf": virtual / cpu,
        "trace_sha256": twin.trace.sha256 if Capability.TRACE in has else None,
        "unimplemented": gaps,
        "frames": frames,
        "exit": code,
        "engine": twin.engine_name,
    }


def _open_project(options: argparse.Namespace) -> Names:
    """Puts board and image of a project of Wokwi in their places; what its scenarios call the parts."""
    project = load_project(options.board)
    say_missing(project.missing, project.notes)
    options.board = project.board
    if options.image is None:
        options.image, options.elf = project.image, options.elf or project.elf
    return project.names


def _pair(text: str, option: str) -> tuple[str, str]:
    part, separator, path = text.partition("=")
    if not separator or not part or not path:
        raise UsageError(f"{option} {text!r}: expected PART=FILE, as in lcd=screen.png")
    return part, path
