"""The command ``twins``."""

from __future__ import annotations

import argparse
import json
import logging
import os
import select
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TextIO

from twins.board import boards
from twins.cli.compare import add_compare_arguments, compare
from twins.cli.diff import add_diff_arguments, diff
from twins.cli.doctor import add_doctor_arguments, doctor
from twins.cli.gdb import add_gdb_arguments, gdb
from twins.cli.imports import add_import_arguments, import_project
from twins.cli.info import info
from twins.cli.interrupts import exit_code, terminable
from twins.cli.new import add_new_arguments, new
from twins.cli.resume import add_resume_arguments, resume
from twins.cli.run import add_going_arguments, add_run_arguments, run
from twins.cli.view import add_view_arguments, view
from twins.errors import TwinError

DONE, FAILED, USAGE, TIME_OVER, CRASHED = 0, 1, 2, 3, 4
UNREAD = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code.

    0 done; 1 ``--fail-on`` was seen or the script failed; 2 bad usage or image; 3 virtual time was over before
    ``--until``; 4 the firmware crashed; 130 interrupted and 143 ended by SIGTERM, with everything written that was
    asked for; 141 nobody reads any more what is printed.
    """
    try:
        try:
            with terminable():
                return _carry_out(_parser().parse_args(arguments))
        finally:
            _flush(sys.stdout)
    except BrokenPipeError:
        # As of a program that SIGPIPE ended. What is still in a buffer goes nowhere, without a complaint of Python's.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            if _is_unread(stream):
                os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        return UNREAD
    except OSError as error:
        print(f"twins: cannot print: {error.strerror}", file=sys.stderr)
        return USAGE


def _flush(stream: TextIO | None) -> None:
    """Writes what was printed. There is no stream where the process was started without one."""
    if stream is not None:
        stream.flush()


def _is_unread(stream: TextIO | None) -> bool:
    """Is it a pipe whose reader has gone? A system without `poll` does not tell."""
    if stream is None or not hasattr(select, "poll"):
        return stream is not None
    ends = select.poll()
    try:
        ends.register(stream.fileno(), 0)
    except OSError:  # of a test, in memory
        return False
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in ends.poll(0))


def _carry_out(options: argparse.Namespace) -> int:
    as_json = getattr(options, "json", False)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
    log = logging.getLogger("twins")
    log.addHandler(handler)
    if "" not in sys.path:  # parts of one's own, which a board file names; last, so that no file there hides a module
        sys.path.append("")
    log.setLevel(logging.ERROR if as_json else logging.WARNING)
    try:
        code: int = options.act(options)
    except (TwinError, OSError) as error:
        if isinstance(error, BrokenPipeError) and (_is_unread(sys.stdout) or _is_unread(sys.stderr)):
            raise
        words = str(error)
        if isinstance(error, OSError) and error.strerror:
            words = f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror
        print(f"twins: {words}", file=sys.stderr)
        if as_json:
            print(json.dumps({"error": words, "exit": USAGE}))
        return USAGE
    except KeyboardInterrupt as interrupt:
        print("twins: interrupted", file=sys.stderr)
        return exit_code(interrupt)
    finally:
        log.removeHandler(handler)
    return code


def _version() -> str:
    try:
        return version("boardtwins")
    except PackageNotFoundError:
        return "not installed"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="twins",
        description="Run the image that is flashed on the real board, with everything around the chip.",
        epilog="example: twins run media_controller media_controller.uf2 --until ready --frame lcd=screen.png",
    )
    parser.add_argument("--version", action="version", version=f"boardtwins {_version()}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser(
        "boards", help="the boards that come with the package", epilog="example: twins boards"
    )
    listing.set_defaults(act=lambda _: _list_boards())

    parts = commands.add_parser("parts", help="the parts that a board file can name", epilog="example: twins parts")
    parts.set_defaults(act=lambda _: _list_parts())

    about = commands.add_parser(
        "info", help="what a firmware image holds", epilog="example: twins info firmware.uf2 --json"
    )
    about.add_argument("image", metavar="IMAGE", help=".uf2, .elf, .hex, .bin, a build folder, or 0x0=FILE,…")
    about.add_argument("--json", action="store_true", help="one JSON object")
    about.set_defaults(act=info)

    running = commands.add_parser(
        "run",
        help="run an image on a board, or a project of Wokwi",
        epilog="example: twins run pico firmware.uf2 --until ready --uart log.txt; or a project of Wokwi: "
        "twins run my_project --scenario test.yaml; "
        "exit: 0 done, 1 --fail-on seen or the script failed, 2 bad usage or image, 3 time over before --until, "
        "4 firmware crashed, 130 interrupted",
    )
    add_run_arguments(running)
    running.set_defaults(act=run)

    debugging = commands.add_parser(
        "gdb",
        help="run an image on a board for a debugger",
        description="Serves GDB's remote protocol on a port of this machine. The chip stands before its first "
        "instruction until a debugger has come; `kill` in gdb, or Ctrl-C here, ends it.",
        epilog="example: twins gdb pico firmware.elf, then: gdb-multiarch firmware.elf -ex 'target remote :3333'",
    )
    add_gdb_arguments(debugging)
    debugging.set_defaults(act=gdb)

    viewing = commands.add_parser(
        "view",
        help="a board in the browser: pictures, knobs, buttons, consoles",
        description="Serves a page on this machine with what there is to see of the board and to do to it.",
        epilog="example: twins view media_controller media_controller.uf2 --open",
    )
    add_view_arguments(viewing)
    viewing.set_defaults(act=view)

    resuming = commands.add_parser(
        "resume",
        help="go on with a snapshot that a failed test has left",
        description="Goes on with a snapshot. Without anything else it says where the twin stands.",
        epilog="example: twins resume out/twins/test_menu/test_it/snapshot.twin --for 1s --frame lcd=then.png",
    )
    add_resume_arguments(resuming)
    add_going_arguments(resuming)
    resuming.set_defaults(act=resume)

    importing = commands.add_parser(
        "import",
        help="make a board file of a project of Wokwi",
        description="Makes a board file of a diagram.json. Parts and pins that there are not here are named in a list.",
        epilog="example: twins import wokwi my_project -o board.toml; exit: 0 done, 1 something is missing (--strict)",
    )
    add_import_arguments(importing)
    importing.set_defaults(act=import_project)

    writing = commands.add_parser(
        "new",
        help="write a working template: a board, a part or a test",
        description="Writes NAME.toml, NAME.py with test_NAME.py, or test_NAME.py. Nothing is written over.",
        epilog="example: twins new board my_board --chip esp32s3; twins new part thermometer; "
        "twins new test menu --image build/app.uf2 --board my_board.toml",
    )
    add_new_arguments(writing)
    writing.set_defaults(act=new)

    opinions = commands.add_parser(
        "compare",
        help="run an image on several engines and say where they part",
        description="Runs an image on several engines, and says of consoles, pictures, buses, resets, registers and "
        "memory which event is the first that differs, with what was before it.",
        epilog="example: twins compare media_controller media_controller.uf2 --engines native,native:slice=1; "
        "exit: 0 the same, 1 different, 2 bad usage or an engine that is not here",
    )
    add_compare_arguments(opinions)
    opinions.set_defaults(act=compare)

    examining = commands.add_parser(
        "doctor",
        help="what there is on this machine, and what it enables",
        description="Looks for engines, the boot ROM, compilers, debuggers and what else can be used, and says what "
        "each would enable. Nothing of it is needed but the native engine.",
        epilog="example: twins doctor; exit: 0 the native engine runs, 1 it does not",
    )
    add_doctor_arguments(examining)
    examining.set_defaults(act=doctor)

    comparing = commands.add_parser(
        "diff",
        help="compare two pictures or videos",
        description="Compares two pictures, or with --video two GIFs or MP4s frame by frame.",
        epilog="example: twins diff expected.png actual.png --out wrong.png; exit: 0 the same, 1 different",
    )
    add_diff_arguments(comparing)
    comparing.set_defaults(act=diff)
    return parser


def _list_boards() -> int:
    for board in boards():
        parts = ", ".join(f"{name} ({part.type})" for name, part in board.parts.items()) or "no parts"
        print(f"{board.name:20} {board.chip.name:10} {board.title}; {parts}")
    return DONE


def _list_parts() -> int:
    import peripherals

    for name in sorted(peripherals.__all__):
        part = getattr(peripherals, name)
        pins = {pin: needed for port in part.ports().values() for pin, needed in port.pin_names().items()}
        pin_names = ", ".join(pin if needed else f"[{pin}]" for pin, needed in pins.items())
        print(f"{name:16} {(part.__doc__ or '').strip().splitlines()[0]} Pins: {pin_names}")
    return DONE
