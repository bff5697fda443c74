"""The command ``twins``."""

from __future__ import annotations

import argparse
import json
import logging
import os
import select
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TextIO

from twins.cli.codes import UNREAD, USAGE
from twins.cli.interrupts import exit_code, terminable
from twins.errors import TwinError
from twins.versions import PACKAGE, version_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code.

    0 done; 1 ``--fail-on`` was seen or the script failed; 2 bad usage or image; 3 virtual time was over before
    ``--until``; 4 the firmware crashed; 130 interrupted and 143 ended by SIGTERM, with everything written that was
    asked for; 141 nobody reads any more what is printed.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        try:
            with terminable():
                return _carry_out(_parser(arguments).parse_args(arguments))
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


@dataclass(frozen=True)
class Command:
    """A command: what its help says, and the module of `twins.cli` that has its arguments and its act."""

    help: str
    example: str
    module: str
    description: str | None = None

    def fill(self, parser: argparse.ArgumentParser) -> None:
        """Loads the module, for the command that somebody has called."""
        module = import_module(f"twins.cli.{self.module}")
        module.add_arguments(parser)
        parser.set_defaults(act=module.act)


COMMANDS = {
    "boards": Command("the boards that come with the package", "twins boards", "boards"),
    "parts": Command("the parts that a board file can name", "twins parts; twins parts WS2812", "parts"),
    "info": Command("what a firmware image holds", "twins info firmware.uf2 --json", "info"),
    "run": Command(
        "run an image on a board, or a project of Wokwi",
        "twins run pico firmware.uf2 --until ready --uart log.txt; or a project of Wokwi: "
        "twins run my_project --scenario test.yaml; "
        "exit: 0 done, 1 --fail-on seen or the script failed, 2 bad usage or image, 3 time over before --until, "
        "4 firmware crashed, 130 interrupted",
        "run",
    ),
    "gdb": Command(
        "run an image on a board for a debugger",
        "twins gdb pico firmware.elf, then: gdb-multiarch firmware.elf -ex 'target remote :3333'",
        "gdb",
        description="Serves GDB's remote protocol on a port of this machine. The chip stands before its first "
        "instruction until a debugger has come; `kill` in gdb, or Ctrl-C here, ends it.",
    ),
    "view": Command(
        "a board in the browser: pictures, knobs, buttons, consoles",
        "twins view media_controller media_controller.uf2 --open",
        "view",
        description="Serves a page on this machine with what there is to see of the board and to do to it.",
    ),
    "resume": Command(
        "go on with a snapshot that a failed test has left",
        "twins resume out/twins/test_menu/test_it/snapshot.twin --for 1s --frame lcd=then.png",
        "resume",
        description="Goes on with a snapshot. Without anything else it says where the twin stands.",
    ),
    "import": Command(
        "make a board file of a project of Wokwi",
        "twins import wokwi my_project -o board.toml; exit: 0 done, 1 something is missing (--strict)",
        "imports",
        description="Makes a board file of a diagram.json. Parts and pins that there are not here are named in a list.",
    ),
    "new": Command(
        "write a working template: a board, a part or a test",
        "twins new board my_board --chip esp32s3; twins new part thermometer; "
        "twins new test menu --image build/app.uf2 --board my_board.toml",
        "new",
        description="Writes NAME.toml, NAME.py with test_NAME.py, or test_NAME.py. Nothing is written over.",
    ),
    "compare": Command(
        "run an image on several engines and say where they part",
        "twins compare media_controller media_controller.uf2 --engines native,native:slice=1; "
        "exit: 0 the same, 1 different, 2 bad usage or an engine that is not here",
        "compare",
        description="Runs an image on several engines, and says of consoles, pictures, buses, resets, registers and "
        "memory which event is the first that differs, with what was before it.",
    ),
    "doctor": Command(
        "what there is on this machine, and what it enables",
        "twins doctor; exit: 0 the native engine runs, 1 it does not",
        "doctor",
        description="Looks for engines, the boot ROM, compilers, debuggers and what else can be used, and says what "
        "each would enable. Nothing of it is needed but the native engine.",
    ),
    "diff": Command(
        "compare two pictures or videos",
        "twins diff expected.png actual.png --out wrong.png; exit: 0 the same, 1 different",
        "diff",
        description="Compares two pictures, or with --video two GIFs or MP4s frame by frame.",
    ),
}


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Knows all commands, and the arguments of the one that is called."""
    parser = argparse.ArgumentParser(
        prog="twins",
        description="Run the image that is flashed on the real board, with everything around the chip.",
        epilog="example: twins run media_controller media_controller.uf2 --until ready --frame lcd=screen.png",
    )
    parser.add_argument("--version", action="version", version=f"{PACKAGE} {version_of()}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        sub = commands.add_parser(
            name, help=command.help, description=command.description, epilog=f"example: {command.example}"
        )
        if name in arguments[:1]:
            command.fill(sub)
    return parser
