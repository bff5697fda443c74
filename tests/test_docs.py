"""Every code block of the documentation is run, in its page's order, as a reader would.

A page says in comments what it stands on and what is to become of a block:

``<!-- stage: firmware/images/idle.uf2 as firmware.uf2 -->``
    a file of the repository, in the page's folder
``<!-- build folder: firmware/images/jinny_lamp.bin as build -->``
    an image of the ESP32-S3, laid out as ESP-IDF does
``<!-- needs: micropython -->``
    the page's blocks from here on need MicroPython, which is built for the tests; it lies there as ``firmware.uf2``
``<!-- exit: 2 -->``
    the next block's last command ends so
``<!-- not run: why -->``
    the next block cannot be run

A block with a title is a file. Blocks in ``python`` and ``sh`` are run, and a ``text`` block behind one is what it
shows; a line ``...`` in it stands for any lines, within a line for any text.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import runpy
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.realimages import corpus
from twins.cli import main

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
WRITTEN = {"fidelity.md", "conformance.md", "changes.md"}
"""Made of other files, which are tested where they are."""
PAGES = sorted(
    path for path in DOCS.rglob("*.md") if path.name not in WRITTEN and path.parent.name not in ("records", "fidelity")
)
NOT_RUN = 10
"""How many blocks of all pages are not run, at the most."""
SHOWN = ("text",)
RUN = ("python", "sh")

_COMMENT = re.compile(r"^<!-- (?P<word>stage|build folder|needs|exit|not run): (?P<value>.+?) -->$")
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[a-z]*)(?: title=\"(?P<title>[^\"]+)\")?(?P<rest>.*)$")


@dataclass
class Block:
    """A block of code, and what is said of it."""

    line: int
    language: str
    title: str | None
    text: str
    exit: int = 0
    why_not: str | None = None


@dataclass
class Page:
    """What a page stands on, and its blocks in order."""

    stage: list[tuple[str, str]] = field(default_factory=list)
    folders: list[tuple[str, str]] = field(default_factory=list)
    needs: int | None = None
    blocks: list[Block] = field(default_factory=list)


def read(path: Path) -> Page:
    """A page taken apart."""
    page, said = Page(), {}
    lines = iter(enumerate(path.read_text(encoding="utf-8").splitlines(), 1))
    for number, line in lines:
        comment, fence = _COMMENT.match(line), _FENCE.match(line)
        if comment is not None:
            word, value = comment["word"], comment["value"]
            if word in ("stage", "build folder"):
                source, _, name = value.partition(" as ")
                (page.stage if word == "stage" else page.folders).append((source, name))
            elif word == "needs":
                page.needs = len(page.blocks)
            else:
                said[word] = value
        elif fence is not None:
            assert not fence["rest"], f'{path}:{number}: a fence is ```language or ```language title="file"'
            body = []
            for _, inner in lines:
                if inner.strip() == "```":
                    break
                body.append(inner.removeprefix(fence["indent"]))
            page.blocks.append(
                Block(
                    number,
                    fence["language"],
                    fence["title"],
                    "\n".join(body) + "\n",
                    int(said.pop("exit", "0")),
                    said.pop("not run", None),
                )
            )
        elif line.strip():
            assert not said, f"{path}:{number}: {said} stands before no block"
    return page


def shown_in(wanted: str, found: str) -> bool:
    """Does a text have these lines, with ``...`` for any?

    >>> shown_in("a\\n...\\nd 3...\\n", "a\\nb\\nc\\nd 345\\n"), shown_in("a\\nc\\n", "a\\nb\\nc\\n")
    (True, False)
    """
    lines = [
        r"(?:.*\n)*?" if line.strip() == "..." else ".*?".join(map(re.escape, line.rstrip().split("..."))) + r"[ \r]*\n"
        for line in wanted.splitlines()
    ]
    return re.search("^" + "".join(lines), found.rstrip() + "\n", re.MULTILINE) is not None


class Reader:
    """Somebody who follows a page in a folder of their own."""

    def __init__(self, folder: Path, path: Path) -> None:
        self.folder = folder
        self.path = path
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.output = ""
        commands = folder.parent / "commands"
        commands.mkdir()
        for name in ("twins", "pytest", "python"):
            command = commands / name
            words = {"python": "", "pytest": "-m pytest -p no:cacheprovider"}.get(name, "-m twins")
            command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
            command.chmod(command.stat().st_mode | stat.S_IXUSR)
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST")},
            "PATH": f"{commands}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "100",
        }

    def follow(self, block: Block) -> None:
        """Does what a block says."""
        where = f"{self.path}:{block.line}"
        if block.title is not None:
            file = self.folder / block.title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text)
        elif block.language == "python":
            shown = io.StringIO()
            with contextlib.redirect_stdout(shown):
                exec(compile("\n" * block.line + block.text, str(self.path), "exec"), self.names)
            self.output = shown.getvalue()
        elif block.language == "sh":
            done = subprocess.run(
                ["bash", "-e", "-o", "pipefail", "-c", block.text],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=120,
                check=False,
            )
            self.output = done.stdout
            assert done.returncode == block.exit, f"{where}: exit {done.returncode}, not {block.exit}\n{done.stdout}"
        elif block.language in SHOWN:
            assert shown_in(block.text, self.output), f"{where}: shown is\n{self.output}"


@pytest.fixture
def follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], tuple[Page, Reader]]:
    def prepare(path: Path) -> tuple[Page, Reader]:
        page = read(path)
        folder = tmp_path / "work"
        folder.mkdir()
        monkeypatch.chdir(folder)
        monkeypatch.delenv("CI", raising=False)
        for source, name in page.stage:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source, folder / name)
        for source, name in page.folders:
            runpy.run_path(str(ROOT / "tools" / "idf_build_folder.py"))["lay_out"](ROOT / source, folder / name)
        return page, Reader(folder, path.relative_to(ROOT))

    return prepare


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(DOCS).as_posix())
def test_what_a_page_says_works(path: Path, follow: Callable[[Path], tuple[Page, Reader]]) -> None:
    page, reader = follow(path)
    for number, block in enumerate(page.blocks):
        if number == page.needs:
            shutil.copy(corpus.micropython(), reader.folder / "firmware.uf2")
        if block.why_not is None:
            reader.follow(block)


def test_few_blocks_are_not_run_and_each_says_why() -> None:
    reasons = [
        f"{path.relative_to(ROOT)}:{block.line}: {block.why_not}"
        for path in PAGES
        for block in read(path).blocks
        if block.why_not is not None
    ]
    assert len(reasons) <= NOT_RUN, "\n".join(reasons)


def test_blocks_are_of_languages_that_are_run_or_shown_or_are_files() -> None:
    for path in PAGES:
        for block in read(path).blocks:
            assert block.title or block.language in (*RUN, *SHOWN), f"{path}:{block.line}: {block.language}"


def test_every_page_is_in_the_site() -> None:
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    listed = set(re.findall(r"([\w/-]+\.md)", nav))
    there = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if path.parent.name != "fidelity"}
    assert listed == there


ERRORS = DOCS / "guide" / "errors.md"
ROWS = re.findall(r"^\| `(twins .+?)` \| (.+) \| (\d+) \|$", ERRORS.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def bad_inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the files of the page of errors."""
    folder = tmp_path_factory.mktemp("errors") / "work"
    folder.mkdir()
    page = read(ERRORS)
    for source, name in page.stage:
        shutil.copy(ROOT / source, folder / name)
    Reader(folder, ERRORS).follow(page.blocks[0])
    return folder


@pytest.mark.parametrize(("command", "message", "code"), ROWS, ids=[row[0] for row in ROWS])
def test_each_bad_input_has_its_message_and_exit_code(
    command: str,
    message: str,
    code: str,
    bad_inputs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(bad_inputs)
    try:
        left = main(shlex.split(command)[1:])
    except SystemExit as exited:
        left = int(exited.code or 0)
    said = re.sub(r"^twins(?: \w+)?: (?:error: )?", "", capsys.readouterr().err, flags=re.MULTILINE)
    assert left == int(code)
    assert shown_in(message, said), said


def test_boards_and_parts_are_as_the_twins_have_them() -> None:
    gallery = runpy.run_path(str(ROOT / "tools" / "gallery.py"))
    assert sorted(gallery["behind"](DOCS)) == [], "docs are behind boards, parts or images: python tools/gallery.py"
