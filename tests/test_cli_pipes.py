"""What the command does when nobody reads what it prints: it ends quietly, as SIGPIPE ends the tools of POSIX.

128 + 13, the number of SIGPIPE, is what a shell shows of those (POSIX.1-2017, Shell and Utilities 2.8.2; signal.h).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from twins.cli import main

COMMAND = [sys.executable, "-m", "twins"]
FULL = Path("/dev/full")


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
@pytest.mark.parametrize(
    ("command", "both"),
    [
        ("parts", False),
        ("parts", True),
        ("run pico firmware/images/idle.uf2 --for 50ms", False),
        ("run pico firmware/images/idle.uf2 --for 50ms --json", True),
    ],
)
def test_a_reader_that_has_gone_ends_it_without_a_word(command: str, both: bool) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    errors = writing if both else subprocess.PIPE
    done = subprocess.run([*COMMAND, *command.split()], stdout=writing, stderr=errors, timeout=120, check=False)
    os.close(writing)
    assert done.returncode == 141
    # The line about speed is printed at the end, whoever reads the console.
    assert both or not [line for line in done.stderr.splitlines() if b"times real time" not in line]


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")
def test_output_that_cannot_be_written_is_said() -> None:
    with FULL.open("w") as full:
        done = subprocess.run([*COMMAND, "parts"], stdout=full, stderr=subprocess.PIPE, timeout=120, check=False)
    assert done.returncode == 2
    assert done.stderr.decode().endswith(": No space left on device\n")


def test_an_error_of_the_system_without_a_file_is_told_in_its_own_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("twins.cli.boards.act", fails)
    assert main(["boards"]) == 2
    assert capsys.readouterr().err == "twins: Broken pipe\n"
