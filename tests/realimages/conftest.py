"""Twins with real images on them, booted once and forked for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.realimages import corpus
from twins import Twin

PROMPT = ">>> "


class MicroPython:
    """A MicroPython at its prompt. Scripts go through its raw REPL, as mpremote sends them."""

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self.console = twin.console

    def run(self, script: str, timeout: str = "5s") -> str:
        """What the script printed. An exception on the board is one here, with the board's traceback."""
        self.start(script)
        self.console.expect_exact("\x04", timeout=timeout)
        printed = self.console.before
        self.console.expect_exact("\x04>", timeout=timeout)
        traceback = self.console.before
        self.console.send("\x02")  # back to the friendly REPL
        self.console.expect_exact(PROMPT, timeout=timeout)
        assert not traceback, f"the script failed on the board:\n{traceback}"
        return str(printed).replace("\r\n", "\n")

    def start(self, script: str) -> None:
        """Start a script without waiting for its end."""
        self.console.send("\r\x03\x01")  # interrupt whatever runs, then raw REPL
        self.console.expect_exact("raw REPL; CTRL-B to exit\r\n>", timeout="2s")
        self.console.send(script + "\x04")
        self.console.expect_exact("OK", timeout="2s")


@pytest.fixture(scope="session")
def micropython_image() -> str:
    """Path of firmware.uf2, built from Debian's sources when that has not been done yet."""
    return str(corpus.micropython())


@pytest.fixture(scope="session")
def micropython_at_prompt(micropython_image: str) -> Iterator[Twin]:
    """A Pico that has booted MicroPython; tests fork it and leave this one alone."""
    with Twin("pico", image=micropython_image) as pico:
        pico.console.expect_exact(PROMPT, timeout="10s")
        yield pico


@pytest.fixture
def mpy(micropython_at_prompt: Twin) -> Iterator[MicroPython]:
    """A fresh MicroPython of the test's own."""
    with micropython_at_prompt.fork() as pico:
        yield MicroPython(pico)
