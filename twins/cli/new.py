"""``twins new``: working templates for a board, a part or a test."""

from __future__ import annotations

import argparse
import importlib.util
import json
import keyword
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from twins.board import CHIPS, Board
from twins.cli.codes import DONE
from twins.errors import FirmwareCrashed, UsageError
from twins.files import check_writable, whole_file
from twins.twin import Twin

if TYPE_CHECKING:
    from twins.testing.builds import Build

TEMPLATES = Path(__file__).parent.parent / "templates"
KINDS = ("board", "part", "test")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add = parser.add_argument
    add("kind", choices=KINDS, help="what to write")
    add("name", metavar="NAME", help="its name: letters, digits and _")
    add("--dir", metavar="DIR", default=".", help="where the files go (the current folder)")
    add("--chip", choices=sorted(CHIPS), default="rp2040", help="of a board (rp2040)")
    add("--board", metavar="BOARD", help="of a test: a name or a .toml file (the one for the image's chip)")
    add("--image", metavar="IMAGE", help="of a test: the firmware (found by itself in a project that is built)")


def act(options: argparse.Namespace) -> int:
    """Writes the files; the exit code."""
    name = options.name
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or keyword.iskeyword(name):
        raise UsageError(f"{name!r} is no name: expected letters, digits and _, as in my_{options.kind}")
    folder = Path(options.dir)
    files = {"board": _board, "part": _part, "test": _test}[options.kind](options, folder)
    for path in files:
        if path.exists():
            raise UsageError(f"{path} is there already: give another name or --dir")
        check_writable(path)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as partial:
            partial.write_text(text, encoding="utf-8")
        print(path)
    return DONE


def _filled(template: str, words: Mapping[str, str]) -> str:
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text


def _board(options: argparse.Namespace, folder: Path) -> dict[Path, str]:
    return {folder / f"{options.name}.toml": _filled(f"{options.chip}.toml.txt", {"NAME": options.name})}


def _part(options: argparse.Namespace, folder: Path) -> dict[Path, str]:
    """A module of the name in small letters, and a class of it without the underscores."""
    module = options.name.lower()
    if module in sys.stdlib_module_names or importlib.util.find_spec(module) is not None:
        raise UsageError(f"there is a module {module!r} already: give the part another name")
    words = {"MODULE": module, "CLASS": _class_name(options.name)}
    return {
        folder / f"{module}.py": _filled("part.py.txt", words),
        folder / f"test_{module}.py": _filled("test_part.py.txt", words),
    }


def _class_name(name: str) -> str:
    """``fan_controller`` is FanController; a name with capitals keeps them."""
    return "".join(word[0].upper() + word[1:] for word in name.split("_") if word)


def _test(options: argparse.Namespace, folder: Path) -> dict[Path, str]:
    """A test of the firmware that expects the first line which it shows."""
    from twins.testing.builds import build_in, find_build

    name = options.name.removeprefix("test_")
    build = build_in(Path(options.image)) if options.image else find_build(folder.absolute())
    board = options.board or build.board
    if board.endswith(".toml"):
        Board.load(board)
        board = os.path.relpath(board, folder)
    marker = [f"board={_quoted(board)}"]
    if options.image:
        marker.append(f"image={_quoted(os.path.relpath(options.image, folder))}")
    line = _first_line(options.board or build.board, build)
    started = (
        f'\n\ndef test_it_starts(twin: Twin) -> None:\n    twin.console.expect_exact({_quoted(line)}, timeout="5s")\n'
    )
    words = {
        "NAME": name,
        "FILE": f"test_{name}.py",
        "MARKER": ", ".join(marker),
        "STARTS": started if line else "",
    }
    return {folder / f"test_{name}.py": _filled("test_firmware.py.txt", words)}


def _first_line(board: str, build: Build) -> str:
    """The first whole line that the firmware shows within two seconds; nothing where it is silent or crashes."""
    with Twin(board, build.image, elf=build.elf) as twin:
        with suppress(FirmwareCrashed):
            twin.run("2s")
        lines = [line.strip() for line in twin.console.text.splitlines()[:-1]]
    return next((line for line in lines if len(line) > 2 and line.isascii() and line.isprintable()), "")


def _quoted(text: str) -> str:
    return json.dumps(text)
